/** fal: ed25519 over ids, time and the body's SHA-256, under any key of fal's published set. */
import * as crypto from 'node:crypto';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { decodeExactHex } from './encodings.ts';
import { sha256Hex } from './hashes.ts';
import { DEFAULT_TOLERANCE_SECONDS, unixProblem } from './instants.ts';
import { readKeySet } from './jwks.ts';
import type { PublicJwk } from './jwks.ts';
import { KeyDocument, KeyUnavailableError } from './key-ring.ts';
import { mustBeKeyUrl, setting } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const HEADER = 'x-fal-webhook-signature';
const TIME_HEADER = 'x-fal-webhook-timestamp';
const REQUEST_HEADER = 'x-fal-webhook-request-id';
const USER_HEADER = 'x-fal-webhook-user-id';
const KEY_SET = 'https://rest.fal.ai/.well-known/jwks.json';
const SIGNATURE_BYTES = 64;
const encoder = new TextEncoder();

/** Setting: `jwks_url`, in case fal moves it. @throws TypeError for one that must not be asked. */
export function compileFal(options: VerifierOptions): InboundVerifier {
  const url = mustBeKeyUrl(setting(options, 'jwks_url') ?? KEY_SET, 'config.jwks_url');
  const document = new KeyDocument(options.keys, url, (text) => readKeySet(text, 'EdDSA'));
  const toleranceSeconds = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  return { verify: (request, now) => verify(document, request, { now, toleranceSeconds }) };
}

async function verify(
  document: KeyDocument<readonly PublicJwk[]>,
  request: InboundRequest,
  time: { readonly now: number; readonly toleranceSeconds: number },
): Promise<InboundVerdict> {
  const [id, user] = [request.headers(REQUEST_HEADER), request.headers(USER_HEADER)];
  const given = request.headers(HEADER);
  if (!given || !id || !user) {
    return refuse('missing_signature', `${HEADER}, ${REQUEST_HEADER} and ${USER_HEADER} are due.`);
  }
  const signature = decodeExactHex(given);
  if (signature?.length !== SIGNATURE_BYTES) {
    return refuse('malformed_signature', `${HEADER} is not the hex of an ed25519 signature.`);
  }
  const timestamp = request.headers(TIME_HEADER);
  const problem = unixProblem(timestamp, { unit: 's', ...time });
  if (problem !== null) return problem;
  const content = encoder.encode(`${id}\n${user}\n${timestamp}\n${sha256Hex(request.body)}`);
  try {
    const isGood = (keys: readonly PublicJwk[]) =>
      keys.some(({ key }) => crypto.verify(null, content, key, signature));
    if (isGood(await document.keys(false)) || isGood(await document.keys(true))) {
      return accept(null);
    }
    return refuse('wrong_signature', 'The signature fits no key that fal publishes.');
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}
