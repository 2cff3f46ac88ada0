/**
 * Writes what is remembered of resources, many in one transaction. What has to be durable before
 * something else may happen is written at once; times and validators may wait a moment.
 */
import { writeState } from '../domain/poll/state.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { PollStateStore } from '../storage/poll-state.ts';
import type { Watched } from './watched.ts';

/** How long a state that nothing waits for may stay in memory alone. */
const LAZY_MS = 2_000;
/** Pause after a write that failed. */
const FAILED_MS = 5_000;
/** Rows of one transaction. */
const MAX_ROWS = 500;

interface Options {
  readonly states: PollStateStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

type Saved = (error?: unknown) => void;

export class StateKeeper {
  readonly #options: Options;
  readonly #dirty = new Map<Watched, Saved[]>();
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Sooner or later. */
  note(watched: Watched): void {
    if (!this.#dirty.has(watched)) this.#dirty.set(watched, []);
    this.#later(LAZY_MS);
  }

  /** At once; `saved` runs when it is durable, or with the error when it is not. */
  save(watched: Watched, saved: Saved): void {
    const waiting = this.#dirty.get(watched);
    if (waiting === undefined) this.#dirty.set(watched, [saved]);
    else waiting.push(saved);
    this.#run();
  }

  /** Nothing of these is written any more. */
  forget(all: Iterable<Watched>): void {
    for (const watched of all) this.#dirty.delete(watched);
  }

  /** Resolves when all that is noted now was written, or could not be. */
  async flush(): Promise<void> {
    await this.#running;
    this.#run();
    await this.#running;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #later(delayMs: number): void {
    this.#timer ??= this.#options.clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#run();
    });
  }

  #run(): void {
    if (this.#running !== null || this.#dirty.size === 0) return;
    this.#running = this.#write().finally(() => {
      this.#running = null;
      const isUrgent = [...this.#dirty.values()].some((waiting) => waiting.length > 0);
      if (isUrgent) this.#run();
      else if (this.#dirty.size > 0) this.#later(LAZY_MS);
    });
  }

  async #write(): Promise<void> {
    while (this.#dirty.size > 0) {
      const batch = [...this.#dirty].slice(0, MAX_ROWS);
      for (const [watched] of batch) this.#dirty.delete(watched);
      const updatedAt = this.#options.clock.now();
      const rows = batch.map(([{ owner, resource, state }]) => ({
        tenant: owner.source.tenant,
        source: owner.source.number,
        resource: resource.name,
        state: writeState(state),
        updatedAt,
      }));
      try {
        await this.#options.states.save(rows);
      } catch (error) {
        this.#failed(batch, error);
        return;
      }
      for (const [, waiting] of batch) for (const saved of waiting) saved();
    }
  }

  /** Who waits decides when to try again; the others are tried with the next ones. */
  #failed(batch: readonly (readonly [Watched, Saved[]])[], error: unknown): void {
    this.#options.onError(error);
    for (const [watched] of batch) if (!this.#dirty.has(watched)) this.#dirty.set(watched, []);
    this.#later(FAILED_MS);
    for (const [, waiting] of batch) for (const saved of waiting) saved(error);
  }
}
