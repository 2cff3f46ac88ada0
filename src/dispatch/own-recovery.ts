/** What this node's slot had left when its last process ended, found again beside normal work. */
import type { Clock } from '../runtime/clock.ts';
import type { JournalBatch, JournalState, JournalStore } from '../storage/journal.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import type { Ordering } from './ordering.ts';
import { Overtaken } from './overtaken.ts';
import { recover } from './recovery.ts';
import { freshWork, type Work } from './work.ts';

interface Options {
  readonly journal: JournalStore;
  /** Before this process wrote anything. */
  readonly state: JournalState;
  readonly mark: LowWaterMark;
  readonly ordering: Ordering;
  readonly clock: Clock;
  /** Resolves when memory has room for more. */
  readonly room: () => Promise<void>;
  readonly place: (work: Work) => void;
  /** After a group of `place` calls. */
  readonly placed: () => void;
  readonly stopped: () => boolean;
  readonly onError: (error: unknown) => void;
}

export class OwnRecovery {
  readonly #options: Options;
  readonly #overtaken = new Overtaken();

  constructor(options: Options) {
    this.#options = options;
  }

  committed(batch: JournalBatch): void {
    this.#overtaken.committed(batch);
  }

  async run(): Promise<void> {
    const { state, mark, ordering, place, placed } = this.#options;
    const { lowWaterMark: after, lastSequence: upTo } = state;
    if (after < upTo) ordering.recoveredUpTo(after);
    await recover({
      ...this.#options,
      after,
      upTo,
      overtaken: this.#overtaken,
      found: (pending, scannedTo) => {
        const works = pending.map((delivery) => freshWork(delivery, delivery.subscription, null));
        for (const work of works) {
          mark.foundPending(work.sequence);
          ordering.arrives(work);
        }
        ordering.recoveredUpTo(scannedTo);
        for (const work of works) place(work);
        mark.recoveredUpTo(scannedTo);
        placed();
      },
    });
    ordering.recoveredUpTo(Number.POSITIVE_INFINITY);
    placed();
  }
}
