/** Sources, providers and inbound requests as they are on the wire. */
import type { Instant, ListQuery } from './types.ts';

export type SourceStatus = 'active' | 'paused';

/** Exactly one of the three. */
export type SourceDedupe =
  /** JSON Pointer into the body, such as `/data/id`. */
  | { readonly path: string }
  | { readonly header: string }
  /** The bytes of the whole body. */
  | { readonly body: true };

export interface SourceReply {
  /** A 2xx. */
  readonly status?: number;
  readonly content_type?: string | null;
  readonly body?: string | null;
}

interface SourceSecrets {
  /** As the provider shows it. */
  readonly secret?: string;
  /** Several that are valid at the same time, newest first; instead of `secret`. */
  readonly secrets?: readonly string[];
}

interface SourceChoices {
  /** For people. */
  readonly name?: string | null;
  /** What the provider asks for in its `settings`; besides `event_type`, `event_type_from`, … */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Addresses, networks, or `provider` for the networks it publishes. Empty: all. */
  readonly ip_allowlist?: readonly string[];
  /** Default: the provider's event id, else the body. */
  readonly dedupe?: SourceDedupe | null;
  /** Default: 200 and nothing. */
  readonly reply?: SourceReply | null;
  /** Lets anybody in who knows the URL. */
  readonly allow_unsigned?: boolean;
  /** Requests a second. */
  readonly rate_limit?: number | null;
  /** JSON Pointers to what is kept of `data`. */
  readonly fields?: readonly string[] | null;
  readonly max_body_bytes?: number | null;
}

export interface CreateSource extends SourceSecrets, SourceChoices {
  /** An id of the provider catalogue, `custom` or `none`. */
  readonly provider: string;
}

/** What is left out stays. */
export interface UpdateSource extends SourceSecrets, SourceChoices {}

export interface RotateSourceSecret {
  readonly secret: string;
  /** For so long the secrets before it go on verifying. */
  readonly overlap_seconds?: number;
}

export interface Source {
  readonly id: string;
  readonly provider: string;
  readonly name: string | null;
  /** Give it to the provider. Whoever knows it may knock; null for what has none, as polling. */
  readonly url: string | null;
  readonly status: SourceStatus;
  /** Why it is out of order in spite of its status. */
  readonly locked_reason: string | null;
  /** Values that are credentials are hidden. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly ip_allowlist: readonly string[];
  readonly dedupe: SourceDedupe | null;
  readonly reply: Required<SourceReply> | null;
  readonly allow_unsigned: boolean;
  readonly rate_limit: number | null;
  readonly fields: readonly string[] | null;
  readonly max_body_bytes: number;
  /** How many secrets verify at present. */
  readonly live_secrets: number;
  readonly previous_secrets_expire_at: Instant | null;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  /** How its requests are verified: `hmac`, `token`, `none`, … */
  readonly scheme: string;
  /** Where it says what happened. */
  readonly event_type: string | null;
  /** Where its event id stands; null: the body decides what is a repeat. */
  readonly event_id: string | null;
  readonly signs_event_id: boolean;
  readonly handshake: string | null;
  readonly auth_failure_status: number;
  readonly content_types: readonly string[];
  /** How it repeats what was not taken. */
  readonly retry: string | null;
  readonly ip_ranges: readonly string[];
  readonly settings: readonly ProviderSetting[];
  /** Where a person finds the secret. */
  readonly secret_hint: string;
  readonly confidence: 'verified-primary' | 'verified-secondary' | 'memory' | 'given';
  readonly unverified_fields: readonly string[];
  readonly documentation: string;
  readonly notes: string;
}

/** A key of a source's `config`. */
export interface ProviderSetting {
  readonly name: string;
  readonly required: boolean;
  readonly meaning: string;
}

export type InboundStatus = 'accepted' | 'duplicate' | 'rejected' | 'handshake';

/** One call to a source, and what became of it. */
export interface InboundRequest {
  readonly id: string;
  readonly source_id: string;
  readonly status: InboundStatus;
  /** A code such as `wrong_signature`. */
  readonly reason: string | null;
  /** One sentence for a person. */
  readonly detail: string | null;
  /** What it became, or what it repeats. */
  readonly event_id: string | null;
  readonly provider_event_id: string | null;
  /** Null where it was accepted: the event has the content. */
  readonly method: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  /** The first bytes of what was rejected. */
  readonly body: string | null;
  readonly body_encoding: 'utf8' | 'base64' | null;
  readonly body_bytes: number;
  readonly remote_address: string | null;
  readonly received_at: Instant;
}

export interface ListInboundRequests extends ListQuery {
  readonly source_id?: string;
  readonly status?: InboundStatus;
  readonly since?: Instant;
  readonly until?: Instant;
}
