/** A journal with the manners of a real disk: slow, failing, and gone when its process is. */
import type { DuePosition, JournalBatch, JournalStore } from '../storage/journal.ts';
import type { ReplayStore } from '../storage/replays.ts';
import { StorageError, type StorageFailure } from '../storage/storage.ts';
import type { ProcessClock } from './process-clock.ts';

export type JournalOperation =
  | 'commit'
  | 'release'
  | 'unsettled'
  | 'due'
  | 'nextDueAt'
  | 'unfinished'
  | 'read'
  | 'replayRead'
  | 'replayWrite';

/** What befalls one call. An absent delay is none. */
export interface JournalFate {
  /** Until the store does it. */
  readonly beforeMs?: number;
  /** From then until the caller hears of it. */
  readonly afterMs?: number;
  /** `before`: it was not done. `after`: it was done, and the caller is told that it was not. */
  readonly fault?: 'before' | 'after';
  /** Default `busy`. */
  readonly failure?: StorageFailure;
}

export type JournalFates = (operation: JournalOperation, batch?: JournalBatch) => JournalFate;

export const KIND_FATE: JournalFate = {};

/** Answers nothing once its process is dead; what was not done by then is not done. */
export class FaultyJournal implements JournalStore {
  readonly #inner: JournalStore;
  readonly #clock: ProcessClock;
  readonly #fates: JournalFates;

  constructor(inner: JournalStore, clock: ProcessClock, fates: JournalFates) {
    this.#inner = inner;
    this.#clock = clock;
    this.#fates = fates;
  }

  state() {
    return this.#inner.state();
  }

  commit(batch: JournalBatch) {
    return this.#run(this.#fates('commit', batch), () => this.#inner.commit(batch));
  }

  releaseHeld(subscription: number, now: number, limit: number) {
    return this.#run(this.#fates('release'), () =>
      this.#inner.releaseHeld(subscription, now, limit),
    );
  }

  unsettled(after: number, upTo: number, limit: number) {
    return this.#run(this.#fates('unsettled'), () => this.#inner.unsettled(after, upTo, limit));
  }

  due(after: DuePosition, until: number, limit: number) {
    return this.#run(this.#fates('due'), () => this.#inner.due(after, until, limit));
  }

  nextDueAt(after: DuePosition) {
    return this.#run(this.#fates('nextDueAt'), () => this.#inner.nextDueAt(after));
  }

  unfinished(subscription: number, after: number, limit: number) {
    return this.#run(this.#fates('unfinished'), () =>
      this.#inner.unfinished(subscription, after, limit),
    );
  }

  contents(sequences: readonly number[]) {
    return this.#run(this.#fates('read'), () => this.#inner.contents(sequences));
  }

  delivery(tenant: number, sequence: number, subscription: number) {
    return this.#run(this.#fates('read'), () =>
      this.#inner.delivery(tenant, sequence, subscription),
    );
  }

  // Asked by people, not by the engine: nothing befalls these.

  event(...call: Parameters<JournalStore['event']>) {
    return this.#inner.event(...call);
  }

  sequenceOfKey(...call: Parameters<JournalStore['sequenceOfKey']>) {
    return this.#inner.sequenceOfKey(...call);
  }

  listEvents(...call: Parameters<JournalStore['listEvents']>) {
    return this.#inner.listEvents(...call);
  }

  deliveriesOf(...call: Parameters<JournalStore['deliveriesOf']>) {
    return this.#inner.deliveriesOf(...call);
  }

  listDeliveries(...call: Parameters<JournalStore['listDeliveries']>) {
    return this.#inner.listDeliveries(...call);
  }

  attempts(...call: Parameters<JournalStore['attempts']>) {
    return this.#inner.attempts(...call);
  }

  #run<Result>(fate: JournalFate, act: () => Promise<Result>): Promise<Result> {
    return befall(this.#clock, fate, act);
  }
}

/** The same manners for what replays ask of the store. */
export function faultyReplays(
  inner: ReplayStore,
  clock: ProcessClock,
  fates: JournalFates,
): ReplayStore {
  const read = <Result>(act: () => Promise<Result>) => befall(clock, fates('replayRead'), act);
  const write = <Result>(act: () => Promise<Result>) => befall(clock, fates('replayWrite'), act);
  return {
    insert: (...call) => write(() => inner.insert(...call)),
    hold: (...call) => write(() => inner.hold(...call)),
    progress: (...call) => write(() => inner.progress(...call)),
    end: (...call) => write(() => inner.end(...call)),
    find: (...call) => read(() => inner.find(...call)),
    list: (...call) => read(() => inner.list(...call)),
    // A process that can't read these does not start.
    unfinished: () => inner.unfinished(),
    range: (...call) => read(() => inner.range(...call)),
    candidates: (...call) => read(() => inner.candidates(...call)),
    standings: (...call) => read(() => inner.standings(...call)),
    deliveries: (...call) => read(() => inner.deliveries(...call)),
  };
}

async function befall<Result>(
  clock: ProcessClock,
  fate: JournalFate,
  act: () => Promise<Result>,
): Promise<Result> {
  const { beforeMs = 0, afterMs = 0, fault, failure = 'busy' } = fate;
  await pause(clock, beforeMs);
  if (fault === 'before') throw new StorageError(failure, 'the simulated disk refused');
  const result = await act();
  await pause(clock, afterMs);
  if (fault === 'after') throw new StorageError(failure, 'the simulated disk lost its answer');
  return result;
}

async function pause(clock: ProcessClock, ms: number): Promise<void> {
  if (ms > 0 || !clock.alive) {
    await new Promise<void>((resolve) => {
      clock.setTimer(ms, resolve);
    });
  }
}
