/**
 * Dropbox Sign: hex HMAC-SHA256 of the event's time and type, inside the JSON in a form's field
 * `json`. It does not cover the rest of the event.
 */
import { sameText } from '../../hmac.ts';
import type { HmacSha256Key } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { isMediaType, parseForm } from './forms.ts';
import { isObject, objectIn, parseJson, textIn, utf8 } from './json.ts';
import { multipartField } from './multipart.ts';
import { indexOfMatch, textKeys } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const FIELD = 'json';
const SHA256_HEX = /^[0-9a-f]{64}$/;
/** Of a fixed length, so that time and type can't be divided in a second way. */
const UNIX_SECONDS = /^\d{10}$/;
const EVENT_TYPE = /^[a-z][a-z_]{0,99}$/;
const NOTHING = new Uint8Array(0);

/** @throws TypeError without a secret. */
export function compileDropboxSign(options: VerifierOptions): InboundVerifier {
  const keys = textKeys(options, 'the API key');
  return { verify: (request) => verify(keys, request) };
}

function verify(keys: readonly HmacSha256Key[], request: InboundRequest): InboundVerdict {
  const json = parseJson(jsonOf(request) ?? '');
  const event = isObject(json) ? objectIn(json, 'event') : undefined;
  if (event === undefined) {
    return refuse('malformed_body', `The body is no form with an event in its field ${FIELD}.`);
  }
  const given = textIn(event, 'event_hash');
  if (!given) return refuse('missing_signature', 'The event has no event_hash.');
  if (!SHA256_HEX.test(given)) {
    return refuse('malformed_signature', 'event_hash is not the hex of an HMAC-SHA256.');
  }
  const [time, type] = [textIn(event, 'event_time') ?? '', textIn(event, 'event_type') ?? ''];
  if (!UNIX_SECONDS.test(time) || !EVENT_TYPE.test(type)) {
    return refuse('malformed_body', 'The event has no event_time or event_type.');
  }
  const secret = indexOfMatch(keys, (key) => sameText(key.hex(NOTHING, time + type), given));
  return secret === null
    ? refuse('wrong_signature', 'No API key of this source fits the event.')
    : accept(secret);
}

function jsonOf(request: InboundRequest): string | undefined {
  const type = request.headers('content-type');
  if (isMediaType(type, 'multipart/form-data')) return multipartField(type, request.body, FIELD);
  const text = utf8(request.body);
  if (!isMediaType(type, 'application/x-www-form-urlencoded')) return text;
  const fields = parseForm(text ?? ' ')?.filter(([name]) => name === FIELD);
  return fields?.length === 1 ? fields[0]?.[1] : undefined;
}
