/** A wish: which events, to which destination, signed with which secrets, under which policy. */

export type SubscriptionStatus = 'active' | 'paused' | 'disabled';

export type SignatureScheme = 'standard' | 'agent';

export interface WebhookDestination {
  readonly kind: 'webhook';
  /** Normalised by WHATWG URL (`url.href`). */
  readonly url: string;
}

/** What its owner chose. Everything here may be changed later by PATCH. */
export interface SubscriptionSettings {
  readonly name: string | null;
  /** Patterns: exact, `task.*`, `task.**`, `**`. */
  readonly eventTypes: readonly string[];
  readonly destination: WebhookDestination;
  /** Seconds between tries; its length is the number of retries. */
  readonly retryScheduleSeconds: readonly number[];
  readonly timeoutMs: number;
  /** Attempts a second, or null for no limit. */
  readonly rateLimit: number | null;
  readonly maxInFlight: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly signatures: readonly SignatureScheme[];
  readonly signing: 'hmac' | 'ed25519';
  readonly metadata: Readonly<Record<string, string>>;
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
  readonly secrets: readonly string[];
}
