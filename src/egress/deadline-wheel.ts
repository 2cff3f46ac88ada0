import type { Clock } from '../runtime/clock.ts';
import { DEADLINE_TICK_MS } from './limits.ts';

/** Slots of the ring; a deadline further away than a full turn is met on a later one. */
const SLOTS = 1_024;

/** `deadlineTick` of an entry that is in no wheel. */
export const NO_DEADLINE = -1;

/** What has a deadline. All but `onDeadline` belongs to the wheel. */
export interface DeadlineEntry {
  /** Starts as `NO_DEADLINE`. */
  deadlineTick: number;
  previous: DeadlineEntry | null;
  next: DeadlineEntry | null;
  onDeadline(): void;
}

/**
 * Deadlines for very many short requests: adding and removing links an entry into a ring of lists,
 * and one coarse timer walks the ring, so a request costs no timer of its own. An entry is called
 * at its deadline or up to two ticks later, never before.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #origin: number;
  readonly #heads: (DeadlineEntry | null)[] = Array.from({ length: SLOTS }, () => null);
  #currentTick = 0;
  #count = 0;
  #ticking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.monotonic();
  }

  /** `deadlineAt` is in monotonic milliseconds of the wheel's clock. */
  add(entry: DeadlineEntry, deadlineAt: number): void {
    const tick = Math.ceil((deadlineAt - this.#origin) / DEADLINE_TICK_MS);
    entry.deadlineTick = Math.max(tick, this.#currentTick + 1);
    const slot = entry.deadlineTick % SLOTS;
    const head = this.#heads[slot] ?? null;
    entry.previous = null;
    entry.next = head;
    if (head !== null) head.previous = entry;
    this.#heads[slot] = entry;
    this.#count += 1;
    if (!this.#ticking) this.#scheduleTick();
  }

  /** Idempotent. */
  remove(entry: DeadlineEntry): void {
    if (entry.deadlineTick === NO_DEADLINE) return;
    if (entry.previous === null) this.#heads[entry.deadlineTick % SLOTS] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
    entry.previous = null;
    entry.next = null;
    entry.deadlineTick = NO_DEADLINE;
    this.#count -= 1;
  }

  /** All entries, removed. For shutdown. */
  drain(): DeadlineEntry[] {
    const drained: DeadlineEntry[] = [];
    for (let slot = 0; slot < SLOTS; slot += 1) this.#take(slot, Infinity, drained);
    return drained;
  }

  // The timer is left to fire on an empty wheel: arming and cancelling one per request is the
  // very cost the wheel avoids.
  #scheduleTick(): void {
    this.#ticking = true;
    this.#clock.setTimer(DEADLINE_TICK_MS, () => this.#onTick());
  }

  #onTick(): void {
    this.#ticking = false;
    const now = this.#tickNow();
    const due: DeadlineEntry[] = [];
    const first = Math.max(this.#currentTick + 1, now - SLOTS + 1);
    for (let tick = first; tick <= now; tick += 1) this.#take(tick % SLOTS, now, due);
    this.#currentTick = Math.max(this.#currentTick, now);
    if (this.#count > 0) this.#scheduleTick();
    for (const entry of due) entry.onDeadline();
  }

  #take(slot: number, tick: number, into: DeadlineEntry[]): void {
    let entry = this.#heads[slot] ?? null;
    while (entry !== null) {
      const next: DeadlineEntry | null = entry.next;
      if (entry.deadlineTick <= tick) {
        this.remove(entry);
        into.push(entry);
      }
      entry = next;
    }
  }

  #tickNow(): number {
    return Math.floor((this.#clock.monotonic() - this.#origin) / DEADLINE_TICK_MS);
  }
}
