/** Every reason for which the front door refuses, and what the sender is told. */
import type { InboundFailure } from '../protocol/inbound/verifier.ts';
import type { Reply } from './port.ts';

interface Refusal {
  /** `convention`: what the provider is used to when a signature is wrong. */
  readonly status: number | 'convention';
  /** For the sender. Null where it must not learn which check it failed. */
  readonly title: string | null;
  /** For the owner of the source, as the guide explains it. */
  readonly meaning: string;
}

const HIDDEN = null;

/** The guide's table is written from this; what verifying can find is a part of it. */
export const REFUSALS = {
  missing_signature: {
    status: 400,
    title: HIDDEN,
    meaning: 'There is no signature, token or credential where the provider puts it.',
  },
  malformed_signature: {
    status: 'convention',
    title: HIDDEN,
    meaning: 'The signature is not spelled as the provider spells it, or came twice.',
  },
  wrong_signature: {
    status: 'convention',
    title: HIDDEN,
    meaning: 'No live secret fits: another secret, a changed body, or a forgery.',
  },
  missing_timestamp: { status: 400, title: HIDDEN, meaning: 'The signed time is missing.' },
  malformed_timestamp: { status: 400, title: HIDDEN, meaning: 'The signed time is no number.' },
  stale_timestamp: {
    status: 400,
    title: HIDDEN,
    meaning: 'It was signed too long ago: a replay, or a clock that goes wrong.',
  },
  future_timestamp: {
    status: 400,
    title: HIDDEN,
    meaning: 'It was signed in the future: one of the two clocks goes wrong.',
  },
  key_unavailable: {
    status: 503,
    title: 'The request can not be verified at the moment',
    meaning: 'The public key of the provider could not be had. The provider should try again.',
  },
  wrong_certificate: {
    status: 'convention',
    title: HIDDEN,
    meaning: 'The client certificate that the source wants was not shown.',
  },
  address_not_allowed: {
    status: 403,
    title: HIDDEN,
    meaning: 'The sender’s address is not in `ip_allowlist`.',
  },
  malformed_body: {
    status: 400,
    title: 'The body can not be read',
    meaning: 'The body is JSON by its content type, but can not be read as JSON.',
  },
  unsupported_content_type: {
    status: 415,
    title: 'The provider of this source does not send this content type',
    meaning: 'The content type is none that the provider sends.',
  },
  unsupported_encoding: {
    status: 415,
    title: 'Compressed bodies are not taken',
    meaning: 'The body has a `Content-Encoding`.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The source does not take this method',
    meaning: 'Events come by POST (or PUT); other methods only as the provider’s handshake.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    meaning: 'The body is larger than `max_body_bytes`.',
  },
  slow_body: {
    status: 408,
    title: 'The body did not arrive in time',
    meaning: 'The body came slower than 256 bytes a second.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    meaning: 'More requests a second than `rate_limit` allows.',
  },
  too_many_refusals: {
    status: 429,
    title: 'Too many requests of this address were refused',
    meaning: 'More than 100 requests a second of one address were refused.',
  },
  quota_exceeded: {
    status: 429,
    title: 'Too many requests',
    meaning: 'A quota of the tenant is used up.',
  },
  paused: {
    status: 503,
    title: 'The source is paused',
    meaning: 'The source is paused. Most providers try again until it is resumed.',
  },
  unusable: {
    status: 503,
    title: 'The source is out of order',
    meaning: 'The source’s settings or secrets can not be used; `detail` says why.',
  },
  redaction_failed: {
    status: 422,
    title: 'The body can not be stored',
    meaning: 'What the tenant redacts could not be removed from the body.',
  },
  handshake_failed: {
    status: 503,
    title: 'The handshake can not be concluded at the moment',
    meaning: 'The URL that confirms a handshake could not be fetched, or its secret not stored.',
  },
  too_busy: {
    status: 503,
    title: 'The request can not be taken at the moment',
    meaning: 'Too many bytes of unfinished requests are held already.',
  },
  unavailable: {
    status: 503,
    title: 'The request can not be stored at the moment',
    meaning: 'The store could not take the event. Nothing was kept; a repeat is no duplicate.',
  },
} as const satisfies Readonly<Record<InboundFailure, Refusal>> & Readonly<Record<string, Refusal>>;

export type RefusalReason = keyof typeof REFUSALS;

const PROBLEM_HEADERS = {
  'content-type': 'application/problem+json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

/** The same for everything that could tell a forger how far it came. */
const NOT_VERIFIED = problem('not_verified', 'The request could not be verified');

const BODIES = new Map<string, string>(
  Object.entries<Refusal>(REFUSALS).map(([reason, { title }]) => [
    reason,
    title === HIDDEN ? NOT_VERIFIED : problem(reason, title),
  ]),
);

function problem(code: string, title: string): string {
  const next_step = 'The owner of the source finds the reason under /v1/inbound-requests.';
  return JSON.stringify({ title, code, next_step });
}

/** For tokens that are nobody's: the same for all of them. */
export const UNKNOWN_TOKEN: Reply = {
  kind: 'reply',
  status: 404,
  headers: PROBLEM_HEADERS,
  body: JSON.stringify({
    title: 'There is no such source',
    code: 'source_not_found',
    next_step: 'Use the URL of the source as it was shown, with all of its characters.',
  }),
};

/** @param convention the provider's status for a wrong signature. */
export function refusal(
  reason: RefusalReason,
  convention: number,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const { status } = REFUSALS[reason];
  return {
    kind: 'reply',
    status: status === 'convention' ? convention : status,
    headers: { ...PROBLEM_HEADERS, ...headers },
    body: BODIES.get(reason) ?? '',
  };
}

export function retryAfter(milliseconds: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(Math.max(1, Math.ceil(milliseconds / 1000))) };
}
