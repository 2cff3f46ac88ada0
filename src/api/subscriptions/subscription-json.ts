/** A subscription as readers see it. Secrets never come here. */
import type { z } from 'zod';
import { webhookUrl } from '../../domain/destination.ts';
import { isKeyPair } from '../../domain/signing-secrets.ts';
import type { SigningSecret, Subscription } from '../../domain/subscription.ts';
import { decodeBase64, encodeBase64 } from '../../protocol/base64.ts';
import { PRIVATE_KEY_PREFIX, PUBLIC_KEY_PREFIX } from '../../protocol/secrets.ts';
import { isoTime, isoTimeOrNull } from '../common-schema.ts';
import { destinationJson } from './destination-json.ts';
import { shownHeaders } from './shown-headers.ts';
import type { subscriptionOutput } from './subscription-schema.ts';
import { targetAccessJson } from './target-access.ts';
import { challengeJson } from './verification.ts';

/** A `whsk_` key holds the 32-byte seed and behind it the public key. */
const SEED_BYTES = 32;

export function subscriptionJson(subscription: Subscription): z.output<typeof subscriptionOutput> {
  const { destination } = subscription;
  return {
    id: subscription.id,
    name: subscription.name,
    event_types: [...subscription.eventTypes],
    target_url: webhookUrl(destination),
    destination: destinationJson(subscription),
    filter: subscription.filter,
    source_id: subscription.sourceId,
    status: subscription.status,
    disabled_reason: subscription.disabledReason,
    failing_since: isoTimeOrNull(subscription.failingSince),
    retry_schedule: [...subscription.retryScheduleSeconds],
    timeout_ms: subscription.timeoutMs,
    rate_limit: subscription.rateLimit,
    max_in_flight: subscription.maxInFlight,
    ordered: subscription.ordered,
    expires_at: isoTimeOrNull(subscription.expiresAt),
    headers: shownHeaders(subscription.headers),
    signatures: [...subscription.signatures],
    signing: subscription.signing,
    ...secretFacts(subscription),
    ...targetAccessJson(subscription),
    challenge: challengeJson(subscription.challenge),
    transform: subscription.transform,
    payload_format: subscription.payloadFormat,
    metadata: subscription.metadata,
    created_at: isoTime(subscription.createdAt),
    updated_at: isoTime(subscription.updatedAt),
  };
}

/** What may be known of the secrets: public halves, and when the former ones end. */
function secretFacts({ secrets, signing }: Subscription) {
  const [newest, ...others] = secrets.filter(isKeyPair);
  const isCurrent = signing === 'ed25519' && newest !== undefined;
  const former = isCurrent ? others : secrets.filter(isKeyPair);
  const ends = secrets.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]));
  return {
    public_key: isCurrent ? publicKey(newest) : null,
    previous_public_keys: former.map(publicKey),
    previous_secrets_expire_at: ends.length === 0 ? null : isoTime(Math.max(...ends)),
  };
}

function publicKey({ text }: SigningSecret): string {
  const bytes = decodeBase64(text.slice(PRIVATE_KEY_PREFIX.length));
  if (bytes === undefined) throw new TypeError('A signing key is not base64');
  return PUBLIC_KEY_PREFIX + encodeBase64(bytes.subarray(SEED_BYTES));
}
