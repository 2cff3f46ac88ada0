/** Plans the signed HTTP request of one try. Pure: same job, same bytes. */
import type { KeyObject } from 'node:crypto';
import { deliveryId } from '../../domain/ids.ts';
import type { Subscription } from '../../domain/subscription.ts';
import {
  HEADER_AGENT_SIGNATURE,
  HEADER_ATTEMPT,
  HEADER_CONTENT_TYPE,
  HEADER_DELIVERY_ID,
  HEADER_TRACEPARENT,
  HEADER_USER_AGENT,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_SIGNATURE,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../protocol/headers.ts';
import { HmacSha256Key } from '../../protocol/hmac.ts';
import { signAgent } from '../../protocol/schemes/agent.ts';
import { signStandard, signStandardEd25519 } from '../../protocol/schemes/standard.ts';
import {
  agentKey,
  ed25519PrivateKey,
  PRIVATE_KEY_PREFIX,
  standardKey,
} from '../../protocol/secrets.ts';
import type { AttemptJob } from '../destination.ts';

/** What can be worked out once for all tries of a subscription. */
export interface PreparedWebhook {
  readonly url: URL;
  /** Name, value, name, value …: what every try carries. */
  readonly fixedHeaders: readonly string[];
  readonly standardKeys: readonly HmacSha256Key[];
  readonly ed25519Keys: readonly KeyObject[];
  /** Keyed by the newest secret; null when the scheme is off. */
  readonly agentKey: HmacSha256Key | null;
}

export function prepareWebhook(subscription: Subscription, userAgent: string): PreparedWebhook {
  const { secrets, signatures, signing, headers, destination } = subscription;
  const shared = secrets.filter((secret) => !secret.startsWith(PRIVATE_KEY_PREFIX));
  const privateKeys = secrets.filter((secret) => secret.startsWith(PRIVATE_KEY_PREFIX));
  const [newest] = shared;
  const standard = signatures.includes('standard');
  return {
    url: new URL(destination.url),
    fixedHeaders: [
      HEADER_CONTENT_TYPE,
      'application/json',
      HEADER_USER_AGENT,
      userAgent,
      // What is stored as the response must be the bytes that came.
      'accept-encoding',
      'identity',
      ...Object.entries(headers).flat(),
    ],
    standardKeys:
      standard && signing === 'hmac'
        ? shared.map((secret) => new HmacSha256Key(standardKey(secret)))
        : [],
    ed25519Keys: standard && signing === 'ed25519' ? privateKeys.map(ed25519PrivateKey) : [],
    agentKey:
      signatures.includes('agent') && newest !== undefined
        ? new HmacSha256Key(agentKey(newest))
        : null,
  };
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
  const signature = standardSignature(prepared, eventId, timestamp, body);
  if (signature !== '') headers.push(HEADER_WEBHOOK_SIGNATURE, signature);
  if (prepared.agentKey !== null) {
    headers.push(HEADER_AGENT_SIGNATURE, signAgent(prepared.agentKey, body));
  }
  return headers;
}

/** One signature for each live secret, space separated (Standard Webhooks, "Signature scheme"). */
function standardSignature(
  { standardKeys, ed25519Keys }: PreparedWebhook,
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  const [first] = standardKeys;
  if (standardKeys.length === 1 && first !== undefined) {
    return signStandard(first, id, timestamp, body);
  }
  return [
    ...standardKeys.map((key) => signStandard(key, id, timestamp, body)),
    ...ed25519Keys.map((key) => signStandardEd25519(key, id, timestamp, body)),
  ].join(' ');
}

const SAMPLED = '01';

/**
 * W3C Trace Context: one trace for each delivery, one span for each try. Derived, not drawn, so
 * that all tries share a trace across restarts without storing it.
 */
function traceparent(job: AttemptJob): string {
  const { createdAt, sequence, subscription, startedAt, attemptNumber } = job;
  const trace = hexInstant(createdAt) + hex(sequence, 14) + hex(subscription.number, 6);
  return `00-${trace}-${hexInstant(startedAt)}${hex(attemptNumber, 4)}-${SAMPLED}`;
}

let lastInstant = -1;
let lastInstantHex = '';

/** Twelve digits; remembers the last instant, because many tries share their millisecond. */
function hexInstant(instant: number): string {
  if (instant !== lastInstant) {
    lastInstantHex = hex(instant, 12);
    lastInstant = instant;
  }
  return lastInstantHex;
}

const ZEROS = '0'.repeat(16);

/** Lower-case hex, the last `width` digits. */
function hex(value: number, width: number): string {
  const digits = value.toString(16);
  if (digits.length > width) return digits.slice(-width);
  return ZEROS.slice(0, width - digits.length) + digits;
}
