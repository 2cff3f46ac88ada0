/** What is known of one sender of webhooks: an entry of the catalogue. */
import type { HandshakeDescription } from '../inbound/handshake/description.ts';
import type { ValueLocator } from '../inbound/locate.ts';
import type { SchemeDescription } from '../inbound/scheme.ts';

/**
 * How an entry is known to be right.
 * - `verified-primary`: from the vendor's documentation, source or specification
 * - `verified-secondary`: from catalogues and guides of others
 * - `memory`: from memory alone
 * - `given`: ours, or defined by who uses it
 */
export type Confidence = 'verified-primary' | 'verified-secondary' | 'memory' | 'given';

/** A key of a source's `config` that the provider's scheme or handshake reads. */
export interface ProviderSetting {
  readonly name: string;
  readonly required: boolean;
  readonly meaning: string;
}

/** The 2xx answer that a provider wants instead of an empty one. */
export interface ProviderReply {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: string;
}

export interface Provider {
  /** Lower case, never changed: sources and event types are named after it. */
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly scheme: SchemeDescription;
  /** The event's own type; null where the request does not say. */
  readonly eventType: ValueLocator | null;
  /** What a repeated delivery of one event has in common; null: the bytes of the body. */
  readonly eventId: ValueLocator | null;
  /**
   * Whether the signature covers the id. Where it does not, who replays a request could change it,
   * so the body's hash belongs to the dedupe key as well.
   */
  readonly signsEventId: boolean;
  /**
   * Whether one body may come twice and mean two events, with nothing to tell them apart: then no
   * body is a duplicate, and a repeated delivery is another event.
   */
  readonly repeatsAreEvents: boolean;
  readonly handshake: HandshakeDescription | null;
  readonly reply: ProviderReply | null;
  /** What the provider expects of who refuses its signature. */
  readonly authFailureStatus: 400 | 401 | 403 | 498;
  /** Accepted content types without parameters; `*` for any. */
  readonly bodyTypes: readonly string[];
  /** How the provider repeats what was not taken, for people; null where nothing is known. */
  readonly retry: string | null;
  /** Published networks the provider sends from, as CIDR; empty where none is known. */
  readonly ipRanges: readonly string[];
  readonly settings: readonly ProviderSetting[];
  /** Where a person finds the secret. */
  readonly secretHint: string;
  readonly confidence: Confidence;
  /** Fields of the entry that are less sure than `confidence` says. */
  readonly unverifiedFields: readonly string[];
  /** Where the facts come from. */
  readonly documentation: string;
  readonly notes: string;
}
