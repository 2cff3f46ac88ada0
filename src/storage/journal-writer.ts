/**
 * Group commit. Whatever was queued while the last commit ran goes into the next one; there is no
 * timer and no artificial delay, so a batch grows exactly as fast as the disk is slow.
 *
 * Accept appends events here, dispatch settles attempts here, and both learn what became durable by
 * listening.
 */
import type { Clock } from '../runtime/clock.ts';
import type {
  AttemptRecord,
  DeliveryRecord,
  ExistingEvent,
  JournalBatch,
  JournalStore,
  NewEvent,
  RefusedDuplicate,
} from './journal.ts';
import type { NewInbound } from './inbound.ts';
import { InboundQueue } from './inbound-queue.ts';
import type { SequenceSource } from './sequences.ts';
import { StorageError } from './storage.ts';

/** Most events, and most bytes of events, that one transaction takes. */
const MAX_BATCH_EVENTS = 1_000;
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

/** Pause before settlements are tried again when the store could not take them. */
const RETRY_SETTLE_MS = 1_000;

/** How long an inbound request waits for a commit to ride along with. */
const NOTE_INBOUND_MS = 1_000;

export type AppendResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'duplicate'; readonly existing: ExistingEvent }
  | { readonly kind: 'failed'; readonly error: StorageError };

/**
 * Told after each commit, before any of the waiting publishers is. The batch may also hold events
 * of a failed commit that turned out to be stored.
 */
export interface JournalListener {
  /**
   * @param refused sequences of the batch's events that were not stored.
   * @param settled the `settles` of each settlement in the batch, see `settle`.
   */
  committed(batch: JournalBatch, refused: ReadonlySet<number>, settled: readonly number[]): void;
}

interface Options {
  readonly journal: JournalStore;
  readonly sequences: SequenceSource;
  readonly clock: Clock;
  /** The store can't say what it holds any more; the process must end. */
  readonly onBroken: (error: StorageError) => void;
}

/** A batch on its way to the disk, with those who wait for it. */
interface Commit {
  readonly batch: JournalBatch;
  readonly waiters: readonly AppendDone[];
  readonly settled: readonly number[];
}

type AppendDone = (result: AppendResult) => void;

interface Flush {
  /** Events that are still queued before it. */
  ahead: number;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

const STORED: AppendResult = { kind: 'stored' };
const NONE_REFUSED: ReadonlySet<number> = new Set();

export class JournalWriter {
  readonly #options: Options;
  readonly #listeners: JournalListener[] = [];
  #events: NewEvent[] = [];
  /** In step with `#events`. */
  #waiters: AppendDone[] = [];
  #queuedBytes = 0;
  #attempts: AttemptRecord[] = [];
  #deliveries: DeliveryRecord[] = [];
  #settled: number[] = [];
  #lowWaterMark: number | null = null;
  readonly #inbound = new InboundQueue();
  /** A timer will see to them. */
  #inboundTimed = false;
  #flushWaiters: Flush[] = [];
  #failure: StorageError | null = null;
  /** Of a failed commit: stored all the same, if it was only the answer that got lost. */
  #doubtful: readonly NewEvent[] = [];
  /** Those that turned out to be stored, until the listeners are told with the next commit. */
  #unannounced: NewEvent[] = [];
  #scheduled = false;
  #committing = false;

  constructor(options: Options) {
    this.#options = options;
  }

  listen(listener: JournalListener): void {
    this.#listeners.push(listener);
  }

  /**
   * An event's id and bytes derive from its sequence, so it has one before it is queued. It must be
   * queued in the same turn: whoever finds the writer quiet relies on it that no lower one comes.
   */
  nextSequence(): number {
    return this.#options.sequences.next();
  }

  /** Events and bytes that wait for a commit: the measure of overload. */
  get backlog(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events.length, bytes: this.#queuedBytes };
  }

  /** True when the listeners know everything that may be in the store. */
  get isQuiet(): boolean {
    return !this.#committing && !this.#hasWork;
  }

  /** Why the last commit failed, or null when it did not. */
  get failure(): StorageError | null {
    return this.#failure;
  }

  /** Queues an event; `done` runs after the commit it went into. */
  append(event: NewEvent, done: AppendDone): void {
    this.#events.push(event);
    this.#waiters.push(done);
    this.#queuedBytes += event.body.length;
    this.#schedule();
  }

  /**
   * Queues what became of a delivery. Never lost while the process lives: failed commits repeat.
   * @param settles the sequence of the event whose implied delivery this turns into a stored fact,
   * or null when it was stored before.
   */
  settle(
    attempt: AttemptRecord | null,
    delivery: DeliveryRecord | null,
    settles: number | null,
  ): void {
    if (attempt !== null) this.#attempts.push(attempt);
    if (delivery !== null) this.#deliveries.push(delivery);
    if (settles !== null) this.#settled.push(settles);
    this.#schedule();
  }

  /**
   * Rides along with the next commit; without one it is written down within a second. What waits is
   * bounded, and the oldest goes: nobody was promised anything. @returns its sequence.
   */
  noteInbound(noted: NewInbound): number {
    const sequence = this.nextSequence();
    this.#inbound.add({ ...noted, sequence });
    this.#writeNotesSoon();
    return sequence;
  }

  #writeNotesSoon(): void {
    if (this.#inboundTimed) return;
    this.#inboundTimed = true;
    this.#options.clock.setTimer(NOTE_INBOUND_MS, () => {
      this.#inboundTimed = false;
      if (!this.#inbound.isEmpty) this.#schedule();
    });
  }

  /** Inbound requests that were not written down for want of room. */
  get droppedInbound(): number {
    return this.#inbound.dropped;
  }

  /** Rides along with the next commit; does not cause one. */
  raiseLowWaterMark(sequence: number): void {
    this.#lowWaterMark = sequence;
  }

  /**
   * Resolves once everything queued so far is durable.
   * @throws StorageError when a commit fails before that, even if it is one of several that the
   * queue was cut into: its events are refused by then, and only its settlements come again.
   */
  flushed(): Promise<void> {
    const isIdle = this.isQuiet && this.#lowWaterMark === null && this.#inbound.isEmpty;
    if (isIdle) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushWaiters.push({ ahead: this.#events.length, resolve, reject });
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled || this.#committing) return;
    this.#scheduled = true;
    // After this turn of the event loop, so that all requests that arrived together share a commit.
    setImmediate(this.#commitNext);
  }

  readonly #commitNext = (): void => {
    this.#scheduled = false;
    // After a failed fsync a second one may lie, so a broken store is not asked again.
    if (this.#failure !== null && isFinal(this.#failure)) return this.#refuseAll(this.#failure);
    const { events, waiters } = this.#takeEvents();
    const attempts = this.#attempts;
    const deliveries = this.#deliveries;
    const settled = this.#settled;
    const lowWaterMark = this.#lowWaterMark;
    const flushes = this.#takeFlushes(events.length);
    this.#attempts = [];
    this.#deliveries = [];
    this.#settled = [];
    this.#lowWaterMark = null;
    this.#committing = true;
    const inbound = this.#inbound.take();
    const batch: JournalBatch = { events, attempts, deliveries, inbound, lowWaterMark };
    this.#commit(batch).then(
      (refused) => {
        this.#finish({ batch, waiters, settled }, refused);
        for (const flush of flushes) flush.resolve();
      },
      (error: unknown) => {
        const failure = asStorageError(error);
        this.#fail({ batch, waiters, settled }, failure);
        for (const flush of flushes) flush.reject(failure);
      },
    );
  };

  async #commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    if (this.#doubtful.length > 0) await this.#lookForDoubtful();
    return this.#options.journal.commit(batch);
  }

  /**
   * Events of the last failed commit that are stored after all will count as committed. Nobody
   * was promised anything, but whoever repeats the request is told "duplicate" and relies on them.
   */
  async #lookForDoubtful(): Promise<void> {
    const sequences = this.#doubtful.map((event) => event.sequence);
    const contents = await this.#options.journal.contents(sequences);
    const stored = new Set(contents.map((content) => content.sequence));
    this.#unannounced.push(...this.#doubtful.filter((event) => stored.has(event.sequence)));
    this.#doubtful = [];
  }

  #takeEvents(): { events: NewEvent[]; waiters: AppendDone[] } {
    if (this.#events.length <= MAX_BATCH_EVENTS && this.#queuedBytes <= MAX_BATCH_BYTES) {
      const taken = { events: this.#events, waiters: this.#waiters };
      this.#events = [];
      this.#waiters = [];
      this.#queuedBytes = 0;
      return taken;
    }
    let count = 0;
    let bytes = 0;
    for (const event of this.#events) {
      if (count === MAX_BATCH_EVENTS || (count > 0 && bytes + event.body.length > MAX_BATCH_BYTES))
        break;
      count += 1;
      bytes += event.body.length;
    }
    this.#queuedBytes -= bytes;
    return { events: this.#events.splice(0, count), waiters: this.#waiters.splice(0, count) };
  }

  /** Those for whom nothing is left to wait for once this commit is durable. */
  #takeFlushes(eventsTaken: number): Flush[] {
    for (const flush of this.#flushWaiters) flush.ahead -= eventsTaken;
    const stay = this.#flushWaiters.findIndex(({ ahead }) => ahead > 0);
    return this.#flushWaiters.splice(0, stay === -1 ? this.#flushWaiters.length : stay);
  }

  #finish(commit: Commit, refused: readonly RefusedDuplicate[]): void {
    const { batch, waiters, settled } = commit;
    this.#committing = false;
    this.#failure = null;
    const existing = new Map(refused.map((duplicate) => [duplicate.sequence, duplicate.existing]));
    const sequences = refused.length === 0 ? NONE_REFUSED : new Set(existing.keys());
    const announced = this.#withUnannounced(batch);
    for (const listener of this.#listeners) listener.committed(announced, sequences, settled);
    for (const [index, event] of batch.events.entries()) {
      const taken = refused.length === 0 ? undefined : existing.get(event.sequence);
      waiters[index]?.(taken === undefined ? STORED : { kind: 'duplicate', existing: taken });
    }
    this.#goOn();
  }

  #withUnannounced(batch: JournalBatch): JournalBatch {
    if (this.#unannounced.length === 0) return batch;
    return { ...batch, events: [...this.#unannounced.splice(0), ...batch.events] };
  }

  #fail(commit: Commit, error: StorageError): void {
    const { batch, waiters, settled } = commit;
    this.#committing = false;
    this.#failure = error;
    // Doubt from before means that this batch was not even tried.
    if (this.#doubtful.length === 0) this.#doubtful = batch.events;
    // What came later is newer and must win, so the failed part goes to the front.
    this.#attempts = [...batch.attempts, ...this.#attempts];
    this.#deliveries = [...batch.deliveries, ...this.#deliveries];
    this.#settled = [...settled, ...this.#settled];
    this.#lowWaterMark ??= batch.lowWaterMark;
    this.#inbound.putBack(batch.inbound);
    if (!this.#inbound.isEmpty && !isFinal(error)) this.#writeNotesSoon();
    for (const done of waiters) done({ kind: 'failed', error });
    // Whoever began to wait meanwhile, or waits for a later cut, waited for this one too.
    for (const flush of this.#flushWaiters.splice(0)) flush.reject(error);
    if (error.failure === 'broken') this.#options.onBroken(error);
    if (isFinal(error)) this.#refuseAll(error);
    else if (this.#events.length > 0) this.#schedule();
    else this.#options.clock.setTimer(RETRY_SETTLE_MS, () => this.#goOn());
  }

  /** The store takes nothing more: whoever waits, or comes later, is told so. */
  #refuseAll(error: StorageError): void {
    this.#queuedBytes = 0;
    this.#events = [];
    for (const done of this.#waiters.splice(0)) done({ kind: 'failed', error });
    for (const flush of this.#flushWaiters.splice(0)) flush.reject(error);
  }

  #goOn(): void {
    if (this.#hasWork) this.#schedule();
  }

  get #hasWork(): boolean {
    const settlements = this.#attempts.length + this.#deliveries.length;
    const doubts = this.#doubtful.length + this.#unannounced.length;
    return this.#events.length + settlements + doubts + this.#flushWaiters.length > 0;
  }
}

/** True when the same store will not take anything any more. */
function isFinal(error: StorageError): boolean {
  return error.failure === 'broken' || error.failure === 'closed';
}

function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError('broken', `the commit failed: ${String(error)}`, { cause: error });
}
