/**
 * HubSpot, in its three generations. v3 is an HMAC over method, URL, body and time. v1 and v2 are
 * plain SHA-256 behind the secret, which anyone can continue who has seen one (length extension);
 * the bytes that takes are no JSON, so only bodies that are JSON, or empty, are believed.
 */
import * as crypto from 'node:crypto';
import { sameText } from '../../hmac.ts';
import type { HmacSha256Key } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { DEFAULT_TOLERANCE_SECONDS, unixProblem } from './instants.ts';
import { parseJson, utf8 } from './json.ts';
import { indexOfMatch, mustHaveSecrets, setting, textKeys } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const SECRET_IS = "the app's client secret";
const V3_HEADER = 'x-hubspot-signature-v3';
const TIME_HEADER = 'x-hubspot-request-timestamp';
const HEADER = 'x-hubspot-signature';
const VERSION_HEADER = 'x-hubspot-signature-version';
const SHA256_BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
/** HubSpot signs URLs with these decoded, and with no others. */
const DECODED = /%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;
const encoder = new TextEncoder();

/** @throws TypeError without a secret. */
export function compileHubspotV3(options: VerifierOptions): InboundVerifier {
  const keys = textKeys(options, SECRET_IS);
  const toleranceSeconds = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  return { verify: (request, now) => verifyV3(keys, request, { now, toleranceSeconds }) };
}

function verifyV3(
  keys: readonly HmacSha256Key[],
  request: InboundRequest,
  time: { readonly now: number; readonly toleranceSeconds: number },
): InboundVerdict {
  const given = request.headers(V3_HEADER);
  if (!given) return refuse('missing_signature', `There is no ${V3_HEADER} header.`);
  if (!SHA256_BASE64.test(given)) {
    return refuse('malformed_signature', `${V3_HEADER} is not the base64 of an HMAC-SHA256.`);
  }
  const timestamp = request.headers(TIME_HEADER);
  const problem = unixProblem(timestamp, { unit: 'ms', ...time });
  if (problem !== null) return problem;
  const head = encoder.encode(request.method + decodedUrl(request.url));
  const tail = encoder.encode(timestamp);
  const content = new Uint8Array(head.length + request.body.length + tail.length);
  content.set(head);
  content.set(request.body, head.length);
  content.set(tail, head.length + request.body.length);
  const secret = indexOfMatch(keys, (key) => sameText(key.base64(content), given));
  return secret === null ? wrong() : accept(secret);
}

function decodedUrl(url: string): string {
  return url.replaceAll(DECODED, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** `config.signature_version` (`v1` or `v2`), where it is set, is the only one believed. */
export function compileHubspotV1V2(options: VerifierOptions): InboundVerifier {
  const secrets = mustHaveSecrets(options, SECRET_IS);
  const pinned = setting(options, 'signature_version');
  if (pinned !== undefined && pinned !== 'v1' && pinned !== 'v2') {
    throw new TypeError('config.signature_version must be v1 or v2');
  }
  return { verify: (request) => verifyHash(secrets, pinned, request) };
}

function verifyHash(
  secrets: readonly string[],
  pinned: string | undefined,
  request: InboundRequest,
): InboundVerdict {
  const given = request.headers(HEADER);
  if (!given) return refuse('missing_signature', `There is no ${HEADER} header.`);
  const version = request.headers(VERSION_HEADER);
  const isKnown = version === 'v1' || version === 'v2';
  if (!SHA256_HEX.test(given) || !isKnown || version !== (pinned ?? version)) {
    return refuse('malformed_signature', `This is no ${pinned ?? 'v1 or v2'} signature.`);
  }
  const text = utf8(request.body);
  if (text === undefined || (text !== '' && parseJson(text) === undefined)) {
    return refuse('malformed_body', 'The body is not JSON.');
  }
  // v1 covers nothing but the body, so with an empty one it would cover nothing.
  if (version === 'v1' && text === '') return refuse('malformed_body', 'The body is empty.');
  const between = version === 'v1' ? '' : request.method + request.url;
  const secret = indexOfMatch(secrets, (one) => {
    const hash = crypto.createHash('sha256').update(one + between, 'utf8');
    return sameText(hash.update(request.body).digest('hex'), given);
  });
  return secret === null ? wrong() : accept(secret);
}

function wrong(): InboundVerdict {
  return refuse('wrong_signature', 'No client secret of this source fits the request.');
}
