/** Keeps long reads from taking the event loop, and so from delaying live events. */
import type { Clock } from '../../runtime/clock.ts';

/** Work in one go. */
const SLICE_MS = 2;

/** Rest after work, in parts of its length: a third of the event loop at most. */
const REST_FACTOR = 2;

export class Pacer {
  readonly #clock: Clock;
  #workingSince: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#workingSince = clock.monotonic();
  }

  /** Call it between small pieces of work; rests when enough has been done in one go. */
  async breathe(): Promise<void> {
    const spentMs = this.#clock.monotonic() - this.#workingSince;
    if (spentMs < SLICE_MS) return;
    await pause(this.#clock, spentMs * REST_FACTOR);
    this.#workingSince = this.#clock.monotonic();
  }

  /** Call it after time that was spent waiting: it was no work. */
  waited(): void {
    this.#workingSince = this.#clock.monotonic();
  }
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
}
