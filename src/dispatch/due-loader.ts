/**
 * Brings stored deliveries into memory when they are due. One timer for the earliest of them, and
 * one position in the due index: everything committed at or before it has been loaded.
 * docs/decisions/0002 says why there is no timer wheel.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { DeliveryRecord, DuePosition, JournalStore } from '../storage/journal.ts';

/** Rows read at a time. */
const LOAD_ROWS = 1_000;

/** Deliveries that fall due within this time of each other are loaded together. */
const COALESCE_MS = 5;

/** The wall clock may jump; it is looked at again at least this often. */
const LOOK_AGAIN_MS = 30_000;

/** Pause while memory has no room for more. */
const NO_ROOM_MS = 250;

interface Options {
  readonly journal: JournalStore;
  readonly clock: Clock;
  readonly hasRoom: () => boolean;
  readonly load: (delivery: DeliveryRecord) => void;
  /** After a group of `load` calls. */
  readonly loaded: () => void;
  readonly onError: (error: unknown) => void;
}

export class DueLoader {
  readonly #options: Options;
  #position: DuePosition = { dueAt: -1, sequence: 0, subscription: 0 };
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #loading = false;
  #again = false;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    this.#wakeAt(this.#options.clock.now());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** The soonest instant that a delivery to be loaded may be given: now, but never behind us. */
  soonest(): number {
    return Math.max(this.#options.clock.now(), this.#position.dueAt + 1);
  }

  /** A delivery with a due time was committed. */
  committed(delivery: DeliveryRecord): void {
    const { nextAttemptAt: dueAt, sequence, subscription } = delivery;
    if (dueAt === null || this.#stopped) return;
    if (isPast({ dueAt, sequence, subscription }, this.#position)) {
      // The loader went by while this one was being committed.
      this.#options.load(delivery);
      this.#options.loaded();
    } else {
      this.#wakeAt(dueAt);
    }
  }

  /** Something in the store was made due now. */
  poke(): void {
    this.#wakeAt(this.#options.clock.now());
  }

  #wakeAt(at: number): void {
    if (this.#stopped || at >= this.#timerAt) return;
    const { clock } = this.#options;
    const delayMs = Math.min(Math.max(at - clock.now() + COALESCE_MS, 0), LOOK_AGAIN_MS);
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#loadDue().catch(this.#options.onError);
    });
  }

  async #loadDue(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    try {
      do {
        this.#again = false;
        await this.#loadOnce();
      } while (this.#again && !this.#stopped);
    } finally {
      this.#loading = false;
    }
  }

  async #loadOnce(): Promise<void> {
    const { journal, clock, hasRoom, load, loaded } = this.#options;
    if (!hasRoom()) {
      this.#wakeAt(clock.now() + NO_ROOM_MS);
      return;
    }
    const rows = await journal.due(this.#position, clock.now(), LOAD_ROWS);
    if (this.#stopped) return;
    for (const row of rows) {
      this.#position = positionOf(row);
      load(row);
    }
    loaded();
    if (rows.length === LOAD_ROWS) {
      this.#again = true;
      return;
    }
    const next = await journal.nextDueAt(this.#position);
    if (next !== null) this.#wakeAt(next);
  }
}

function positionOf(row: DeliveryRecord): DuePosition {
  const { nextAttemptAt, sequence, subscription } = row;
  return { dueAt: nextAttemptAt ?? 0, sequence, subscription };
}

function isPast(row: DuePosition, position: DuePosition): boolean {
  return (
    row.dueAt < position.dueAt ||
    (row.dueAt === position.dueAt &&
      (row.sequence < position.sequence ||
        (row.sequence === position.sequence && row.subscription <= position.subscription)))
  );
}
