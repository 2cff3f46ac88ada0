/**
 * Watches each subscription's run of failures. A short one stays in memory: writing every change of
 * a flapping target would cost more than its deliveries.
 */
import { targetOf } from '../domain/destination.ts';
import { endpointHealth, type FailureRun } from '../domain/endpoint-health.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';

/** A run of failures of this age is stored, so that a restart does not forget it. */
const STORE_AFTER_MS = 60_000;

/** While it goes on it is stored again, so that a restart knows that it did. */
const STORE_AGAIN_AFTER_MS = 12 * 3_600_000;

interface Options {
  readonly registry: SubscriptionRegistry;
  /** All its attempts have failed for as long as the rule allows. */
  readonly giveUp: (subscription: Subscription) => void;
  readonly onError: (error: unknown) => void;
}

/** Another target begins anew. */
interface WatchedRun extends FailureRun {
  readonly target: string;
}

export class EndpointWatch {
  readonly #options: Options;
  /** What is newer than the store: runs of failures, and null for those that have ended. */
  readonly #runs = new Map<number, WatchedRun | null>();
  /** Subscriptions whose run of failures was stored by this process. */
  readonly #stored = new Set<number>();
  /** Subscriptions that are being stored; true when they have to be once more. */
  readonly #storing = new Map<number, boolean>();

  constructor(options: Options) {
    this.#options = options;
  }

  succeeded(subscription: Subscription): void {
    const { number, failingSince } = subscription;
    if (failingSince !== null || this.#storing.has(number)) {
      this.#runs.set(number, null);
      this.#store(number);
    } else if (this.#runs.size > 0) this.#runs.delete(number);
  }

  failed(subscription: Subscription, now: number): void {
    const { number, failingSince, status, updatedAt, destination } = subscription;
    // An attempt that outlasts a pause says nothing about what comes after it.
    if (status !== 'active') return;
    const { run, disable } = endpointHealth(this.#known(subscription), 'failed', now);
    if (run === null) return;
    this.#runs.set(number, { ...run, target: targetOf(destination) });
    const isOld = now - run.since >= STORE_AFTER_MS;
    const isStored = failingSince === run.since && now - updatedAt < STORE_AGAIN_AFTER_MS;
    if (isOld ? !isStored : failingSince !== null) this.#store(number);
    if (disable) this.#options.giveUp(subscription);
  }

  /** Since when it has been failing, or null. */
  failingSince(subscription: Subscription): number | null {
    return this.#known(subscription)?.since ?? null;
  }

  changed({ number, status, failingSince }: Subscription): void {
    // Stored by us and taken away by somebody else: on another node an attempt has succeeded.
    const isOver = failingSince === null && this.#stored.has(number) && !this.#storing.has(number);
    if (status !== 'active' || isOver) this.forget(number);
  }

  forget(number: number): void {
    this.#runs.delete(number);
    this.#stored.delete(number);
  }

  #known({ number, failingSince, updatedAt, destination }: Subscription): FailureRun | null {
    const known = this.#runs.get(number);
    if (known !== undefined) return known?.target === targetOf(destination) ? known : null;
    // When it last failed is not stored; but not after its row was last written for that.
    return failingSince === null ? null : { since: failingSince, lastAt: updatedAt };
  }

  #store(number: number): void {
    if (this.#storing.has(number)) {
      this.#storing.set(number, true);
      return;
    }
    this.#storing.set(number, false);
    const { registry, onError } = this.#options;
    registry
      .change(number, () => ({ failingSince: this.#runs.get(number)?.since ?? null }))
      .then(() => this.#wasStored(number))
      // The next attempt that ends asks for it again.
      .catch(onError)
      .finally(() => {
        const again = this.#storing.get(number) === true;
        this.#storing.delete(number);
        if (again) this.#store(number);
      });
  }

  #wasStored(number: number): void {
    if (this.#runs.get(number) !== null) this.#stored.add(number);
    else if (this.#storing.get(number) === false) this.forget(number);
  }
}
