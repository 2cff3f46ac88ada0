/** The clock as one process of a simulation sees it: its timers die with the process. */
import type { Clock, Timer } from '../runtime/clock.ts';

export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #alive = true;

  /** @param clock goes on when the process is dead. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get alive(): boolean {
    return this.#alive;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimer(delayMs: number, run: () => void): Timer {
    if (!this.#alive) return NEVER;
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Nothing the process has set a timer for happens any more. */
  kill(): void {
    this.#alive = false;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}

const NEVER: Timer = { cancel: () => undefined };
