/** Plans the signed HTTP request of one try. Pure: same job, same bytes. */
import { targetOf } from '../../domain/destination.ts';
import { deliveryId } from '../../domain/ids.ts';
import { firstEnd, unexpired } from '../../domain/signing-secrets.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { fixedAuthorization } from '../../domain/target-auth.ts';
import {
  HEADER_ATTEMPT,
  HEADER_CONTENT_TYPE,
  HEADER_DELIVERY_ID,
  HEADER_REQUEST_ORIGIN,
  HEADER_TRACEPARENT,
  HEADER_USER_AGENT,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../protocol/headers.ts';
import type { AttemptJob } from '../destination.ts';
import { contentTypeOf } from '../payload.ts';
import { traceparent } from '../traceparent.ts';
import { prepareSignatures, pushSignatures, type PreparedSignatures } from './signatures.ts';

/** What can be worked out once for all tries of a subscription. */
export interface PreparedWebhook {
  readonly url: URL;
  /** Name, value, name, value …: what every try carries. */
  readonly fixedHeaders: readonly string[];
  readonly signatures: PreparedSignatures;
  /** When the next secret stops signing, milliseconds; from then on it must be prepared anew. */
  readonly goodUntil: number;
}

/** @param now wall clock, milliseconds: secrets that have ended by then do not sign. */
export function prepareWebhook(
  subscription: Subscription,
  userAgent: string,
  now: number,
): PreparedWebhook {
  const origin = subscription.challenge?.origin ?? null;
  return {
    url: new URL(targetOf(subscription.destination)),
    fixedHeaders: [
      HEADER_CONTENT_TYPE,
      contentTypeOf(subscription.payloadFormat),
      HEADER_USER_AGENT,
      userAgent,
      // What is stored as the response must be the bytes that came.
      'accept-encoding',
      'identity',
      ...accessHeaders(subscription),
      ...(origin === null ? [] : [HEADER_REQUEST_ORIGIN, origin]),
    ],
    signatures: prepareSignatures(subscription, now),
    goodUntil: firstEnd(unexpired(subscription.secrets, now)),
  };
}

/** What its owner wants every request to its target to carry: own headers, and credentials. */
export function accessHeaders({ headers, auth }: Subscription): string[] {
  const authorization = auth === null ? null : fixedAuthorization(auth);
  const flat = Object.entries(headers).flat();
  return authorization === null ? flat : [...flat, 'authorization', authorization];
}

/** The flat header list of one try, signatures included. */
export function webhookHeaders(prepared: PreparedWebhook, job: AttemptJob): string[] {
  const { eventId, sequence, createdAt, subscription, attemptNumber, startedAt, body } = job;
  const timestamp = Math.floor(startedAt / 1000);
  const headers = [
    ...prepared.fixedHeaders,
    HEADER_WEBHOOK_ID,
    eventId,
    HEADER_WEBHOOK_TIMESTAMP,
    String(timestamp),
    HEADER_DELIVERY_ID,
    deliveryId(createdAt, sequence, subscription.number),
    HEADER_ATTEMPT,
    String(attemptNumber),
    HEADER_TRACEPARENT,
    traceparent(job),
  ];
  pushSignatures(headers, prepared.signatures, { id: eventId, timestamp, body });
  return headers;
}
