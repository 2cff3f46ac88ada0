/**
 * The API's shapes as they are on the wire, hence snake_case: what the documentation, a log or a
 * curl shows is what the code says. The API may add fields; none is renamed.
 */

import type { Destination } from './destinations.ts';

export type { BrokerCredentials, Destination } from './destinations.ts';

/** Instants are ISO 8601 in UTC. */
export type Instant = string;
export type Metadata = Readonly<Record<string, unknown>>;
/** Matched against the delivered envelope: plain values mean equality, siblings are ANDed. */
export type Filter = Readonly<Record<string, unknown>>;

export interface PublishEvent {
  readonly event_type: string;
  /** Any JSON; `{}` when left out. */
  readonly data?: unknown;
  /** Yours becomes the `webhook-id`, and publishing it twice is a duplicate. */
  readonly id?: string;
  readonly task_id?: string;
  readonly run_id?: string;
  readonly status?: string;
  readonly ordering_key?: string;
  /** False: one attempt, whatever the schedules of the subscriptions say. */
  readonly retry?: boolean;
  readonly occurred_at?: Instant;
  readonly deliver_at?: Instant;
  readonly metadata?: Metadata;
  /** Goes to this subscription alone, whatever event types it asked for. */
  readonly subscription_id?: string;
}

export interface BroadcastEvent extends Omit<PublishEvent, 'subscription_id'> {
  /** Names; all tenants when left out. */
  readonly tenants?: readonly string[];
}

export interface BroadcastResult {
  readonly tenants: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly deliveries: number;
  /** The first thousand. The same call with the same key or id reaches those that are missing. */
  readonly failures: readonly { readonly tenant: string; readonly error: Problem }[];
}

export interface PublishResult {
  readonly id: string;
  readonly event_type: string;
  /** How many subscriptions it matched. */
  readonly deliveries: number;
  readonly duplicate: boolean;
  /** What the event catalogue had to say; absent when it had nothing. */
  readonly warnings?: readonly Warning[];
}

export interface Warning {
  /** Stable, such as `schema_mismatch` or `deprecated_event_type`. */
  readonly code: string;
  /** JSON Pointer into the request, such as `/data/amount`. */
  readonly pointer: string;
  readonly detail: string;
}

/** What became of one event of a batch. */
export interface BatchItem {
  /** Its place among the events sent, from 0. */
  readonly index: number;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  /** Absent when it was rejected. */
  readonly id?: string;
  readonly deliveries?: number;
  readonly duplicate: boolean;
  readonly warnings?: readonly Warning[];
  /** Why it was rejected; nothing of it was stored. */
  readonly error?: Problem;
}

export interface BatchResult {
  /** In the order of the events sent. */
  readonly data: readonly BatchItem[];
}

/** RFC 9457, with what to do next. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable. */
  readonly code: string;
  readonly next_step: string;
  /** With `quota_exceeded`: which one. */
  readonly quota?: string;
  readonly errors?: readonly ProblemPart[];
}

/** One thing that is wrong with a request; one of the three places is set. */
export interface ProblemPart {
  /** JSON Pointer (RFC 6901) into the body. */
  readonly pointer?: string;
  /** Name of a query or path parameter. */
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
  readonly code: string;
  /** Where in the text at that place; lines and columns count from 1. */
  readonly position?: { readonly offset: number; readonly line: number; readonly column: number };
}

export interface Event {
  readonly id: string;
  readonly event_type: string;
  readonly source_id: string | null;
  readonly provider_event_id: string | null;
  readonly task_id: string | null;
  readonly run_id: string | null;
  readonly status: string | null;
  readonly ordering_key: string | null;
  readonly metadata: Metadata | null;
  /** Exactly as published. */
  readonly data: unknown;
  /** What the event catalogue had to say when it was published. */
  readonly warnings: readonly Warning[];
  readonly occurred_at: Instant;
  readonly created_at: Instant;
  readonly deliveries: DeliveryCounts;
}

export interface DeliveryCounts {
  readonly matched: number;
  readonly delivered: number;
  readonly pending: number;
  readonly exhausted: number;
  readonly held: number;
  readonly cancelled: number;
}

export type SubscriptionStatus = 'active' | 'paused' | 'disabled' | 'pending_challenge';

/** Both of the first two by default; a flavour stands under a header of your choice. */
export type Signature =
  | 'standard'
  | 'agent'
  | { readonly scheme: 'stripe' | 'github'; readonly header: string };

/** How the target lets us in. Passwords, tokens and secrets are written and never read. */
export type TargetAuth =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'oauth2';
      readonly token_url: string;
      readonly client_id: string;
      readonly client_secret: string;
      readonly scope?: string;
      readonly audience?: string;
      /** Default `basic`. */
      readonly client_auth?: 'basic' | 'body';
    };

/** For mutual TLS; PEM texts. */
export interface ClientCertificate {
  /** With its issuers behind it. */
  readonly certificate: string;
  readonly private_key: string;
  /** Who may have issued the certificate of the target. */
  readonly ca?: string;
}

/** Whether the target has said that it wants the events. */
export interface Challenge {
  /** `options` is the handshake of CloudEvents; null before the first time. */
  readonly method: 'echo' | 'options' | null;
  readonly passed_at: Instant | null;
  readonly tried_at: Instant | null;
  /** Why it has not passed. */
  readonly failure: string | null;
}

/** What may be known of a client certificate. */
export interface CertificateFacts {
  /** SHA-256. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly expires_at: Instant;
}
/** How the body is written; `thin` holds id, type and a link to the rest. */
export type PayloadFormat = 'bellwire' | 'cloudevents' | 'cloudevents_binary' | 'thin';

export interface SubscriptionSettings {
  readonly name?: string;
  readonly filter?: Filter;
  readonly source_id?: string;
  /** Seconds between tries. */
  readonly retry_schedule?: readonly number[];
  readonly timeout_ms?: number;
  readonly rate_limit?: number;
  readonly max_in_flight?: number;
  readonly ordered?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signatures?: readonly Signature[];
  readonly signing?: 'hmac' | 'ed25519';
  readonly auth?: TargetAuth | null;
  readonly client_certificate?: ClientCertificate | null;
  /** Whether the target has to say that it wants the events before it gets the first one. */
  readonly challenge?: boolean;
  readonly payload_format?: PayloadFormat;
  readonly transform?: string;
  readonly expires_at?: Instant;
  readonly metadata?: Metadata;
}

/** Give `event_type` or `event_types`, and `target_url` or `destination`. */
export interface CreateSubscription extends SubscriptionSettings {
  readonly event_type?: string;
  readonly event_types?: readonly string[];
  readonly target_url?: string;
  readonly destination?: Destination;
  /** Generated when left out. */
  readonly secret?: string;
}

/** `null` takes a setting back to its default. */
export type UpdateSubscription = {
  readonly [Field in keyof SubscriptionSettings]?: SubscriptionSettings[Field] | null;
} & {
  readonly event_types?: readonly string[];
  readonly target_url?: string;
  readonly destination?: Destination;
};

export interface Subscription {
  readonly id: string;
  readonly event_types: readonly string[];
  /** Null where events do not go to a webhook. */
  readonly target_url?: string | null;
  readonly destination?: Destination;
  readonly filter: Filter | null;
  /** A JSONata expression. */
  readonly transform: string | null;
  readonly payload_format: PayloadFormat;
  readonly source_id: string | null;
  readonly status: SubscriptionStatus;
  readonly disabled_reason: string | null;
  readonly ordered: boolean;
  readonly expires_at: Instant | null;
  readonly max_in_flight: number;
  readonly signatures: readonly Signature[];
  readonly signing: 'hmac' | 'ed25519';
  /** `whpk_…` with ed25519. */
  readonly public_key: string | null;
  /** Of keys that were replaced and still sign, newest first. */
  readonly previous_public_keys: readonly string[];
  /** When the last secret that was replaced stops signing. */
  readonly previous_secrets_expire_at: Instant | null;
  /** `kind` and what else is no secret. */
  readonly auth: { readonly kind: string; readonly [field: string]: unknown } | null;
  readonly client_certificate: CertificateFacts | null;
  readonly challenge: Challenge | null;
  readonly created_at: Instant;
  /** Of the event catalogue, on creation and change. */
  readonly warnings?: readonly Warning[];
}

export interface CreatedSubscription extends Subscription {
  /** In this reply only. */
  readonly secret: string;
}

export interface RotateSecret {
  /** How long the former secret goes on signing, 0 to 604,800; a day when left out. */
  readonly overlap_seconds?: number;
  /** Generated when left out. */
  readonly secret?: string;
  /** To change the kind of signature; it stays when left out. */
  readonly signing?: 'hmac' | 'ed25519';
}

export interface RotatedSecret extends Subscription {
  /** In this reply only. */
  readonly secret: string;
}

/** How the destination has been doing; the API documents the figures. */
export type SubscriptionHealth = Readonly<Record<string, unknown>>;

/** What a filter says to an event. */
export interface FilterTest {
  readonly matches: boolean;
  /** JSON Pointer to the condition that failed first. */
  readonly pointer: string | null;
  readonly reason: string | null;
}

export interface TransformTest {
  /** The body that would be sent. */
  readonly output: unknown;
}

export type DeliveryStatus =
  | 'pending'
  | 'sending'
  | 'waiting'
  | 'held'
  | 'delivered'
  | 'exhausted'
  | 'cancelled';

export interface Delivery {
  readonly id: string;
  readonly event_id: string;
  /** `null` when the subscription is gone. */
  readonly subscription_id: string | null;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly next_attempt_at: Instant | null;
  readonly reason: string | null;
  readonly created_at: Instant;
}

export interface Attempt {
  readonly id: string;
  readonly delivery_id: string;
  /** Counted from 1. */
  readonly number: number;
  readonly trigger: 'initial' | 'retry' | 'resend' | 'replay';
  readonly outcome: 'succeeded' | 'failed';
  readonly failure_reason: string | null;
  /** One sentence about a failure. */
  readonly detail: string | null;
  readonly response_status: number | null;
  readonly response_headers: Readonly<Record<string, string>> | null;
  readonly response_body: string | null;
  /** The same bytes, when they are not UTF-8. */
  readonly response_body_base64?: string;
  readonly duration_ms: number;
  readonly started_at: Instant;
  readonly next_attempt_at: Instant | null;
}

export interface CreateApiKey {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly expires_at?: Instant;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string | null;
  readonly scopes: readonly string[];
  readonly expires_at: Instant | null;
  readonly created_at: Instant;
}

export interface CreatedApiKey extends ApiKey {
  /** The key itself, in this reply only. */
  readonly key: string;
}

export interface ListQuery {
  /** Page size, at most 250. */
  readonly limit?: number;
  /** Where to begin; a `next_cursor` of an earlier page. */
  readonly cursor?: string;
}

export interface ListEvents extends ListQuery {
  readonly event_type?: string;
  readonly task_id?: string;
  readonly run_id?: string;
  readonly source_id?: string;
  readonly since?: Instant;
  readonly until?: Instant;
}

export interface ListSubscriptions extends ListQuery {
  readonly status?: SubscriptionStatus;
}

export interface ListDeliveries extends ListQuery {
  readonly status?: DeliveryStatus;
  readonly event_id?: string;
  readonly subscription_id?: string;
}
