/**
 * Keeps what is sealed fresh: rows sealed with an older master key are sealed anew in the
 * background, so that the old key can be dropped, and secrets that have ended leave memory and
 * store within a minute.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Service } from '../runtime/service.ts';
import type { SubscriptionRegistry } from './subscription-registry.ts';

const SWEEP_MS = 60_000;

interface Options {
  readonly registry: Pick<SubscriptionRegistry, 'outdated' | 'withEndedSecrets' | 'reseal'>;
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
    const { registry, clock, onResealed } = this.#options;
    const { outdated } = registry;
    const ended = registry.withEndedSecrets(clock.now());
    for (const number of new Set([...outdated, ...ended])) {
      if (this.#stopped) return;
      await registry.reseal(number);
      // Each is a commit of its own on some stores: others get their turn in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (outdated.length > 0 && registry.outdated.length === 0) onResealed(outdated.length);
  }
}
