import type { Clock } from '../../runtime/clock.ts';

/** The machine's time, for tests against real sockets. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

interface PendingTimer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that moves only when told to. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: PendingTimer[] = [];

  get pendingTimers(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delayMs: number, run: () => void): { cancel: () => void } {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** Runs every timer that falls due on the way, in order of its time. */
  advance(byMs: number): void {
    const end = this.#now + byMs;
    let due = this.#earliest(end);
    while (due !== undefined) {
      this.#now = due.at;
      this.#timers = this.#timers.filter((other) => other !== due);
      due.run();
      due = this.#earliest(end);
    }
    this.#now = end;
  }

  /** Jumps like a stalled event loop: timers run late, all at the new time. */
  jump(byMs: number): void {
    this.#now += byMs;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.run();
  }

  #earliest(end: number): PendingTimer | undefined {
    return this.#timers.filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}
