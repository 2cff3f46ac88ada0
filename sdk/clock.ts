/** The SDK's port to time, so that tests own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Calls `run` once after `delayMs`. */
  readonly setTimer: (delayMs: number, run: () => void) => { cancel(): void };
}

// Its timers keep the process alive: what waits for a retry has been acknowledged to the sender.
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
