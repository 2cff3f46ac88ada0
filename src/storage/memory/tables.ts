/** What the in-memory store holds. Every write costs what is written, never what is stored. */
import type {
  ApiKeyRecord,
  EventTypeRecord,
  SourceRecord,
  SubscriptionRecord,
  TenantRecord,
} from '../control.ts';
import type { AttemptRecord, DeliveryRecord, EventRecord, JournalState } from '../journal.ts';
import type { InboundRecord } from '../inbound.ts';
import type { PollStateRow } from '../poll-state.ts';
import type { ReplayRecord } from '../replays.ts';
import { InboxTables } from './inbox.ts';
import { dayOf, storedBytes, type DayUsage } from '../tenant-data.ts';
import { InboundTable } from './inbound-table.ts';
import { KeyTable } from './keys.ts';

/** Outlives the store opened over it, as a file outlives a process. */
export class MemoryData {
  readonly journal = new JournalTables();
  readonly control = new ControlTables();
  /** By number. */
  readonly replays = new Map<number, ReplayRecord>();
  lastReplayNumber = 0;
  /** By source, then by resource. */
  readonly pollStates = new Map<number, Map<string, PollStateRow>>();
  readonly inboxes = new InboxTables();
}

export class ControlTables {
  readonly tenants = new Map<string, TenantRecord>();
  readonly subscriptions = new Map<number, SubscriptionRecord>();
  readonly sources = new Map<number, SourceRecord>();
  readonly apiKeys = new Map<number, ApiKeyRecord>();
  readonly eventTypes = new Map<string, EventTypeRecord>();
  catalogueSettings: string | null = null;
  lastTenantNumber = 0;
  lastSubscriptionNumber = 0;
  lastSourceNumber = 0;
  lastApiKeyNumber = 0;
}

export class JournalTables {
  readonly inbound = new InboundTable();
  readonly keys = new KeyTable();
  readonly #events = new Map<number, EventRecord>();
  /** Of all events, rising once `#sorted`. */
  #sequences: number[] = [];
  #sorted = true;
  #lastSequence = 0;
  #lowWaterMark = 0;
  readonly #deliveries = new Map<string, DeliveryRecord>();
  /** Subscriptions with a delivery row, by event. */
  readonly #bySequence = new Map<number, Set<number>>();
  /** Those deliveries that have a next attempt. */
  readonly #waiting = new Map<string, DeliveryRecord>();
  readonly #attempts = new Map<string, AttemptRecord[]>();
  /** By tenant, then by day. */
  readonly #usage = new Map<number, Map<number, DayUsage>>();

  get state(): JournalState {
    return { lastSequence: this.#lastSequence, lowWaterMark: this.#lowWaterMark };
  }

  event(sequence: number): EventRecord | undefined {
    return this.#events.get(sequence);
  }

  addEvent(event: EventRecord): void {
    this.#events.set(event.sequence, event);
    this.#sequences.push(event.sequence);
    if (event.sequence < this.#lastSequence) this.#sorted = false;
    this.#lastSequence = Math.max(this.#lastSequence, event.sequence);
    this.#count(event, 1);
  }

  addInbound(record: InboundRecord): void {
    this.inbound.add(record);
    if (record.sequence < this.#lastSequence) this.#sorted = false;
    this.#lastSequence = Math.max(this.#lastSequence, record.sequence);
  }

  #count(event: EventRecord, sign: 1 | -1): void {
    const days = this.#usage.get(event.tenant) ?? new Map<number, DayUsage>();
    const day = dayOf(event.createdAt);
    const { events, bytes } = days.get(day) ?? { events: 0, bytes: 0 };
    const held = storedBytes(event.body.length, event.metadata);
    const now = { day, events: events + sign, bytes: bytes + sign * held };
    if (now.events === 0) days.delete(day);
    else days.set(day, now);
    this.#usage.set(event.tenant, days);
  }

  usage(tenant: number): readonly DayUsage[] {
    const days = this.#usage.get(tenant)?.values() ?? [];
    return Array.from(days).toSorted((a, b) => a.day - b.day);
  }

  /**
   * Takes out at most `limit` events of a tenant with all that came of them; once there are none,
   * whatever else is the tenant's. @returns how many rows that were.
   */
  erase(tenant: number, limit: number): number {
    const events = [...this.#events.values()].filter((event) => event.tenant === tenant);
    const taken = new Set(events.slice(0, limit).map(({ sequence }) => sequence));
    if (taken.size > 0) {
      for (const sequence of taken) this.#removeEvent(sequence);
      this.#sequences = this.#sequences.filter((sequence) => !taken.has(sequence));
      return taken.size;
    }
    let rows = this.#usage.delete(tenant) ? 1 : 0;
    rows += this.keys.erase(tenant);
    for (const { sequence, tenant: owner } of this.#deliveries.values()) {
      if (owner !== tenant) continue;
      this.#removeEvent(sequence);
      rows += 1;
    }
    return rows;
  }

  /**
   * Takes events out with all that belongs to them, and counts the usage down.
   * @param keysKeptSince see `RemovalOrder`.
   */
  removeOld(sequences: ReadonlySet<number>, keysKeptSince: number): void {
    for (const sequence of sequences) {
      const event = this.#events.get(sequence);
      if (event !== undefined) {
        this.#count(event, -1);
        this.keys.leave(event, event.source !== null && event.createdAt >= keysKeptSince);
      }
      this.#removeEvent(sequence);
    }
    this.#sequences = this.#sequences.filter((sequence) => !sequences.has(sequence));
  }

  #removeEvent(sequence: number): void {
    const subscriptions = [
      ...(this.#events.get(sequence)?.matched ?? []),
      ...this.subscriptionsOf(sequence),
    ];
    for (const subscription of subscriptions) {
      const key = pair(sequence, subscription);
      this.#deliveries.delete(key);
      this.#waiting.delete(key);
      this.#attempts.delete(key);
    }
    this.#bySequence.delete(sequence);
    this.#events.delete(sequence);
  }

  /** Events with `after < sequence`, oldest first. */
  *eventsAfter(after: number): Generator<EventRecord> {
    const sequences = this.#inOrder();
    for (let index = firstAbove(sequences, after); index < sequences.length; index += 1) {
      const event = this.#events.get(sequences[index] ?? 0);
      if (event !== undefined) yield event;
    }
  }

  /** Events with `sequence ≤ upTo`, newest first. */
  *eventsDownFrom(upTo: number): Generator<EventRecord> {
    const sequences = this.#inOrder();
    for (let index = firstAbove(sequences, upTo) - 1; index >= 0; index -= 1) {
      const event = this.#events.get(sequences[index] ?? 0);
      if (event !== undefined) yield event;
    }
  }

  #inOrder(): readonly number[] {
    if (!this.#sorted) this.#sequences.sort((a, b) => a - b);
    this.#sorted = true;
    return this.#sequences;
  }

  delivery(sequence: number, subscription: number): DeliveryRecord | undefined {
    return this.#deliveries.get(pair(sequence, subscription));
  }

  deliveries(): Iterable<DeliveryRecord> {
    return this.#deliveries.values();
  }

  waiting(): Iterable<DeliveryRecord> {
    return this.#waiting.values();
  }

  subscriptionsOf(sequence: number): Iterable<number> {
    return this.#bySequence.get(sequence) ?? [];
  }

  putDelivery(row: DeliveryRecord): void {
    const key = pair(row.sequence, row.subscription);
    this.#deliveries.set(key, row);
    const ofEvent = this.#bySequence.get(row.sequence);
    if (ofEvent === undefined) this.#bySequence.set(row.sequence, new Set([row.subscription]));
    else ofEvent.add(row.subscription);
    if (row.nextAttemptAt === null) this.#waiting.delete(key);
    else this.#waiting.set(key, row);
  }

  attempts(sequence: number, subscription: number): readonly AttemptRecord[] {
    return this.#attempts.get(pair(sequence, subscription)) ?? [];
  }

  /** Keeps the first of an attempt that comes again. */
  addAttempt(attempt: AttemptRecord): void {
    const key = pair(attempt.sequence, attempt.subscription);
    const known = this.#attempts.get(key);
    if (known === undefined) this.#attempts.set(key, [attempt]);
    else if (!known.some(({ number }) => number === attempt.number)) known.push(attempt);
  }

  raiseLowWaterMark(to: number): void {
    this.#lowWaterMark = Math.max(this.#lowWaterMark, to);
  }
}

function pair(sequence: number, subscription: number): string {
  return `${sequence}/${subscription}`;
}

/** Index of the first number above the bound in a rising list. */
function firstAbove(rising: readonly number[], bound: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
