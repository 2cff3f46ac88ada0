/**
 * Handshakes that are answered with an HMAC under the source's secret. Whoever may choose the
 * signed text could have an event signed; so it must be a text that no event of the provider can
 * be.
 */
import { HmacSha256Key } from '../../hmac.ts';
import { isObject, objectIn, parseJson, textIn } from '../code/json.ts';
import type { AnswerHandshake, HandshakeContext } from './answer.ts';
import { queryField } from './query.ts';
import { jsonReply, refusedReply } from './reply.ts';

const encoder = new TextEncoder();
/** No colon: Zoom signs events as `v0:{timestamp}:{body}`. */
const PLAIN_TOKEN = /^[A-Za-z0-9_-]{1,128}$/;
/** No brackets or quotes: X signs events as bare JSON objects. */
const CRC_TOKEN = /^[A-Za-z0-9._~+/=-]{1,256}$/;

/** `undefined` when the source has none yet. */
function newestKey({ secrets }: HandshakeContext): HmacSha256Key | undefined {
  const secret = secrets[0];
  return secret === undefined ? undefined : new HmacSha256Key(encoder.encode(secret));
}

export const zoom: AnswerHandshake = ({ method }, json, context) => {
  if (method !== 'POST' || !isObject(json)) return null;
  if (textIn(json, 'event') !== 'endpoint.url_validation') return null;
  const plainToken = textIn(objectIn(json, 'payload') ?? {}, 'plainToken') ?? '';
  const key = newestKey(context);
  if (key === undefined || !PLAIN_TOKEN.test(plainToken)) {
    return refusedReply(400, 'plainToken is not of letters and digits, or there is no secret yet.');
  }
  return jsonReply({ plainToken, encryptedToken: key.hex(encoder.encode(plainToken)) });
};

export const xCrc: AnswerHandshake = (request, _json, context) => {
  const token = request.method === 'GET' ? queryField(request, 'crc_token') : undefined;
  if (token === undefined) return null;
  const key = newestKey(context);
  // A number or a bare word would be JSON as well.
  if (key === undefined || !CRC_TOKEN.test(token) || parseJson(token) !== undefined) {
    return refusedReply(400, 'crc_token could be taken for an event, or there is no secret yet.');
  }
  return jsonReply({ response_token: `sha256=${key.base64(encoder.encode(token))}` });
};
