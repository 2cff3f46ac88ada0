/** Everything the receiver may answer. One catalogue, so that the documentation can list it. */
import { challengeAnswer } from '../../src/protocol/challenge.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. Of the request it holds the event's id, or the token of a challenge; no more. */
  readonly body: string;
}

/** Status and sentence of each refusal. 4xx: the request is at fault; 503: try again later. */
export const REFUSALS = {
  missing_signature: [400, 'The request carries no signature that this receiver accepts.'],
  wrong_signature: [403, 'The signature does not fit the body and the secret.'],
  stale_timestamp: [403, 'The webhook-timestamp is too old; check the clocks on both sides.'],
  future_timestamp: [403, 'The webhook-timestamp lies ahead; check the clocks on both sides.'],
  body_too_large: [413, 'The body is larger than this receiver takes.'],
  body_unreadable: [400, 'The connection broke while the body was being read.'],
  body_already_parsed: [500, 'The raw body is gone: another body parser ran first.'],
  not_utf8: [400, 'The body is not valid UTF-8.'],
  not_json: [400, 'The body is not valid JSON.'],
  not_an_event: [400, 'The body is JSON, but not an event.'],
  not_verified: [401, 'The request could not be verified.'],
  method_not_allowed: [405, 'Events come by POST or PUT, and this is no handshake.'],
  unsupported_content_type: [415, 'The provider does not send this content type.'],
  unsupported_encoding: [415, 'Compressed bodies are not taken.'],
  malformed_body: [400, 'The body can not be read.'],
  key_unavailable: [503, 'The key of the provider can not be had now; try later.'],
  confirmation_failed: [503, 'The handshake could not be confirmed now; try later.'],
  dedupe_unavailable: [503, 'The receiver can not tell whether it knows the event; try later.'],
  in_progress: [503, 'Another request with the same event is being taken; try later.'],
  queue_refused: [503, 'The receiver can not take the event now; try later.'],
  internal_error: [500, 'The receiver failed; its log says why.'],
} as const satisfies Record<string, readonly [status: number, detail: string]>;

export type RefusalReason = keyof typeof REFUSALS;

const RETRY_AFTER_SECONDS = 5;
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/**
 * @param detail A better sentence than the catalogue's.
 * @param convention What the provider is used to instead of the catalogue's status.
 */
export function refusal(reason: RefusalReason, detail?: string, convention?: number): Reply {
  const [usual, sentence] = REFUSALS[reason];
  const status = convention ?? usual;
  return {
    status,
    headers: status === 503 ? { ...JSON_TYPE, 'retry-after': `${RETRY_AFTER_SECONDS}` } : JSON_TYPE,
    body: JSON.stringify({ reason, detail: detail ?? sentence }),
  };
}

export function accepted(webhookId: string, duplicate: boolean): Reply {
  const body = JSON.stringify({ webhook_id: webhookId, duplicate });
  return { status: 200, headers: JSON_TYPE, body };
}

/** Yes, this URL wants the sender's events. */
export function answered(challenge: string): Reply {
  return { status: 200, headers: JSON_TYPE, body: challengeAnswer(challenge) };
}
