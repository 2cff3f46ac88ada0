/**
 * The catalogue of everything the API may answer with instead of success. The codes are a promise:
 * programs branch on them. `docs/errors.md` and `GET /errors/{code}` are made from this list.
 */

import type { QuotaName } from '../accept/publication.ts';

interface ProblemKind {
  /** HTTP status. */
  readonly status: number;
  /** What happened, the same words for every occurrence (RFC 9457 §3.1.3). */
  readonly title: string;
  /** What the caller should do now. */
  readonly nextStep: string;
}

export const PROBLEMS = {
  bad_request: {
    status: 400,
    title: 'The request is not well-formed HTTP',
    nextStep: 'Mend what `detail` names; sending the same request again will fail again.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON',
    nextStep: 'Send JSON (RFC 8259) in UTF-8; `detail` says where reading stopped.',
  },
  unauthorized: {
    status: 401,
    title: 'No valid API key was given',
    nextStep:
      'Send `Authorization: Bearer KEY` with a key that is neither revoked nor expired. ' +
      'The answer does not say which of these it was.',
  },
  missing_scope: {
    status: 403,
    title: 'The API key may not do this',
    nextStep: 'Use a key that holds the scope `detail` names, or create one.',
  },
  wrong_tenant: {
    status: 403,
    title: 'The API key belongs to another tenant',
    nextStep: 'Leave the `Bellwire-Tenant` header out: only the admin key may choose a tenant.',
  },
  link_not_valid: {
    status: 403,
    title: 'The link is not one that Bellwire made',
    nextStep: 'Use `fetch_url` of the payload as it is, without changing anything in it.',
  },
  admin_key_required: {
    status: 403,
    title: 'Only the admin key may do this',
    nextStep: 'Use the admin key: the keys of a tenant act within it, whatever their scopes.',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing here',
    nextStep: 'Check the id, and that it belongs to the tenant of this key.',
  },
  route_not_found: {
    status: 404,
    title: 'There is no such route',
    nextStep: 'See `/openapi.json` or `/docs` for all routes.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The route does not know this method',
    nextStep: 'Use one of the methods in the `Allow` header.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    nextStep: 'Send it again over a faster or steadier connection.',
  },
  delivery_is_sending: {
    status: 409,
    title: 'An attempt of this delivery is under way',
    nextStep: 'Wait for the attempt to end, then look at the delivery again.',
  },
  delivery_is_final: {
    status: 409,
    title: 'The delivery is already over',
    nextStep: 'Nothing is left to cancel. To try it once more, resend it.',
  },
  subscription_is_deleted: {
    status: 409,
    title: 'The subscription of this delivery was deleted',
    nextStep: 'Create a subscription again and publish the event to it.',
  },
  subscription_is_disabled: {
    status: 409,
    title: 'The subscription is disabled',
    nextStep: 'Mend its target, then resume the subscription.',
  },
  secret_unavailable: {
    status: 409,
    title: 'The secrets of the subscription can not be opened',
    nextStep:
      'Its events are held. Ask the operator to put the master key back, or rotate the secret, ' +
      'set `auth`, `client_certificate` and `headers` anew, and resume.',
  },
  too_many_secrets: {
    status: 409,
    title: 'Too many secrets of the subscription sign at the same time',
    nextStep:
      'Wait until one has ended (see `previous_secrets_expire_at`), or rotate with ' +
      '`overlap_seconds: 0`.',
  },
  nothing_to_cancel: {
    status: 409,
    title: 'All deliveries of the event are over',
    nextStep: 'Nothing is left to cancel. To send the event once more, resend or replay it.',
  },
  replay_is_over: {
    status: 409,
    title: 'The replay is already over',
    nextStep: 'Nothing is left to cancel. Single deliveries can be cancelled.',
  },
  too_many_replays: {
    status: 409,
    title: 'The tenant has as many replays under way as it may have',
    nextStep: 'Wait until one of them is done, or cancel one.',
  },
  subscription_is_paused: {
    status: 409,
    title: 'The subscription is paused',
    nextStep: 'Resume the subscription: what it holds goes on its way then.',
  },
  subscription_is_pending_challenge: {
    status: 409,
    title: 'The target of the subscription has yet to pass its challenge',
    nextStep: 'Let the target answer the challenge: what is held goes on its way then.',
  },
  subscription_is_expired: {
    status: 409,
    title: 'The subscription has expired',
    nextStep: 'Give it a later `expires_at`, or null: that wakes it if it had only expired.',
  },
  too_many_subscriptions: {
    status: 409,
    title: 'The tenant has as many subscriptions as it may have',
    nextStep: 'Delete subscriptions that are no longer needed.',
  },
  too_many_sources: {
    status: 409,
    title: 'The tenant has as many sources as it may have',
    nextStep: 'Delete sources that are no longer needed.',
  },
  too_many_source_secrets: {
    status: 409,
    title: 'Too many secrets of the source are valid at the same time',
    nextStep:
      'Wait until one has ended (see `previous_secrets_expire_at`), or rotate with ' +
      '`overlap_seconds: 0`.',
  },
  source_locked: {
    status: 409,
    title: 'The secrets of the source can not be opened',
    nextStep:
      'Ask the operator to put the master key back; or renew the URL of the source, give it its ' +
      'secrets again, and give the new URL to the provider.',
  },
  event_type_exists: {
    status: 409,
    title: 'The event type is in the catalogue already',
    nextStep: 'Change it with PATCH, or choose another name.',
  },
  catalogue_full: {
    status: 409,
    title: 'The event catalogue is as large as it may be',
    nextStep: 'Delete event types that nobody publishes any more, or shorten schemas and examples.',
  },
  tenant_exists: {
    status: 409,
    title: 'There is a tenant of this name',
    nextStep: 'Change the one that is there, or choose another name.',
  },
  tenant_is_deleting: {
    status: 409,
    title: 'The tenant is being deleted',
    nextStep:
      'Nothing was stored. Once the deletion is done, the name stands for a new, empty tenant.',
  },
  link_expired: {
    status: 410,
    title: 'The link has ended',
    nextStep: 'Get the event with an API key, or resend the delivery: it brings a new link.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    nextStep: 'Send less at once; keep large content elsewhere and publish a link to it.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not understood here',
    nextStep: 'Send the body in the content type `detail` names, without Content-Encoding.',
  },
  validation_failed: {
    status: 422,
    title: 'A part of the request is not acceptable',
    nextStep: 'Mend each part that `errors` names.',
  },
  target_not_allowed: {
    status: 422,
    title: 'Events may not be sent to this target',
    nextStep:
      'Use a public https URL. For a private target the operator must set BELLWIRE_ALLOW_TARGETS.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The id or Idempotency-Key stands for a different event',
    nextStep: 'Use a new id or key for a new event; repeat the same request for the same event.',
  },
  schema_mismatch: {
    status: 422,
    title: 'The data does not fit the schema of its event type',
    nextStep: 'Nothing was stored. Mend the places that `errors` names, or change the schema.',
  },
  unknown_event_type: {
    status: 422,
    title: 'The event type is not in the event catalogue',
    nextStep: 'Nothing was stored. Publish a type of the catalogue, or add this one to it.',
  },
  not_checked: {
    status: 422,
    title: 'The data could not be checked against its schema',
    nextStep: 'Nothing was stored. Send less or flatter data, or simplify the schema.',
  },
  quota_exceeded: {
    status: 429,
    title: 'A quota of the tenant is used up',
    nextStep:
      'Nothing was stored. Try again after the seconds in `Retry-After`, or ask the operator for ' +
      'more; `quota` names which one it is.',
  },
  headers_too_large: {
    status: 431,
    title: 'The request headers are too large',
    nextStep: 'Send fewer or shorter headers: all of them together may take 16 KiB.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong inside Bellwire',
    nextStep: 'Try again; if it stays, look at the log of the server.',
  },
  unavailable: {
    status: 503,
    title: 'Bellwire can not take this at the moment',
    nextStep: 'Nothing was stored. Try again after the seconds in `Retry-After`.',
  },
  owner_unreachable: {
    status: 503,
    title: 'The node that decides about this delivery does not answer',
    nextStep:
      'Try again after the seconds in `Retry-After`: if that node is dead, another one has taken ' +
      'over by then. `detail` says whether something may have been changed.',
  },
  storage_full: {
    status: 503,
    title: 'The disk of the store is full',
    nextStep: 'Nothing was stored. The operator must make space; then try again.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter(isProblemCode);

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}

export function problemKind(code: ProblemCode): ProblemKind {
  return PROBLEMS[code];
}

/** One thing that is wrong with a request: exactly one of the three places is set. */
export interface ProblemPart {
  /** JSON Pointer (RFC 6901) into the body. */
  readonly pointer?: string;
  /** Name of a query or path parameter. */
  readonly parameter?: string;
  /** Name of a header. */
  readonly header?: string;
  readonly detail: string;
  readonly code: string;
  /** Where in the text at that place. */
  readonly position?: TextPosition;
}

/** A place in a text. */
export interface TextPosition {
  /** UTF-16 units before it. */
  readonly offset: number;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface ProblemOptions {
  readonly errors?: readonly ProblemPart[];
  /** With `quota_exceeded`: which one. */
  readonly quota?: QuotaName;
  /** Response headers beyond the usual ones, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown or sent by handlers; `problem-reply.ts` turns it into the response. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly ProblemPart[];
  readonly quota: QuotaName | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail one or two sentences about this occurrence. */
  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.errors = options.errors ?? [];
    this.quota = options.quota;
    this.headers = options.headers ?? {};
  }
}

/** RFC 9457 members, and beside them `code`, `next_step`, `quota` and `errors`. */
export interface ProblemJson {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly next_step: string;
  readonly quota?: QuotaName;
  readonly errors?: readonly ProblemPart[];
}

/** Where a problem is explained. A full path, as RFC 9457 §3.1.1 asks of relative references. */
export function problemPath(code: ProblemCode): string {
  return `/errors/${code}`;
}

export function problemJson(problem: Problem): ProblemJson {
  const { status, title, nextStep } = PROBLEMS[problem.code];
  return {
    type: problemPath(problem.code),
    title,
    status,
    detail: problem.message,
    code: problem.code,
    next_step: nextStep,
    ...(problem.quota !== undefined && { quota: problem.quota }),
    ...(problem.errors.length > 0 && { errors: problem.errors }),
  };
}

/** A `validation_failed` about one part of the request. */
export function invalid(part: ProblemPart): Problem {
  return new Problem('validation_failed', sentence(part), { errors: [part] });
}

/** Names the place, because many people read `detail` alone. */
export function sentence(part: ProblemPart): string {
  const place = part.pointer ?? part.parameter ?? part.header;
  return place === undefined || place === '' ? part.detail : `${place}: ${part.detail}`;
}
