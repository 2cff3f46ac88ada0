/**
 * Works off what another node left when it died or stopped: the slots this node adopted. Its rows
 * become our own and fall due like all others; its events without an outcome are found by a scan,
 * as recovery does after a restart, under a low-water mark of their own.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Leftovers } from '../storage/cluster.ts';
import type { JournalBatch, UnsettledDelivery } from '../storage/journal.ts';
import type { DueLoader } from './due-loader.ts';
import { LowWaterMark } from './low-water-mark.ts';
import type { Ordering } from './ordering.ts';
import { Overtaken } from './overtaken.ts';
import { recover } from './recovery.ts';

/** Rows moved in one statement, so that no lock is held for long. */
const MOVE_ROWS = 1_000;

/** Pause after the store refused. */
const FAILED_MS = 1_000;

interface Options {
  readonly due: DueLoader;
  readonly ordering: Pick<Ordering, 'hold' | 'resume'>;
  readonly clock: Clock;
  /** Resolves when memory has room for more. */
  readonly room: () => Promise<void>;
  /** A delivery that was pending when the other node ended. */
  readonly found: (pending: UnsettledDelivery) => void;
  /** After a group of `found` calls. */
  readonly foundAll: () => void;
  /** Releases the held rows of a subscription if it is active or deleted. */
  readonly release: (subscription: number) => Promise<void>;
  readonly stopped: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** An adopted slot on its way back. */
interface Adoption {
  readonly leftovers: Leftovers;
  readonly mark: LowWaterMark;
  readonly overtaken: Overtaken;
  /** All rows are ours and all events were scanned; what is open is in memory. */
  isLoaded: boolean;
  isReturning: boolean;
}

export class Takeover {
  readonly #options: Options;
  readonly #adoptions = new Set<Adoption>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Adopted slots that still have something undecided. */
  get size(): number {
    return this.#adoptions.size;
  }

  adopt(leftovers: Leftovers): void {
    const { lowWaterMark, lastSequence } = leftovers;
    const mark = new LowWaterMark(lowWaterMark, lastSequence);
    const overtaken = new Overtaken();
    const adoption = { leftovers, mark, overtaken, isLoaded: false, isReturning: false };
    this.#adoptions.add(adoption);
    this.#load(adoption).catch(this.#options.onError);
  }

  /** @param settled sequences whose deliveries, implied by their events, are stored facts now. */
  committed(batch: JournalBatch, settled: readonly number[]): void {
    for (const { mark, overtaken } of this.#adoptions) {
      overtaken.committed(batch);
      for (const sequence of settled) mark.decided(sequence);
    }
    this.#returnFinished();
  }

  /** Hands on how far the adopted slots are decided. */
  storeMarks(): void {
    for (const { leftovers, mark } of this.#adoptions) leftovers.raiseLowWaterMark(mark.value());
  }

  #returnFinished(): void {
    for (const adoption of this.#adoptions) {
      const { leftovers, mark, isLoaded, isReturning } = adoption;
      if (!isLoaded || isReturning || mark.value() < leftovers.lastSequence) continue;
      adoption.isReturning = true;
      this.#giveBack(adoption).catch(this.#options.onError);
    }
  }

  async #load(adoption: Adoption): Promise<void> {
    const { leftovers } = adoption;
    const { ordering } = this.#options;
    ordering.hold();
    await this.#moveWaiting(leftovers);
    await this.#moveHeld(leftovers);
    await this.#scan(adoption);
    ordering.resume();
    if (this.#options.stopped()) return;
    leftovers.loaded();
    adoption.isLoaded = true;
    this.#returnFinished();
  }

  async #moveWaiting(leftovers: Leftovers): Promise<void> {
    const { due } = this.#options;
    let moved: number | undefined;
    do {
      // Overdue ones lie before the loader's position: they are given an instant it has not passed.
      const move = () => due.makeDue((dueAt) => leftovers.moveWaiting(dueAt, MOVE_ROWS));
      moved = await this.#insist(move);
    } while (moved === MOVE_ROWS);
  }

  async #moveHeld(leftovers: Leftovers): Promise<void> {
    const { release, onError } = this.#options;
    const seen = new Set<number>();
    let more = true;
    while (more) {
      const part = await this.#insist(() => leftovers.moveHeld(MOVE_ROWS));
      for (const subscription of part?.subscriptions ?? []) seen.add(subscription);
      more = part?.moved === MOVE_ROWS;
    }
    // It may have become active again while the rows belonged to a dead node.
    for (const subscription of seen) await release(subscription).catch(onError);
  }

  async #scan({ leftovers, mark, overtaken }: Adoption): Promise<void> {
    const { clock, room, found, foundAll, stopped, onError } = this.#options;
    await recover({
      journal: { unsettled: (after, _upTo, limit) => leftovers.unsettled(after, limit) },
      clock,
      onError,
      overtaken,
      after: leftovers.lowWaterMark,
      upTo: leftovers.lastSequence,
      room,
      found: (pending, scannedTo) => {
        for (const delivery of pending) {
          mark.foundPending(delivery.sequence);
          found(delivery);
        }
        mark.recoveredUpTo(scannedTo);
        foundAll();
      },
      stopped,
    });
  }

  async #giveBack(adoption: Adoption): Promise<void> {
    await this.#insist(() => adoption.leftovers.done());
    this.#adoptions.delete(adoption);
  }

  /** Asks the store again until it does not refuse; undefined once stopped. */
  async #insist<Result>(act: () => Promise<Result>): Promise<Result | undefined> {
    const { clock, stopped, onError } = this.#options;
    while (!stopped()) {
      try {
        return await act();
      } catch (error) {
        onError(error);
        await new Promise<void>((resolve) => {
          clock.setTimer(FAILED_MS, resolve);
        });
      }
    }
    return undefined;
  }
}
