/**
 * Adyen standard notifications: each item of the body carries its own HMAC-SHA256 over eight of its
 * fields. One bad item refuses all: the sender then repeats the whole.
 *
 * The signed text joins fields with colons, so a field that holds one would make two readings
 * possible. Only the merchant's reference may, since it stands between two that may not.
 */
import { sameText, HmacSha256Key } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { decodeExactHex } from './encodings.ts';
import { isObject, objectIn, objectOf, textIn } from './json.ts';
import type { JsonObject } from './json.ts';
import { indexOfMatch, mustHaveSecrets } from './settings.ts';
import { accept, refuse } from './verdict.ts';

export const MAX_ITEMS = 100;
const SHA256_BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

/** @throws TypeError for a secret that is not hex. */
export function compileAdyenItems(options: VerifierOptions): InboundVerifier {
  const secrets = mustHaveSecrets(options, "the webhook's HMAC key, as hex");
  const keys = secrets.map((secret) => {
    const bytes = decodeExactHex(secret.toLowerCase());
    if (bytes === undefined) throw new TypeError("Adyen's HMAC key is written in hex");
    return new HmacSha256Key(bytes);
  });
  return { verify: (request) => verify(keys, request) };
}

function verify(keys: readonly HmacSha256Key[], request: InboundRequest): InboundVerdict {
  const items = objectOf(request.body)?.['notificationItems'];
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_ITEMS) {
    return refuse('malformed_body', `notificationItems is no list of 1 to ${MAX_ITEMS} items.`);
  }
  let secret = 0;
  for (const wrapped of items) {
    const item = isObject(wrapped) ? objectIn(wrapped, 'NotificationRequestItem') : undefined;
    const verdict = item === undefined ? null : itemVerdict(keys, item);
    if (verdict === null) return refuse('malformed_body', 'An item is no NotificationRequestItem.');
    if (!verdict.ok) return verdict;
    secret = Math.max(secret, verdict.secret ?? 0);
  }
  return accept(secret);
}

function itemVerdict(keys: readonly HmacSha256Key[], item: JsonObject): InboundVerdict {
  const given = textIn(objectIn(item, 'additionalData') ?? {}, 'hmacSignature');
  if (!given) return refuse('missing_signature', 'An item has no additionalData.hmacSignature.');
  if (!SHA256_BASE64.test(given)) {
    return refuse('malformed_signature', 'hmacSignature is not the base64 of an HMAC-SHA256.');
  }
  const content = signedText(item);
  if (content === undefined) {
    return refuse('malformed_body', 'A signed field of an item is missing or of the wrong kind.');
  }
  const secret = indexOfMatch(keys, (key) => sameText(key.base64(NOTHING, content), given));
  return secret === null
    ? refuse('wrong_signature', 'No HMAC key of this source fits an item.')
    : accept(secret);
}

function signedText(item: JsonObject): string | undefined {
  const amount = objectIn(item, 'amount') ?? {};
  const value = amount['value'] ?? '';
  if (value !== '' && typeof value !== 'number') return undefined;
  if (value !== '' && !Number.isSafeInteger(value)) return undefined;
  const parts = [
    optional(item, 'pspReference'),
    optional(item, 'originalReference'),
    optional(item, 'merchantAccountCode'),
    optional(item, 'merchantReference'),
    String(value),
    optional(amount, 'currency'),
    optional(item, 'eventCode'),
    success(item),
  ];
  const isWhole = parts.every((part) => part !== undefined);
  const isPlain = parts.every((part, index) => index === 3 || !part?.includes(':'));
  const text = parts.join(':');
  return isWhole && isPlain && encoder.encode(text).length <= 4096 ? text : undefined;
}

/** An absent field is signed as nothing. */
function optional(object: JsonObject, field: string): string | undefined {
  return (object[field] ?? '') === '' ? '' : textIn(object, field);
}

/** A text in what Adyen sends, a boolean in what its libraries make. */
function success(item: JsonObject): string | undefined {
  const value = item['success'];
  return typeof value === 'boolean' ? String(value) : textIn(item, 'success');
}
