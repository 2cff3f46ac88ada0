/**
 * Fresh deliveries that wait long for their order get a row. They stay in memory; but as long as a
 * delivery is implied by its event alone, the low-water mark can't pass it, and with the mark stand
 * still what a restart looks through and what retention may remove.
 */
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { DeliveryPosition, DeliveryRecord, JournalBatch } from '../storage/journal.ts';
import { Queue } from './queue.ts';
import { asideRow, type Work } from './work.ts';

const PARK_AFTER_MS = 60_000;

/** Rows written in one go, and the pause after it. */
const PARK_ROWS = 2_000;
const PAUSE_MS = 1_000;

interface Options {
  readonly writer: Pick<JournalWriter, 'settle'>;
  readonly clock: Clock;
  /** When a delivery that is wanted at once is due. */
  readonly soonest: () => number;
  /** Whether the work still waits; then `stored` takes its place. */
  readonly replace: (work: Work, stored: Work) => boolean;
}

interface Waiting {
  readonly work: Work;
  /** On the monotonic clock. */
  readonly since: number;
}

export class Parking {
  readonly #options: Options;
  readonly #waiting = new Queue<Waiting>();
  /** Rows that the due loader will bring although their works are in memory. */
  readonly #rows = new Map<string, DeliveryRecord>();
  #isArmed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** It has begun to wait. */
  add(work: Work): void {
    if (work.stored) return;
    this.#waiting.push({ work, since: this.#options.clock.monotonic() });
    this.#arm(PARK_AFTER_MS);
  }

  /** True once for the row of each work that was given one: the work itself is in memory. */
  swallows(row: DeliveryRecord): boolean {
    if (this.#rows.size === 0) return false;
    const parked = this.#rows.get(nameOf(row));
    return parked !== undefined && isSame(row, parked) && this.#rows.delete(nameOf(row));
  }

  /** What has moved on since its row was written will not come as that row any more. */
  committed({ attempts, deliveries }: JournalBatch): void {
    if (this.#rows.size === 0) return;
    for (const attempt of attempts) this.#rows.delete(nameOf(attempt));
    for (const row of deliveries) {
      const parked = this.#rows.get(nameOf(row));
      if (parked !== undefined && !isSame(row, parked)) this.#rows.delete(nameOf(row));
    }
  }

  #arm(delayMs: number): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#options.clock.setTimer(delayMs, () => {
      this.#isArmed = false;
      this.#park();
    });
  }

  #park(): void {
    const now = this.#options.clock.monotonic();
    for (let left = PARK_ROWS; left > 0; left -= 1) {
      const first = this.#waiting.peek();
      if (first === undefined) return;
      const waitMs = first.since + PARK_AFTER_MS - now;
      if (waitMs > 0) return this.#arm(waitMs);
      this.#waiting.shift();
      this.#store(first.work);
    }
    this.#arm(PAUSE_MS);
  }

  #store(work: Work): void {
    const { writer, clock, soonest, replace } = this.#options;
    if (!replace(work, { ...work, stored: true })) return;
    const row = asideRow(work, {
      status: 'pending',
      nextAttemptAt: soonest(),
      reason: null,
      updatedAt: clock.now(),
    });
    this.#rows.set(nameOf(row), row);
    writer.settle(null, row, work.sequence);
  }
}

function isSame(row: DeliveryRecord, other: DeliveryRecord): boolean {
  return (
    row.status === other.status &&
    row.nextAttemptAt === other.nextAttemptAt &&
    row.updatedAt === other.updatedAt
  );
}

function nameOf({ sequence, subscription }: DeliveryPosition): string {
  return `${sequence}:${subscription}`;
}
