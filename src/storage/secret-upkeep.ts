/**
 * Keeps what is sealed fresh: rows sealed with an older master key are sealed anew in the
 * background, so that the old key can be dropped, and secrets that have ended leave memory and
 * store within a minute.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Service } from '../runtime/service.ts';

const SWEEP_MS = 60_000;

/** Rows with secrets in them: those of subscriptions, those of sources. */
export interface SealedRows {
  /** Numbers of those that are sealed with another master key than the first. */
  readonly outdated: readonly number[];
  /** Numbers of those that still hold a secret which has ended. */
  withEndedSecrets(now: number): readonly number[];
  /** Stores it as it is, without secrets that have ended, sealed with the first master key. */
  reseal(number: number): Promise<void>;
}

interface Options {
  readonly registry: SealedRows;
  /** Left out where there are none. */
  readonly sources?: SealedRows | undefined;
  readonly clock: Clock;
  /** All rows that were sealed with an older master key are sealed with the first one now. */
  readonly onResealed: (count: number) => void;
  readonly onError: (error: unknown) => void;
}

export class SecretUpkeep implements Service {
  readonly #options: Options;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = this.#sweep();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { clock, onError } = this.#options;
    try {
      await this.renew();
    } catch (error) {
      onError(error);
    }
    if (this.#stopped) return;
    this.#timer = clock.setTimer(SWEEP_MS, () => {
      this.#running = this.#sweep();
    });
  }

  /** One round over everything that is due. @throws StorageError; the next round goes on. */
  async renew(): Promise<void> {
    const { registry, sources, onResealed } = this.#options;
    const all = sources === undefined ? [registry] : [registry, sources];
    const outdated = countOutdated(all);
    for (const rows of all) await this.#renewAll(rows);
    if (outdated > 0 && countOutdated(all) === 0) onResealed(outdated);
  }

  async #renewAll(rows: SealedRows): Promise<void> {
    const ended = rows.withEndedSecrets(this.#options.clock.now());
    for (const number of new Set([...rows.outdated, ...ended])) {
      if (this.#stopped) return;
      await rows.reseal(number);
      // Each is a commit of its own on some stores: others get their turn in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function countOutdated(all: readonly SealedRows[]): number {
  return all.reduce((sum, { outdated }) => sum + outdated.length, 0);
}
