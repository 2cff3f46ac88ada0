/** Decisions not to take a request, and the answers they make. */
import type { PublishResult } from '../accept/publication.ts';
import type { Gate } from './gate.ts';
import { headerOf } from './headers.ts';
import { mediaType } from './body.ts';
import type { Reply, RequestHead } from './port.ts';
import { refusal, retryAfter, type RefusalReason } from './refusals.ts';

export interface Refused {
  readonly reason: RefusalReason;
  /** For the owner of the source. */
  readonly detail: string;
  /** Until trying again is right, where it is. */
  readonly waitMs?: number | undefined;
}

const EVENT_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT']);
const HANDSHAKE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Events come by POST, with few providers by PUT. */
export function isEventMethod(method: string): boolean {
  return EVENT_METHODS.has(method);
}

export function notAnEvent(method: string): Refused {
  const detail = `${method} brings no event, and is no handshake that the provider makes.`;
  return { reason: 'method_not_allowed', detail };
}

/** What can be told of the form of a request before its body is read. */
export function judgeForm(gate: Gate, head: RequestHead): Refused | undefined {
  const { method } = head;
  if (!EVENT_METHODS.has(method)) {
    const mayBeHandshake = HANDSHAKE_METHODS.has(method) && gate.handshake !== null;
    return mayBeHandshake ? undefined : notAnEvent(method);
  }
  const length = headerOf(head, 'content-length');
  if (Number(length) > gate.maxBodyBytes) {
    const detail = `Its content-length is ${length}; the source takes ${gate.maxBodyBytes} bytes.`;
    return { reason: 'payload_too_large', detail };
  }
  const encoding = headerOf(head, 'content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { reason: 'unsupported_encoding', detail: `Its content-encoding is ${encoding}.` };
  }
  const type = mediaType(headerOf(head, 'content-type'));
  if (gate.takesType(type) || length === '0') return undefined;
  const named = type === '' ? 'It names no content type' : `Its content type is ${type}`;
  const detail = `${named}, which the provider of this source does not send.`;
  return { reason: 'unsupported_content_type', detail };
}

/** Why the pipe did not take an event. */
export function refusedBy(
  result: Exclude<PublishResult, { kind: 'accepted' | 'duplicate' }>,
): Refused {
  if (result.kind === 'unavailable') {
    const { reason, retryAfterSeconds } = result;
    return { reason: 'unavailable', detail: sentence(reason), waitMs: retryAfterSeconds * 1000 };
  }
  // No fingerprint differs where the key is all there is, so this is our own mistake.
  if (result.kind === 'conflict') return { reason: 'unavailable', detail: result.reason };
  const { refusal: rule } = result;
  const detail = sentence(rule.reason);
  switch (rule.code) {
    case 'quota_exceeded':
      return { reason: 'quota_exceeded', detail, waitMs: rule.retryAfterSeconds * 1000 };
    case 'payload_too_large':
      return { reason: 'payload_too_large', detail };
    case 'redaction_failed':
      return { reason: 'redaction_failed', detail };
    case 'tenant_is_deleting':
      return { reason: 'unusable', detail };
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** @param convention the provider's status for a wrong signature. */
export function replyOf(convention: number, { reason, waitMs }: Refused): Reply {
  const allow = reason === 'method_not_allowed' ? { allow: 'POST' } : {};
  return refusal(reason, convention, waitMs === undefined ? allow : retryAfter(waitMs));
}

/** What a forger is refused with: counted for each address. */
export const FORGERIES: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'missing_signature',
  'malformed_signature',
  'wrong_signature',
  'missing_timestamp',
  'malformed_timestamp',
  'stale_timestamp',
  'future_timestamp',
  'wrong_certificate',
  'address_not_allowed',
]);
