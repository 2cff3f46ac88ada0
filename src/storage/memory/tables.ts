/** What the in-memory store holds. Every write costs what is written, never what is stored. */
import type { ApiKeyRecord, SubscriptionRecord, TenantRecord } from '../control.ts';
import type {
  AttemptRecord,
  DeliveryRecord,
  EventRecord,
  ExistingEvent,
  JournalState,
} from '../journal.ts';

/** Outlives the store opened over it, as a file outlives a process. */
export class MemoryData {
  readonly journal = new JournalTables();
  readonly control = new ControlTables();
}

interface HeldKey {
  readonly sequence: number;
  readonly fingerprint: Uint8Array;
}

export class ControlTables {
  readonly tenants = new Map<string, TenantRecord>();
  readonly subscriptions = new Map<number, SubscriptionRecord>();
  readonly apiKeys = new Map<number, ApiKeyRecord>();
  lastSubscriptionNumber = 0;
}

export class JournalTables {
  readonly #events = new Map<number, EventRecord>();
  /** Of all events, rising once `#sorted`. */
  readonly #sequences: number[] = [];
  #sorted = true;
  #lastSequence = 0;
  #lowWaterMark = 0;
  readonly #keys = new Map<string, HeldKey>();
  readonly #deliveries = new Map<string, DeliveryRecord>();
  /** Those deliveries that have a next attempt. */
  readonly #waiting = new Map<string, DeliveryRecord>();
  readonly #attempts = new Map<string, AttemptRecord[]>();

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

  key(name: string): HeldKey | undefined {
    return this.#keys.get(name);
  }

  holdKey(name: string, key: HeldKey): void {
    this.#keys.set(name, key);
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

  putDelivery(row: DeliveryRecord): void {
    const key = pair(row.sequence, row.subscription);
    this.#deliveries.set(key, row);
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

/** The name of a dedupe key: unique by tenant and hash. */
export function keyName(tenant: number, hash: Uint8Array): string {
  return `${tenant}/${Buffer.from(hash).toString('hex')}`;
}

export function existingEvent(event: EventRecord, fingerprint: Uint8Array): ExistingEvent {
  const { sequence, createdAt, customId, eventType, matched } = event;
  return { sequence, createdAt, customId, eventType, matchedCount: matched.length, fingerprint };
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
