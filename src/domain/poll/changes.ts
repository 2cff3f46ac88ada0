/**
 * From what was seen before and what is seen now to what happened in between. Pure: the same two
 * looks always give the same events under the same keys.
 */
import { MAX_POLL_VALUE_BYTES, MAX_REMEMBERED_VALUE_BYTES } from '../limits-poll.ts';
import { fingerprint } from './fingerprint.ts';
import type { ChangeKind, PollEmit, PollResource, PollSettings } from './settings.ts';
import type { OutboxEvent, ResourceState, SeenItem } from './state.ts';
import { observe } from './threshold.ts';

/** One value that was selected. */
export interface Observed {
  readonly value: unknown;
  /** What a threshold looks at; null where there is none. */
  readonly number: number | null;
}

export interface Look {
  readonly settings: PollSettings;
  readonly resource: PollResource;
  readonly state: ResourceState;
  /** By id of the item; a single value under the empty text. */
  readonly observed: ReadonlyMap<string, Observed>;
  /** ISO 8601. */
  readonly observedAt: string;
}

export interface Findings {
  readonly items: ReadonlyMap<string, SeenItem>;
  readonly version: number;
  readonly events: readonly OutboxEvent[];
  /** False when there was nothing to compare with. */
  readonly isFirst: boolean;
  /** Something is different, whether or not it makes an event. */
  readonly hasChanged: boolean;
}

export function compare(look: Look): Findings {
  const { settings, state, observed } = look;
  const isFirst = state.basis !== settings.basis;
  const known: ReadonlyMap<string, SeenItem> = isFirst ? new Map() : state.items;
  const items = new Map<string, SeenItem>();
  const news = new News(look, isFirst);
  for (const [id, { value, number }] of observed) {
    const former = known.get(id);
    const print = fingerprint(value);
    const isSame = former?.fingerprint === print;
    items.set(id, isSame ? former : news.add(id, { former, value, number, print }));
  }
  for (const [id, former] of known) if (!observed.has(id)) news.removed(id, former);
  return { items, version: news.version, events: news.events, isFirst, hasChanged: news.any };
}

interface Different {
  readonly former: SeenItem | undefined;
  readonly value: unknown;
  readonly number: number | null;
  readonly print: string;
}

/** Collects the events of one look. */
class News {
  readonly events: OutboxEvent[] = [];
  version: number;
  any = false;
  readonly #look: Look;
  readonly #isFirst: boolean;

  constructor(look: Look, isFirst: boolean) {
    this.#look = look;
    this.#isFirst = isFirst;
    this.version = look.state.version;
  }

  add(id: string, different: Different): SeenItem {
    const { emit } = this.#look.settings;
    this.any = true;
    return emit.kind === 'change'
      ? this.#change(id, different)
      : this.#threshold(id, different, emit);
  }

  removed(id: string, { fingerprint: print, value, side }: SeenItem): void {
    const { emit } = this.#look.settings;
    this.any = true;
    const previous = value === undefined ? {} : { previous: JSON.parse(value) as unknown };
    if (emit.kind === 'change') this.#tell('removed', id, print, { ...previous });
    // An item that is gone is over no line any more.
    else if (side === 'crossed' && emit.tellsClear) {
      this.#crossing('cleared', id, print, { condition: conditionOf(emit), number: null });
    }
  }

  #change(id: string, { former, value, print }: Different): SeenItem {
    const text = JSON.stringify(value) ?? 'null';
    const kind: ChangeKind = former === undefined ? 'added' : 'changed';
    const previous =
      former?.value === undefined ? {} : { previous: JSON.parse(former.value) as unknown };
    this.#tell(kind, id, print, { ...shown('value', value, text), ...previous });
    // Of a list only fingerprints are kept, or its state might grow as large as the list.
    const isKept = this.#look.settings.itemId === null;
    return isKept ? remembered(print, text) : { fingerprint: print };
  }

  #tell(kind: ChangeKind, id: string, print: string, rest: object): void {
    const { emit, isFirstNews } = this.#look.settings;
    if (emit.kind !== 'change' || !emit.kinds.includes(kind)) return;
    if (this.#isFirst && !isFirstNews) return;
    this.#push(kind, id, print, { change: kind, ...rest });
  }

  #threshold(
    id: string,
    { former, value, number, print }: Different,
    emit: Extract<PollEmit, { kind: 'threshold' }>,
  ): SeenItem {
    // Items without a number are not judged; what was known of them stays.
    if (number === null) return { ...former, fingerprint: print };
    const { side, edge } = observe(emit.threshold, former?.side ?? null, number);
    const isNews = edge !== null && (edge === 'crossed' || emit.tellsClear);
    if (isNews && (!this.#isFirst || this.#look.settings.isFirstNews)) {
      const text = JSON.stringify(value) ?? 'null';
      const before = former?.number === undefined ? {} : { previous_number: former.number };
      const fields = { condition: conditionOf(emit), number, ...before };
      this.#crossing(edge, id, print, { ...fields, ...shown('value', value, text) });
    }
    return { fingerprint: print, side, number };
  }

  #crossing(edge: 'crossed' | 'cleared', id: string, print: string, fields: object): void {
    this.#push(`threshold_${edge}`, id, print, { threshold: edge, ...fields });
  }

  #push(kind: string, id: string, print: string, fields: object): void {
    const { resource, settings, observedAt } = this.#look;
    this.version += 1;
    const item = settings.itemId === null ? {} : { item_id: id };
    const vars = Object.keys(resource.vars).length === 0 ? {} : { vars: resource.vars };
    this.events.push({
      key: JSON.stringify([resource.name, this.version, id, print]),
      eventType: settings.eventType ?? `poll.${kind}`,
      data: JSON.stringify({
        resource: resource.name,
        ...vars,
        ...item,
        ...fields,
        observed_at: observedAt,
      }),
    });
  }
}

/** Large values are left out, and the event says so: it must fit its limit whatever is polled. */
function shown(name: string, value: unknown, text: string): object {
  return Buffer.byteLength(text) <= MAX_POLL_VALUE_BYTES
    ? { [name]: value }
    : { [name]: null, [`${name}_omitted`]: `larger than ${MAX_POLL_VALUE_BYTES} bytes` };
}

function remembered(print: string, text: string): SeenItem {
  return text.length <= MAX_REMEMBERED_VALUE_BYTES
    ? { fingerprint: print, value: text }
    : { fingerprint: print };
}

function conditionOf({ path, threshold }: Extract<PollEmit, { kind: 'threshold' }>): object {
  const { op, value, hysteresis } = threshold;
  return { path, op, value, hysteresis };
}
