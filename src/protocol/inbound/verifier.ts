/** What every way of verifying looks like to those who ask. */
import type { InboundRequest } from './request.ts';

/** Why a request is not believed: the closed list. */
export const INBOUND_FAILURES = [
  /** There is no signature, token or credential where there should be one. */
  'missing_signature',
  /** It is there and not spelled as it should be. */
  'malformed_signature',
  'wrong_signature',
  'missing_timestamp',
  'malformed_timestamp',
  'stale_timestamp',
  'future_timestamp',
  /** The body can't be read where the scheme needs to look into it. */
  'malformed_body',
  /** The sender's public key could not be had now; trying again is right. */
  'key_unavailable',
] as const;
export type InboundFailure = (typeof INBOUND_FAILURES)[number];

export type InboundVerdict =
  | {
      readonly ok: true;
      /** The index of the secret that fits; null where the scheme has none. */
      readonly secret: number | null;
    }
  | {
      readonly ok: false;
      readonly reason: InboundFailure;
      /** One sentence for the owner of the source; never for the sender, never a secret. */
      readonly detail: string;
    };

/** Built once for a source, asked for each request. Only schemes that fetch keys answer later. */
export interface InboundVerifier {
  /** @param now wall clock, milliseconds. */
  verify(request: InboundRequest, now: number): InboundVerdict | Promise<InboundVerdict>;
}

/**
 * Public keys from where their owner publishes them. The server fills it with its guarded client
 * and a cache; the SDK with the caller's `fetch`.
 */
export interface KeySource {
  /**
   * The document at the URL. Never follows a redirect.
   * @param fresh ask anew, even if it is cached: the key in question was not in it.
   * @param post JSON to ask with by POST, for the few that publish keys behind an API key; it holds
   *   a secret, so it is never logged. Left out: GET.
   * @throws Error when it can't be had.
   */
  document(url: string, fresh: boolean, post?: string): Promise<string>;
}

/** What a source adds to its provider's scheme. */
export interface VerifierOptions {
  /** All live ones, newest first, as the provider shows them. */
  readonly secrets: readonly string[];
  /** Provider settings by name, such as `audience` or `webhook_id`. */
  readonly config: Readonly<Record<string, string>>;
  readonly keys: KeySource;
  /** Replaces the provider's own tolerance. */
  readonly toleranceSeconds?: number | undefined;
}
