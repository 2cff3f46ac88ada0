/** The port to time. Engines take a Clock; `domain/` and `protocol/` take instants as arguments. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. For display, signatures and due times. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. For durations and deadlines. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`. The timer does not keep the process alive. */
  setTimer(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  /** Idempotent; a cancelled timer never fires. */
  cancel(): void;
}
