/** Public keys of who signs HTTP messages, as a person pastes them or a directory lists them. */
import * as crypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeExactBase64, encodeBase64Url } from './encodings.ts';
import { isObject, parseJson, textIn } from './json.ts';
import type { JsonObject } from './json.ts';
import { MAX_KEYS_IN_SET, publicKeyOf } from './jwks.ts';
import { fits } from './jws.ts';
import type { PublicJwsAlgorithm } from './jws.ts';

const KINDS = ['EdDSA', 'ES256', 'RS256'] as const;
const ED25519_KEY_BYTES = 32;

export interface SignerKey {
  readonly key: KeyObject;
  readonly kind: PublicJwsAlgorithm;
  /** What a signature may call it: the set's `kid`, and the thumbprint (RFC 7638). */
  readonly ids: readonly string[];
}

/** The usable keys of a set. `undefined` when the text is no key set. */
export function readSignerKeys(text: string): readonly SignerKey[] | undefined {
  const set = parseJson(text);
  const keys = isObject(set) ? set['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS_IN_SET) return undefined;
  return keys.filter(isObject).flatMap((jwk) => signerKeyOf(jwk) ?? []);
}

/** @throws TypeError for text that is no public key of a kind that is known. */
export function mustBeSignerKey(text: string): SignerKey {
  const json = parseJson(text);
  const found = isObject(json) ? signerKeyOf(json) : keyFromText(text.trim());
  if (found === undefined) {
    throw new TypeError('A public key must be a JWK, a PEM, or the base64 of an ed25519 key');
  }
  return found;
}

function signerKeyOf(jwk: JsonObject): SignerKey | undefined {
  for (const kind of KINDS) {
    const key = publicKeyOf(jwk, kind);
    if (key !== undefined) {
      const id = textIn(jwk, 'kid');
      return { key, kind, ids: id === undefined ? [thumbprint(key)] : [id, thumbprint(key)] };
    }
  }
  return undefined;
}

function keyFromText(text: string): SignerKey | undefined {
  const raw = decodeExactBase64(text);
  if (raw?.length === ED25519_KEY_BYTES) {
    return signerKeyOf({ kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(raw) });
  }
  // From a private key Node would make the public one; that it is here at all is a mistake.
  if (!text.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined;
  try {
    const key = crypto.createPublicKey(text);
    const kind = KINDS.find((one) => fits(key, one));
    return kind === undefined ? undefined : { key, kind, ids: [thumbprint(key)] };
  } catch {
    return undefined;
  }
}

/** RFC 7638: the required members in the order of their names. */
function thumbprint(key: KeyObject): string {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  const members =
    kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
  return crypto.createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
