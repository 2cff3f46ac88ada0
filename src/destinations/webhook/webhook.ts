/** Signed HTTP POST to a subscription's `target_url`. */
import type { AttemptResult } from '../../domain/attempt-result.ts';
import type { Subscription } from '../../domain/subscription.ts';
import type { Egress } from '../../egress/port.ts';
import type { Transformer } from '../../transform/port.ts';
import type { AttemptJob, Destination, RunningAttempt } from '../destination.ts';
import { payloadOf, type PayloadOptions } from '../payload.ts';
import { prepareWebhook, webhookHeaders, type PreparedWebhook } from './plan.ts';
import { createTargetSender } from './target-sender.ts';
import { TransformedAttempt } from '../transformed-attempt.ts';

interface Options {
  readonly egress: Egress;
  /** `Bellwire/x.y`. */
  readonly userAgent: string;
  readonly transformer: Transformer;
  readonly payloads: PayloadOptions;
}

type Done = (result: AttemptResult) => void;

export function createWebhookDestination(options: Options): Destination {
  const { egress, userAgent, transformer, payloads } = options;
  /** A changed subscription is a new object; besides, only time makes what is here stale. */
  const prepared = new WeakMap<Subscription, PreparedWebhook>();
  const sendToTarget = createTargetSender(egress);

  function prepare(subscription: Subscription, now: number): PreparedWebhook {
    let known = prepared.get(subscription);
    if (known === undefined || now >= known.goodUntil) {
      known = prepareWebhook(subscription, userAgent, now);
      prepared.set(subscription, known);
    }
    return known;
  }

  function send(
    job: AttemptJob,
    transformed: Uint8Array | null,
    timeoutMs: number,
    done: Done,
  ): RunningAttempt {
    const { subscription, startedAt } = job;
    const webhook = prepare(subscription, startedAt);
    const { body, headers: ofFormat } = payloadOf(job, transformed, payloads);
    // What is signed is what is sent.
    const headers = webhookHeaders(webhook, body === job.body ? job : { ...job, body });
    if (ofFormat.length > 0) headers.push(...ofFormat);
    const spentMs = subscription.timeoutMs - timeoutMs;
    return sendToTarget(
      subscription,
      {
        url: webhook.url,
        method: 'POST',
        headers,
        body,
        timeoutMs,
        maxConnections: subscription.maxInFlight,
        limitGroup: subscription.number,
        poolScope: String(subscription.tenant),
      },
      startedAt + spentMs,
      done,
    );
  }

  return {
    attempt(job, done) {
      const { transform, timeoutMs } = job.subscription;
      if (transform === null) return send(job, null, timeoutMs, done);
      // What can't be prepared is told here, while the caller listens.
      prepare(job.subscription, job.startedAt);
      return new TransformedAttempt({ job, transform, transformer, send, done });
    },
  };
}
