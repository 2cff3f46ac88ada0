/** JSON Web Key Sets (RFC 7517): which of a sender's public keys a signature names. */
import * as crypto from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { isObject, parseJson, textIn } from './json.ts';
import type { JsonObject } from './json.ts';
import { fits } from './jws.ts';
import type { PublicJwsAlgorithm } from './jws.ts';

/** The largest sets in public use have about a dozen. */
export const MAX_KEYS_IN_SET = 64;

export interface PublicJwk {
  /** Null where the set gives it none. */
  readonly id: string | null;
  readonly key: KeyObject;
}

/**
 * The public keys of a set that can check this algorithm. Keys for other purposes, of other kinds,
 * too weak, private or symmetric are left out. `undefined` when the text is no key set.
 */
export function readKeySet(
  text: string,
  algorithm: PublicJwsAlgorithm,
): readonly PublicJwk[] | undefined {
  const set = parseJson(text);
  const keys = isObject(set) ? set['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS_IN_SET) return undefined;
  return keys.filter(isObject).flatMap((jwk) => {
    const key = publicKeyOf(jwk, algorithm);
    return key === undefined ? [] : [{ id: textIn(jwk, 'kid') ?? null, key }];
  });
}

/** `undefined` when the key can't be used for this algorithm. */
export function publicKeyOf(jwk: JsonObject, algorithm: PublicJwsAlgorithm): KeyObject | undefined {
  if (!isForChecking(jwk, algorithm)) return undefined;
  const parts = publicParts(jwk);
  if (parts === undefined) return undefined;
  try {
    const key = crypto.createPublicKey({ key: parts, format: 'jwk' });
    return fits(key, algorithm) ? key : undefined;
  } catch {
    return undefined;
  }
}

function isForChecking(jwk: JsonObject, algorithm: PublicJwsAlgorithm): boolean {
  const use = jwk['use'];
  const operations = jwk['key_ops'];
  const intended = jwk['alg'];
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify'))) &&
    // RFC 9864 gave EdDSA with this curve a second name.
    (intended === undefined ||
      intended === algorithm ||
      (algorithm === 'EdDSA' && intended === 'Ed25519'))
  );
}

/** Nothing but the public numbers, so that no other member can change what key this is. */
function publicParts(jwk: JsonObject): JsonWebKey | undefined {
  const kty = textIn(jwk, 'kty');
  const names = kty === 'RSA' ? ['n', 'e'] : kty === 'EC' ? ['crv', 'x', 'y'] : ['crv', 'x'];
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return undefined;
  const parts: JsonWebKey = { kty };
  for (const name of names) {
    const value = textIn(jwk, name);
    if (value === undefined) return undefined;
    parts[name] = value;
  }
  return parts;
}
