/** A subscription as readers see it. Secrets never come here. */
import type { z } from 'zod';
import type { Subscription } from '../../domain/subscription.ts';
import { decodeBase64, encodeBase64 } from '../../protocol/base64.ts';
import { PRIVATE_KEY_PREFIX, PUBLIC_KEY_PREFIX } from '../../protocol/secrets.ts';
import { isoTime, isoTimeOrNull } from '../common-schema.ts';
import { shownHeaders } from './shown-headers.ts';
import type { subscriptionOutput } from './subscription-schema.ts';

/** A `whsk_` key holds the 32-byte seed and behind it the public key. */
const SEED_BYTES = 32;

export function subscriptionJson(subscription: Subscription): z.output<typeof subscriptionOutput> {
  const { destination } = subscription;
  return {
    id: subscription.id,
    name: subscription.name,
    event_types: [...subscription.eventTypes],
    target_url: destination.url,
    destination,
    filter: null,
    source_id: null,
    status: subscription.status,
    disabled_reason: subscription.disabledReason,
    failing_since: isoTimeOrNull(subscription.failingSince),
    retry_schedule: [...subscription.retryScheduleSeconds],
    timeout_ms: subscription.timeoutMs,
    rate_limit: subscription.rateLimit,
    max_in_flight: subscription.maxInFlight,
    ordered: false,
    headers: shownHeaders(subscription.headers),
    signatures: [...subscription.signatures],
    signing: subscription.signing,
    public_key: publicKey(subscription.secrets),
    payload_format: 'bellwire',
    metadata: subscription.metadata,
    created_at: isoTime(subscription.createdAt),
    updated_at: isoTime(subscription.updatedAt),
  };
}

/** The public half of the newest signing key. */
function publicKey(secrets: readonly string[]): string | null {
  const secret = secrets.find((text) => text.startsWith(PRIVATE_KEY_PREFIX));
  const bytes = secret && decodeBase64(secret.slice(PRIVATE_KEY_PREFIX.length));
  return bytes ? PUBLIC_KEY_PREFIX + encodeBase64(bytes.subarray(SEED_BYTES)) : null;
}
