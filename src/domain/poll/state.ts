/**
 * What is remembered of one resource between polls, as JSON text in the store.
 *
 * `outbox` makes a change exactly one event: it is written together with the fingerprints that the
 * change led to, before anything is published, and emptied after. Whoever finds it full publishes
 * it again under the same dedupe material, which is a duplicate if it was published before.
 */
import type { ThresholdSide } from './threshold.ts';

export interface OutboxEvent {
  /** Dedupe material: resource, number of the change, fingerprint. */
  readonly key: string;
  readonly eventType: string;
  /** JSON text. */
  readonly data: string;
}

export interface SeenItem {
  readonly fingerprint: string;
  /** The value as JSON text while it is small. */
  readonly value?: string;
  readonly side?: ThresholdSide;
  /** The last number that a threshold saw. */
  readonly number?: number;
}

export interface ResourceState {
  /** `PollSettings.basis` that `items` were seen with; null before the first look. */
  readonly basis: string | null;
  /** By id of the item; of a single value under the empty text. */
  readonly items: ReadonlyMap<string, SeenItem>;
  /** Changes so far: makes a value that comes back another event. */
  readonly version: number;
  readonly outbox: readonly OutboxEvent[];
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Now in force, seconds; null before the first poll. */
  readonly intervalSeconds: number | null;
  /** Instants, wall clock, milliseconds. */
  readonly nextPollAt: number | null;
  readonly lastPollAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastChangeAt: number | null;
  readonly failures: number;
  readonly result: PollResultKind | null;
  /** Of a failure, for a person. */
  readonly reason: string | null;
}

export const POLL_RESULTS = ['first', 'unchanged', 'not_modified', 'changed', 'failed'] as const;
export type PollResultKind = (typeof POLL_RESULTS)[number];

export const NEW_RESOURCE: ResourceState = {
  basis: null,
  items: new Map(),
  version: 0,
  outbox: [],
  etag: null,
  lastModified: null,
  intervalSeconds: null,
  nextPollAt: null,
  lastPollAt: null,
  lastSuccessAt: null,
  lastChangeAt: null,
  failures: 0,
  result: null,
  reason: null,
};

export function writeState(state: ResourceState): string {
  return JSON.stringify({ ...state, items: [...state.items] });
}

/** @returns undefined for text that no version of Bellwire wrote. */
export function readState(text: string): ResourceState | undefined {
  const stored: unknown = parse(text);
  if (typeof stored !== 'object' || stored === null || !('items' in stored)) return undefined;
  if (!Array.isArray(stored.items)) return undefined;
  const items = new Map<string, SeenItem>(stored.items);
  return { ...NEW_RESOURCE, ...stored, items };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
