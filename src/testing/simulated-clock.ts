/** A clock that stands still until it is told to go on. */
import type { Clock, Timer } from '../runtime/clock.ts';

/**
 * Turns of the event loop at each stop. One turn runs everything that is ready, promises included;
 * the rest is for work that hands itself on by `setImmediate`.
 */
const TURNS_PER_STOP = 3;

interface PendingTimer {
  readonly dueAt: number;
  readonly run: () => void;
}

export class SimulatedClock implements Clock {
  readonly #startAt: number;
  #elapsedMs = 0;
  /** In the order they fire: by instant, and among equals by when they were set. */
  readonly #timers: PendingTimer[] = [];
  #advancing = false;

  /** @param startAt what `now()` gives first, milliseconds since the Unix epoch. */
  constructor(startAt: number) {
    this.#startAt = startAt;
  }

  now(): number {
    return this.#startAt + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  /** Timers that have neither fired nor been cancelled; a test can ask that none is left over. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer fires, or undefined. As `now()`. */
  get nextTimerAt(): number | undefined {
    const next = this.#timers[0];
    return next && this.#startAt + next.dueAt;
  }

  /** A negative or missing delay counts as none. Nothing fires before the next `advance`. */
  setTimer(delayMs: number, run: () => void): Timer {
    const timer = { dueAt: this.#elapsedMs + (delayMs > 0 ? delayMs : 0), run };
    const later = this.#timers.findIndex(({ dueAt }) => dueAt > timer.dueAt);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return { cancel: () => this.#remove(timer) };
  }

  /**
   * Lets that much time pass. Every timer that falls due fires at its own instant, those set
   * meanwhile included; before the first and after each one, work that is ready gets to run.
   * Work that waits for the outside world (sockets, files, threads) is not waited for.
   * @throws RangeError for a time that is not a number of milliseconds from zero up.
   * @throws Error when the clock is already on its way, and whatever a timer throws.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`can't advance by ${ms} ms`);
    if (this.#advancing) throw new Error('the clock is already being advanced');
    this.#advancing = true;
    try {
      await this.#advanceTo(this.#elapsedMs + ms);
    } finally {
      this.#advancing = false;
    }
  }

  async #advanceTo(target: number): Promise<void> {
    await turns();
    for (;;) {
      const [next] = this.#timers;
      if (next === undefined || next.dueAt > target) break;
      this.#timers.shift();
      this.#elapsedMs = next.dueAt;
      next.run();
      await turns();
    }
    this.#elapsedMs = target;
  }

  #remove(timer: PendingTimer): void {
    const index = this.#timers.indexOf(timer);
    if (index !== -1) this.#timers.splice(index, 1);
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS_PER_STOP; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
