/** Signed HTTP POST to a subscription's `target_url`. */
import type { Subscription } from '../../domain/subscription.ts';
import type { Egress } from '../../egress/port.ts';
import type { Destination } from '../destination.ts';
import { prepareWebhook, webhookHeaders, type PreparedWebhook } from './plan.ts';

interface Options {
  readonly egress: Egress;
  /** `Bellwire/x.y`. */
  readonly userAgent: string;
}

export function createWebhookDestination({ egress, userAgent }: Options): Destination {
  /** A changed subscription is a new object, so nothing here can go stale. */
  const prepared = new WeakMap<Subscription, PreparedWebhook>();

  function prepare(subscription: Subscription): PreparedWebhook {
    let known = prepared.get(subscription);
    if (known === undefined) {
      known = prepareWebhook(subscription, userAgent);
      prepared.set(subscription, known);
    }
    return known;
  }

  return {
    attempt(job, done) {
      const { subscription, body } = job;
      const webhook = prepare(subscription);
      return egress.send(
        {
          url: webhook.url,
          method: 'POST',
          headers: webhookHeaders(webhook, job),
          body,
          timeoutMs: subscription.timeoutMs,
          maxConnections: subscription.maxInFlight,
          poolScope: String(subscription.tenant),
        },
        done,
      );
    },
  };
}
