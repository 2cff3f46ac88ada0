/**
 * Keeps what a tenant stores below its quota. What is on its way to the disk counts as stored, so
 * that a thousand events at once can't slip past; the total itself is read from the store now and
 * then, because retention takes away from it, and in a cluster other nodes add to it.
 */
import type { Clock } from '../runtime/clock.ts';
import type { DayUsage } from '../storage/tenant-data.ts';

/** How old the total may get while events come in. */
const READ_AGAIN_MS = 60_000;

/** The same while the quota is exceeded, when its owner waits for room. */
const READ_AGAIN_WHEN_FULL_MS = 1_000;

interface Options {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly usage: () => Promise<readonly DayUsage[]>;
  readonly onError: (error: unknown) => void;
}

export class StorageQuota {
  readonly #options: Options;
  maxBytes: number;
  #stored = 0;
  /** Reserved, and neither stored nor refused yet. */
  #underWay = 0;
  /** Stored since the running read began, which may not have seen it. */
  #storedMeanwhile = 0;
  #reading: Promise<void> | null = null;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(maxBytes: number, options: Options) {
    this.maxBytes = maxBytes;
    this.#options = options;
  }

  /** @returns false when there is no room; otherwise `settled` must follow. */
  reserve(bytes: number): boolean {
    const hasRoom = this.#stored + this.#underWay + bytes <= this.maxBytes;
    if (hasRoom) this.#underWay += bytes;
    const age = this.#options.clock.monotonic() - this.#readAt;
    if (age > (hasRoom ? READ_AGAIN_MS : READ_AGAIN_WHEN_FULL_MS)) void this.read();
    return hasRoom;
  }

  /** What became of reserved bytes. */
  settled(bytes: number, isStored: boolean): void {
    this.#underWay -= bytes;
    if (!isStored) return;
    this.#stored += bytes;
    this.#storedMeanwhile += bytes;
  }

  /** Reads the total from the store. Never rejects: without an answer the last one holds. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { clock, usage, onError } = this.#options;
    this.#readAt = clock.monotonic();
    this.#storedMeanwhile = 0;
    try {
      const days = await usage();
      // Counted twice when the read did see it; the next read mends that.
      this.#stored = days.reduce((sum, day) => sum + day.bytes, this.#storedMeanwhile);
    } catch (error) {
      onError(error);
    }
  }
}
