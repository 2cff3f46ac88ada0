/** Watches a run and says when a promise is broken. It reads the disk, never the engine. */
import { isFinal, type DeliveryState } from '../../src/domain/delivery-state.ts';
import type { AttemptJob } from '../../src/destinations/destination.ts';
import type { DeliveryRecord, JournalBatch, JournalStore } from '../../src/storage/journal.ts';
import type { MemoryData } from '../../src/storage/memory/store.ts';
import { isTaken, type SeenAttempt } from '../../src/testing/simulated-network.ts';
import { pairKey, type Ledger } from './ledger.ts';
import { wrapJournal } from '../../src/testing/wrap-journal.ts';

/** What the oracle remembers of one delivery. */
export interface Watched {
  readonly sequence: number;
  readonly subscription: number;
  readonly attempts: SeenAttempt[];
  /** Attempts that the disk knew nothing of when their process died. */
  readonly cutOff: Set<SeenAttempt>;
  /** Number of the last attempt of the running process; 0 before its first. */
  lastNumber: number;
  durable: { status: DeliveryState; attempts: number } | undefined;
}

interface Options {
  readonly data: MemoryData;
  readonly ledger: Ledger;
  readonly note: (line: string) => void;
}

export class Oracle {
  readonly violations: string[] = [];
  readonly watched = new Map<string, Watched>();
  readonly #options: Options;
  readonly #idOf = new Map<number, string>();
  readonly #sequenceOf = new Map<string, number>();
  /** Sequences of stored events by ordering key. */
  readonly #ordered = new Map<string | null, number[]>();
  #checkedMark = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  broken(what: string): void {
    this.violations.push(what);
  }

  // While it runs

  attemptStarts(job: AttemptJob): void {
    const { sequence, subscription, attemptNumber } = job;
    const name = pairKey(sequence, subscription.number);
    const { ledger } = this.#options;
    this.#checkIdentity(job);
    const status = ledger.subscriptions.get(subscription.number)?.status;
    if (status !== 'active')
      this.broken(`${name} is attempted while its subscription is ${status}`);
    if (ledger.asked(sequence, subscription.number).confirmedCancel) {
      this.broken(`${name} is attempted after it was cancelled`);
    }
    if (subscription.ordered) this.#checkOrder(job);
    const watched = this.#watch(sequence, subscription.number);
    const stored = this.#storedAttempts(watched);
    const expected = Math.max(stored, watched.lastNumber) + 1;
    if (attemptNumber !== expected) {
      this.broken(`${name}: attempt ${attemptNumber} where ${expected} is next`);
    }
    watched.lastNumber = attemptNumber;
  }

  /**
   * On an ordered subscription nothing is attempted before what comes before it is over. Replayed
   * deliveries keep that order among themselves, and live ones among themselves.
   */
  #checkOrder({ sequence, subscription: { number } }: AttemptJob): void {
    const { journal } = this.#options.data;
    const key = journal.event(sequence)?.orderingKey ?? null;
    const isReplayed = this.#isReplayed(sequence, number);
    for (const before of this.#ordered.get(key) ?? []) {
      if (before >= sequence || this.#isReplayed(before, number) !== isReplayed) continue;
      if (!isReplayed && journal.event(before)?.matched.includes(number) !== true) continue;
      const { status, attempts } = this.stateOf(before, number);
      const isScheduled = status === 'waiting' && attempts === 0;
      if (isFinal(status) || isScheduled) continue;
      this.broken(`${pairKey(sequence, number)} overtakes ${before}, which is ${status}`);
    }
  }

  #isReplayed(sequence: number, subscription: number): boolean {
    const row = this.#options.data.journal.delivery(sequence, subscription);
    return row !== undefined && row.replay !== null;
  }

  attemptSeen(seen: SeenAttempt): void {
    this.#watch(seen.job.sequence, seen.job.subscription.number).attempts.push(seen);
  }

  #checkIdentity({ sequence, eventId, body }: AttemptJob): void {
    const stored = this.#options.data.journal.event(sequence);
    if (stored === undefined) return this.broken(`${sequence} is sent but not stored`);
    if (Buffer.compare(stored.body, body) !== 0) this.broken(`${sequence}: the bytes changed`);
    const id = this.#idOf.get(sequence) ?? eventId;
    const known = this.#sequenceOf.get(eventId) ?? sequence;
    if (id !== eventId || known !== sequence) this.broken(`${sequence}: its id changed`);
    if (!Buffer.from(body).toString().startsWith(`{"webhook_id":"${eventId}"`)) {
      this.broken(`${sequence}: the body names another id than ${eventId}`);
    }
    this.#idOf.set(sequence, eventId);
    this.#sequenceOf.set(eventId, sequence);
  }

  /** Sees each commit as the disk makes it. */
  disk(journal: JournalStore): JournalStore {
    const commit = async (batch: JournalBatch) => {
      const refused = await journal.commit(batch);
      this.#committed(batch);
      return refused;
    };
    return wrapJournal(journal, { commit });
  }

  #committed(batch: JournalBatch): void {
    const { events, attempts, deliveries } = batch;
    this.#options.note(
      `commit ${events.map(({ sequence }) => sequence).join()}; ` +
        `${attempts.map((attempt) => pairOf(attempt)).join()}; ` +
        deliveries.map((row) => `${pairOf(row)} ${row.status}`).join(),
    );
    for (const { sequence, orderingKey } of events) {
      if (this.#options.data.journal.event(sequence) === undefined) continue;
      const line = this.#ordered.get(orderingKey);
      if (line === undefined) this.#ordered.set(orderingKey, [sequence]);
      else if (!line.includes(sequence)) line.push(sequence);
    }
    for (const { sequence, subscription } of [...batch.attempts, ...batch.deliveries]) {
      this.#checkProgress(this.#watch(sequence, subscription));
    }
    const { lowWaterMark } = this.#options.data.journal.state;
    for (const { sequence, matched } of this.#options.data.journal.eventsAfter(this.#checkedMark)) {
      if (sequence > lowWaterMark) break;
      for (const subscription of matched) {
        if (this.isUndecided(sequence, subscription)) {
          this.broken(`the mark ${lowWaterMark} passed ${sequence}/${subscription}`);
        }
      }
    }
    this.#checkedMark = lowWaterMark;
  }

  #checkProgress(watched: Watched): void {
    const { sequence, subscription, durable } = watched;
    const now = this.stateOf(sequence, subscription);
    const name = pairKey(sequence, subscription);
    if (durable !== undefined) {
      const wanted = this.#options.ledger.wanted(sequence, subscription);
      if (isFinal(durable.status) && now.status !== durable.status && wanted === 0) {
        this.broken(`${name} went from ${durable.status} to ${now.status}`);
      }
      if (now.attempts < durable.attempts) this.broken(`${name} forgot attempts`);
    }
    watched.durable = now;
  }

  /** The process is about to die. */
  crashes(): void {
    for (const watched of this.watched.values()) {
      for (const seen of watched.attempts) {
        if (!this.#isStored(seen)) watched.cutOff.add(seen);
      }
      watched.lastNumber = 0;
    }
  }

  // What the disk says

  isUndecided(sequence: number, subscription: number): boolean {
    const { journal } = this.#options.data;
    return (
      journal.delivery(sequence, subscription) === undefined &&
      journal.attempts(sequence, subscription).length === 0
    );
  }

  stateOf(sequence: number, subscription: number): { status: DeliveryState; attempts: number } {
    const { journal } = this.#options.data;
    const row = journal.delivery(sequence, subscription);
    if (row !== undefined) return { status: row.status, attempts: row.attempts };
    const attempts = journal.attempts(sequence, subscription).length;
    return attempts === 0
      ? { status: 'pending', attempts: 0 }
      : { status: 'delivered', attempts: 1 };
  }

  #storedAttempts({ sequence, subscription }: Watched): number {
    return this.#options.data.journal.attempts(sequence, subscription).length;
  }

  #isStored({ job }: SeenAttempt): boolean {
    const { sequence, subscription, attemptNumber, startedAt } = job;
    return this.#options.data.journal
      .attempts(sequence, subscription.number)
      .some((known) => known.number === attemptNumber && known.startedAt === startedAt);
  }

  #watch(sequence: number, subscription: number): Watched {
    const key = pairKey(sequence, subscription);
    let watched = this.watched.get(key);
    if (watched === undefined) {
      watched = {
        sequence,
        subscription,
        attempts: [],
        cutOff: new Set(),
        lastNumber: 0,
        durable: undefined,
      };
      this.watched.set(key, watched);
    }
    return watched;
  }
}

function pairOf({ sequence, subscription }: Pick<DeliveryRecord, 'sequence' | 'subscription'>) {
  return pairKey(sequence, subscription);
}

/** Successes of one delivery that the engine heard of, less those it was asked for. */
export function needlessSuccesses(watched: Watched, wanted: number): number {
  const heard = watched.attempts.filter(
    (seen) => seen.processedAt !== null && !watched.cutOff.has(seen) && !isLostAnswer(seen),
  );
  return Math.max(0, heard.length - 1 - wanted);
}

function isLostAnswer({ reaction }: SeenAttempt): boolean {
  return isTaken(reaction) && typeof reaction === 'object' && 'reset' in reaction;
}
