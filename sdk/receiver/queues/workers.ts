/** Handlers that run at once, counted; and pauses that end early when a consumer stops. */
import type { Clock } from '../../clock.ts';

export class Workers {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #running = new Set<Promise<void>>();
  readonly #pauses = new Set<() => void>();
  #isStopping = false;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** How many more may start. */
  get free(): number {
    return this.#limit - this.#running.size;
  }

  /** @param work must not reject. */
  start(work: () => Promise<void>): void {
    const running = work().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when one more may start. */
  async room(): Promise<void> {
    while (this.free <= 0) await Promise.race(this.#running);
  }

  /** Resolves after a while, or at once when the consumer stops. */
  pause(ms: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#clock.setTimer(ms, end);
      this.#pauses.add(end);
    });
  }

  /** Ends the pauses, and resolves when nothing runs. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const end of this.#pauses) end();
    while (this.#running.size > 0) await Promise.race(this.#running);
  }
}
