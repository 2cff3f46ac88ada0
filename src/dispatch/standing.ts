/**
 * Whether a subscription is sent to: what its owner, its receiver, its failures and its end say.
 */
import type { Subscription } from '../domain/subscription.ts';
import { EXPIRED, isExpired } from '../domain/subscription-expiry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import { Disabling } from './disabling.ts';
import { EndpointWatch } from './endpoint-watch.ts';
import { Expiry } from './expiry.ts';

const FAILING_TOO_LONG = 'all its attempts have failed for five days';

interface Options {
  readonly registry: SubscriptionRegistry;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Told after its snapshot changed. */
  readonly onDisabled: (subscription: Subscription, reason: string) => void;
  /** What was held of it may go on. */
  readonly release: (subscription: number) => void;
  readonly onError: (error: unknown) => void;
}

export class Standing {
  readonly watch: EndpointWatch;
  readonly #options: Options;
  readonly #disabling: Disabling;
  readonly #expiry: Expiry;

  constructor(options: Options) {
    this.#options = options;
    const { registry } = options;
    this.#disabling = new Disabling({
      ...options,
      calledOff: ({ number }) => options.release(number),
    });
    this.watch = new EndpointWatch({
      ...options,
      giveUp: (subscription) => this.end(subscription, FAILING_TOO_LONG),
    });
    this.#expiry = new Expiry({
      ...options,
      directory: registry,
      end: (subscription) => this.end(subscription, EXPIRED),
    });
  }

  stop(): void {
    this.#expiry.stop();
  }

  /** Disables it. @param reason one sentence for a person. */
  end(subscription: Subscription, reason: string): void {
    this.#disabling.disable(subscription, reason);
  }

  /** Why nothing is sent to it at present, or undefined. */
  heldBy(subscription: Subscription): string | undefined {
    const { status, number, expiresAt } = subscription;
    if (status !== 'active') return `the subscription is ${status}`;
    if (this.#disabling.isDecided(number)) return 'the subscription is being disabled';
    if (expiresAt === null || !isExpired(subscription, this.#options.clock.now())) return undefined;
    return 'the subscription has expired';
  }

  /** It is new, or was found at the start. */
  created(subscription: Subscription): void {
    this.#expiry.follow(subscription);
  }

  changed(subscription: Subscription): void {
    this.watch.changed(subscription);
    this.#expiry.follow(subscription);
  }

  deleted({ number }: Subscription): void {
    this.watch.forget(number);
    this.#expiry.forget(number);
  }
}
