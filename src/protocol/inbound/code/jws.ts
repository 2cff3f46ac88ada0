/**
 * JSON Web Signatures, compact form (RFC 7515), as far as webhooks use them.
 *
 * What decides how a signature is checked is the scheme, never the token: the algorithm is pinned,
 * keys that travel inside the header (`jwk`, `jku`, `x5c`, `x5u`) are not looked at, and a header
 * with `crit` is refused, since it asks for rules that are not known here (§4.1.11).
 */
import * as crypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { sameText } from '../../hmac.ts';
import type { HmacSha256Key } from '../../hmac.ts';
import { decodeBase64Url, encodeBase64Url, toBase64Url } from './encodings.ts';
import { objectOf, textIn } from './json.ts';
import type { JsonObject } from './json.ts';

/** Algorithms with a public key. */
export type PublicJwsAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface Jws {
  readonly algorithm: string;
  /** Which key it claims; null when it names none. */
  readonly keyId: string | null;
  /** The header's `typ`, lower case. */
  readonly type: string | null;
  readonly claims: JsonObject;
  /** What is signed: ASCII. */
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/** Longer than any token seen in the wild; a bound on what strangers make us decode. */
export const MAX_JWS_CHARS = 16 * 1024;
/** A key id is looked up and may lead to a request for keys. */
export const MAX_KEY_ID_CHARS = 256;
const MIN_RSA_BITS = 2048;
const P256_SIGNATURE_BYTES = 64;
const ED25519_SIGNATURE_BYTES = 64;
const PRINTABLE = /^[\x21-\x7e]+$/;

const encoder = new TextEncoder();

/** Takes the text apart without believing anything in it. `undefined` when it is no such token. */
export function parseJws(text: string): Jws | undefined {
  if (text.length > MAX_JWS_CHARS) return undefined;
  const [head, payload, tail, ...more] = text.split('.');
  if (!head || !payload || !tail || more.length > 0) return undefined;
  const header = decodedObject(head);
  const claims = decodedObject(payload);
  const signature = decodeBase64Url(tail);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  const algorithm = textIn(header, 'alg');
  if (algorithm === undefined || Object.hasOwn(header, 'crit')) return undefined;
  if (Object.hasOwn(header, 'kid') && !isKeyId(header['kid'])) return undefined;
  return {
    algorithm,
    keyId: textIn(header, 'kid') ?? null,
    type: textIn(header, 'typ')?.toLowerCase() ?? null,
    claims,
    signingInput: `${head}.${payload}`,
    signature,
  };
}

function decodedObject(part: string): JsonObject | undefined {
  const bytes = decodeBase64Url(part);
  return bytes === undefined ? undefined : objectOf(bytes);
}

function isKeyId(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_KEY_ID_CHARS && PRINTABLE.test(value);
}

/** HS256 (RFC 7518 §3.2). The caller has checked that the token says so. */
export function hasMacOf(jws: Jws, key: HmacSha256Key): boolean {
  const expected = toBase64Url(key.base64(encoder.encode(jws.signingInput)));
  return sameText(expected, encodeBase64Url(jws.signature));
}

/** Whether the key is of the kind that the algorithm is for, and strong enough. */
export function fits(key: KeyObject, algorithm: PublicJwsAlgorithm): boolean {
  if (key.type !== 'public') return false;
  const kind = key.asymmetricKeyType;
  const details = key.asymmetricKeyDetails;
  if (algorithm === 'RS256') {
    return kind === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS;
  }
  if (algorithm === 'ES256') return kind === 'ec' && details?.namedCurve === 'prime256v1';
  return kind === 'ed25519';
}

/** Whether the token is signed with the key, by the algorithm that is expected. */
export function isSignedBy(jws: Jws, key: KeyObject, algorithm: PublicJwsAlgorithm): boolean {
  if (jws.algorithm !== algorithm || !fits(key, algorithm)) return false;
  const data = encoder.encode(jws.signingInput);
  try {
    if (algorithm === 'RS256') return crypto.verify('sha256', data, key, jws.signature);
    if (algorithm === 'EdDSA') {
      const isWhole = jws.signature.length === ED25519_SIGNATURE_BYTES;
      return isWhole && crypto.verify(null, data, key, jws.signature);
    }
    const isWhole = jws.signature.length === P256_SIGNATURE_BYTES;
    const p256 = { key, dsaEncoding: 'ieee-p1363' } as const;
    return isWhole && crypto.verify('sha256', data, p256, jws.signature);
  } catch {
    return false;
  }
}
