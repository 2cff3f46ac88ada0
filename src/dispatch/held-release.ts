/** Puts held deliveries back on their way when their subscription is active again, or deleted. */
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { JournalStore } from '../storage/journal.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import type { DueLoader } from './due-loader.ts';

/** Held deliveries released in one statement. */
const RELEASE_ROWS = 1_000;

/** Pause after the store refused. */
const FAILED_MS = 1_000;

interface Options {
  readonly journal: JournalStore;
  readonly writer: JournalWriter;
  readonly registry: SubscriptionRegistry;
  readonly due: DueLoader;
  readonly clock: Clock;
  readonly stopped: () => boolean;
  readonly onError: (error: unknown) => void;
}

export class HeldRelease {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws StorageError when the store refused; it is asked again until it does not. */
  async release(subscription: number): Promise<void> {
    const { writer, clock, onError } = this.#options;
    if (this.#options.stopped() || this.#holds(subscription)) return;
    try {
      // What was held a moment ago may be settled, but not stored yet.
      await writer.flushed();
      await this.#releaseAll(subscription);
    } catch (error) {
      clock.setTimer(FAILED_MS, () => this.release(subscription).catch(onError));
      throw error;
    }
  }

  async #releaseAll(subscription: number): Promise<void> {
    const { journal, due } = this.#options;
    let released: number;
    do {
      released = await due.makeDue((dueAt) =>
        journal.releaseHeld(subscription, dueAt, RELEASE_ROWS),
      );
    } while (released === RELEASE_ROWS);
  }

  /**
   * After a start: the process before may have died between resuming or deleting a subscription
   * and releasing what it held.
   */
  async releaseLeftovers(): Promise<void> {
    for (const { number, tenant } of this.#options.registry.known()) {
      if (this.#options.stopped()) return;
      try {
        if (!this.#holds(number) && (await this.#hasHeld(tenant, number))) {
          await this.release(number);
        }
      } catch (error) {
        this.#options.onError(error);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #holds(subscription: number): boolean {
    const status = this.#options.registry.byNumber(subscription)?.status;
    return status !== undefined && status !== 'active';
  }

  async #hasHeld(tenant: number, subscription: number): Promise<boolean> {
    const wanted = { status: 'held', subscription, limit: 1 } as const;
    let page = await this.#options.journal.listDeliveries(tenant, wanted);
    while (page.items.length === 0 && page.next !== undefined) {
      const before = page.next;
      page = await this.#options.journal.listDeliveries(tenant, { ...wanted, before });
    }
    return page.items.length > 0;
  }
}
