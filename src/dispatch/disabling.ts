/**
 * Bellwire itself disables subscriptions: those that ask for it, fail for too long, or have
 * expired. From the moment that is decided nothing more is sent, whatever the store says to it.
 */
import type { Subscription, SubscriptionStatus } from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { mayWorkAgain } from '../storage/storage.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';

/** Pause after the store refused. */
const FAILED_MS = 1_000;

interface Options {
  readonly registry: SubscriptionRegistry;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Told after its snapshot changed. */
  readonly onDisabled: (subscription: Subscription, reason: string) => void;
  /** It is not disabled after all: what was held meanwhile goes on. */
  readonly calledOff: (subscription: Subscription) => void;
  readonly onError: (error: unknown) => void;
}

export class Disabling {
  readonly #options: Options;
  /** Decided, but not stored yet. */
  readonly #decided = new Set<number>();

  constructor(options: Options) {
    this.#options = options;
  }

  isDecided(subscription: number): boolean {
    return this.#decided.size > 0 && this.#decided.has(subscription);
  }

  disable(subscription: Subscription, reason: string): void {
    if (subscription.status === 'disabled' || this.isDecided(subscription.number)) return;
    this.#decided.add(subscription.number);
    this.#store(subscription, reason);
  }

  #store(subscription: Subscription, reason: string): void {
    const { registry, clock, onError } = this.#options;
    const { number } = subscription;
    let former: SubscriptionStatus | undefined;
    const change = ({ status, disabledReason }: Subscription) => {
      former = status;
      return {
        status: 'disabled',
        disabledReason: status === 'disabled' ? disabledReason : reason,
      } as const;
    };
    registry
      .change(number, change)
      .then((changed) => {
        this.#decided.delete(number);
        if (changed !== undefined && former !== 'disabled') this.#tell(changed, reason);
      })
      .catch((error: unknown) => {
        onError(error);
        if (mayWorkAgain(error)) clock.setTimer(FAILED_MS, () => this.#again(subscription, reason));
      });
  }

  /** Unless somebody has changed it since: then the next attempt decides anew. */
  #again(subscription: Subscription, reason: string): void {
    const current = this.#options.registry.byNumber(subscription.number);
    if (current === subscription) return this.#store(subscription, reason);
    this.#decided.delete(subscription.number);
    if (current !== undefined) this.#options.calledOff(current);
  }

  #tell(subscription: Subscription, reason: string): void {
    const { telemetry, clock, onDisabled } = this.#options;
    telemetry.emit({ event: 'subscription.disabled', at: clock.now(), subscription, reason });
    onDisabled(subscription, reason);
  }
}
