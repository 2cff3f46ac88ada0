/** A wish: which events, to which destination, signed with which secrets, under which policy. */
import type { Challenge } from './challenge.ts';
import type { ClientCertificate } from './client-certificate.ts';
import type { Credentials, DestinationSpec } from './destination.ts';
import { DEFAULT_MAX_IN_FLIGHT, DEFAULT_TIMEOUT_MS } from './limits.ts';
import { DEFAULT_SCHEDULE_SECONDS } from './retry-policy.ts';
import type { SignatureScheme } from './signature-choices.ts';
import type { Signing, SigningSecret } from './signing-secrets.ts';
import type { TargetAuth } from './target-auth.ts';

export { liveSecret, type SigningSecret } from './signing-secrets.ts';

export const SUBSCRIPTION_STATUSES = ['active', 'paused', 'disabled', 'pending_challenge'] as const;
/** Only an active one is delivered to; what the others match is held. */
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export const PAYLOAD_FORMATS = ['bellwire', 'cloudevents', 'cloudevents_binary', 'thin'] as const;
/** How the request body is written; see `destinations/webhook`. */
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** A JSON object; `filter.ts` gives it its meaning. */
export type FilterDocument = Readonly<Record<string, unknown>>;

/** What a setting is that its owner did not choose, and in rows written before it existed. */
export const DEFAULT_CHOICES: Omit<SubscriptionSettings, 'eventTypes' | 'destination'> = {
  name: null,
  retryScheduleSeconds: DEFAULT_SCHEDULE_SECONDS,
  timeoutMs: DEFAULT_TIMEOUT_MS,
  rateLimit: null,
  maxInFlight: DEFAULT_MAX_IN_FLIGHT,
  headers: {},
  signatures: ['standard', 'agent'],
  signing: 'hmac',
  metadata: {},
  filter: null,
  transform: null,
  payloadFormat: 'bellwire',
  ordered: false,
  expiresAt: null,
  auth: null,
  clientCertificate: null,
  credentials: null,
  challenge: null,
};

/** What its owner chose. Everything here may be changed later by PATCH. */
export interface SubscriptionSettings {
  readonly name: string | null;
  /** Patterns: exact, `task.*`, `task.**`, `**`. */
  readonly eventTypes: readonly string[];
  readonly destination: DestinationSpec;
  /** Seconds between tries; its length is the number of retries. */
  readonly retryScheduleSeconds: readonly number[];
  readonly timeoutMs: number;
  /** Attempts a second, or null for no limit. */
  readonly rateLimit: number | null;
  readonly maxInFlight: number;
  /** They often carry credentials, so the store keeps them sealed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signatures: readonly SignatureScheme[];
  readonly signing: Signing;
  readonly metadata: Readonly<Record<string, string>>;
  /** Matched against envelope and metadata of each event; null takes all. */
  readonly filter: FilterDocument | null;
  /** JSONata over the envelope, or null to send it as it is. */
  readonly transform: string | null;
  readonly payloadFormat: PayloadFormat;
  /** Event n+1 of an ordering key is not attempted before n is final. */
  readonly ordered: boolean;
  /** When the wish ends, milliseconds; null for never. */
  readonly expiresAt: number | null;
  /** How its target lets us in, or null. The store keeps it sealed, beside the secrets. */
  readonly auth: TargetAuth | null;
  /** What it shows in mutual TLS, or null. Sealed, too. */
  readonly clientCertificate: ClientCertificate | null;
  /** What a destination other than a webhook asks for, or null. Sealed, too. */
  readonly credentials: Credentials | null;
  /** Whether the target has to say that it wants the events; null when nobody asks it. */
  readonly challenge: Challenge | null;
}

export interface Subscription extends SubscriptionSettings {
  /** Position in the store; never reused. The public id is derived from it. */
  readonly number: number;
  readonly id: string;
  readonly tenant: number;
  readonly status: SubscriptionStatus;
  readonly disabledReason: string | null;
  /** When the unbroken row of failures began, or null while it delivers. Milliseconds. */
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Live signing secrets, newest first. In memory only; the store keeps them sealed. */
  readonly secrets: readonly SigningSecret[];
}
