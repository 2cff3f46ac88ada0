/** Manus: RSA-SHA256 of time, URL and the body's SHA-256, under a key that Manus publishes. */
import * as crypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { decodeExactBase64 } from './encodings.ts';
import { sha256Hex } from './hashes.ts';
import { DEFAULT_TOLERANCE_SECONDS, unixProblem } from './instants.ts';
import { isObject, parseJson, textIn } from './json.ts';
import { fits } from './jws.ts';
import { KeyDocument, KeyUnavailableError } from './key-ring.ts';
import { accept, refuse } from './verdict.ts';

const HEADER = 'x-webhook-signature';
const TIME_HEADER = 'x-webhook-timestamp';
const KEY_URL = 'https://api.manus.ai/v2/webhook.publicKey';
const PEM = /^-----BEGIN PUBLIC KEY-----[\sA-Za-z0-9+/=]+-----END PUBLIC KEY-----\s*$/;
const encoder = new TextEncoder();

export function compileManus(options: VerifierOptions): InboundVerifier {
  const document = new KeyDocument(options.keys, KEY_URL, readPublicKey);
  const toleranceSeconds = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  return { verify: (request, now) => verify(document, request, { now, toleranceSeconds }) };
}

/** The PEM itself, or JSON with it in `public_key`. */
function readPublicKey(text: string): KeyObject | undefined {
  const json = parseJson(text);
  const pem = isObject(json) ? (textIn(json, 'public_key') ?? '') : text;
  if (!PEM.test(pem)) return undefined;
  try {
    const key = crypto.createPublicKey(pem);
    return fits(key, 'RS256') ? key : undefined;
  } catch {
    return undefined;
  }
}

async function verify(
  document: KeyDocument<KeyObject>,
  request: InboundRequest,
  time: { readonly now: number; readonly toleranceSeconds: number },
): Promise<InboundVerdict> {
  const given = request.headers(HEADER);
  if (!given) return refuse('missing_signature', `There is no ${HEADER} header.`);
  const signature = decodeExactBase64(given);
  if (signature === undefined) return refuse('malformed_signature', `${HEADER} is not base64.`);
  const timestamp = request.headers(TIME_HEADER);
  const problem = unixProblem(timestamp, { unit: 's', ...time });
  if (problem !== null) return problem;
  const content = encoder.encode(`${timestamp}.${request.url}.${sha256Hex(request.body)}`);
  try {
    const isGood = (key: KeyObject) => crypto.verify('sha256', content, key, signature);
    if (isGood(await document.keys(false)) || isGood(await document.keys(true))) {
      return accept(null);
    }
    return refuse('wrong_signature', "The signature does not fit Manus's published key.");
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}
