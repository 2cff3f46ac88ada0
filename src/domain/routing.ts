/**
 * Which subscriptions hear an event type. Patterns are compiled into a tree of segments when
 * subscriptions change; an event then costs one look-up in a memo.
 *
 * Operational events (`bellwire.…`) are matched only by patterns whose first segment is literally
 * `bellwire`. Whoever subscribes to `**` wants their own events: news about the platform would
 * surprise them, and a receiver that fails on such news would cause more of it, in a loop.
 */
import { OPERATIONAL_SEGMENT } from './event-type.ts';

export { checkEventType, checkEventTypePattern, isOperationalEventType } from './event-type.ts';

/** How many event types a snapshot remembers the answer for. */
export const MAX_REMEMBERED_EVENT_TYPES = 10_000;

export interface RouteEntry<T> {
  /** Patterns that passed `checkEventTypePattern`. */
  readonly patterns: readonly string[];
  readonly value: T;
}

export interface Routes<T> {
  /**
   * The values whose patterns match, each once, in the order they were given. The array is shared
   * with later calls and frozen.
   */
  match(eventType: string): readonly T[];
}

interface Node {
  /** Entries whose pattern ends here. */
  readonly ends: number[];
  /** Entries whose pattern goes on with `**`. */
  readonly deep: number[];
  readonly literal: Map<string, Node>;
  any: Node | undefined;
}

/** Compiles an immutable snapshot; build a new one when a subscription changes. */
export function compileRoutes<T>(entries: readonly RouteEntry<T>[]): Routes<T> {
  const root = createNode();
  for (const [index, entry] of entries.entries()) {
    for (const pattern of entry.patterns) insert(root, pattern, index);
  }
  const values = entries.map((entry) => entry.value);
  const memo = new RecentMap<readonly T[]>(MAX_REMEMBERED_EVENT_TYPES);
  return {
    match(eventType) {
      const known = memo.get(eventType);
      if (known !== undefined) return known;
      const indexes = [...lookUp(root, eventType)].toSorted((a, b) => a - b);
      const matched = Object.freeze(indexes.flatMap((index) => values.slice(index, index + 1)));
      memo.set(eventType, matched);
      return matched;
    },
  };
}

/** A test whether one of the patterns matches an event type. */
export function compilePatterns(patterns: readonly string[]): (eventType: string) => boolean {
  const root = createNode();
  for (const pattern of patterns) insert(root, pattern, 0);
  return (eventType) => lookUp(root, eventType).size > 0;
}

function createNode(): Node {
  return { ends: [], deep: [], literal: new Map(), any: undefined };
}

function insert(root: Node, pattern: string, index: number): void {
  let node = root;
  for (const segment of pattern.split('.')) {
    if (segment === '**') {
      node.deep.push(index);
      return;
    }
    node = segment === '*' ? (node.any ??= createNode()) : literalChild(node, segment);
  }
  node.ends.push(index);
}

function literalChild(node: Node, segment: string): Node {
  let child = node.literal.get(segment);
  if (child === undefined) {
    child = createNode();
    node.literal.set(segment, child);
  }
  return child;
}

function lookUp(root: Node, eventType: string): Set<number> {
  const segments = eventType.split('.');
  const found = new Set<number>();
  let level: Node[] = [root];
  for (const [depth, segment] of segments.entries()) {
    const literalOnly = depth === 0 && segment === OPERATIONAL_SEGMENT;
    const next: Node[] = [];
    for (const node of level) {
      const child = node.literal.get(segment);
      if (child !== undefined) next.push(child);
      if (literalOnly) continue;
      for (const index of node.deep) found.add(index);
      if (node.any !== undefined) next.push(node.any);
    }
    level = next;
  }
  for (const node of level) for (const index of node.ends) found.add(index);
  return found;
}

/**
 * A map that keeps about the most recently used keys: two generations, and the older one is dropped
 * when the younger is full. A hit in the younger costs one look-up and moves nothing.
 */
class RecentMap<V> {
  readonly #generationSize: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(capacity: number) {
    this.#generationSize = capacity / 2;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
