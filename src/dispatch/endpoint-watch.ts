/**
 * Watches each subscription's run of failures. A short one stays in memory: writing every change of
 * a flapping target would cost more than its deliveries.
 */
import { endpointHealth } from '../domain/endpoint-health.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';

/** A run of failures of this age is stored, so that a restart does not forget it. */
const STORE_AFTER_MS = 60_000;

interface Options {
  readonly registry: SubscriptionRegistry;
  /** All its attempts have failed for as long as the rule allows. */
  readonly giveUp: (subscription: Subscription) => void;
  readonly onError: (error: unknown) => void;
}

export class EndpointWatch {
  readonly #options: Options;
  /** Runs of failures that are not stored yet. */
  readonly #young = new Map<number, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  succeeded(subscription: Subscription): void {
    if (this.#young.size > 0) this.#young.delete(subscription.number);
    if (subscription.failingSince !== null) this.#store(subscription, null);
  }

  failed(subscription: Subscription, now: number): void {
    const { number } = subscription;
    const known = subscription.failingSince ?? this.#young.get(number) ?? null;
    const { failingSince, disable } = endpointHealth(known, 'failed', now);
    if (failingSince === null) return;
    if (subscription.failingSince === null) {
      if (now - failingSince < STORE_AFTER_MS) this.#young.set(number, failingSince);
      else this.#store(subscription, failingSince);
    }
    if (disable && subscription.status === 'active') this.#options.giveUp(subscription);
  }

  /** Since when it has been failing, or null. */
  failingSince(subscription: Subscription): number | null {
    return subscription.failingSince ?? this.#young.get(subscription.number) ?? null;
  }

  forget(number: number): void {
    this.#young.delete(number);
  }

  #store(subscription: Subscription, failingSince: number | null): void {
    this.#young.delete(subscription.number);
    const { registry, onError } = this.#options;
    registry.change(subscription.number, { failingSince }).catch(onError);
  }
}
