/**
 * Forms of signing secrets, after Standard Webhooks: `whsec_` symmetric, `whsk_`/`whpk_` the two
 * halves of an ed25519 pair. Randomness is an argument: nothing here draws it.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from './base64.ts';

export const SECRET_PREFIX = 'whsec_';
export const PRIVATE_KEY_PREFIX = 'whsk_';
export const PUBLIC_KEY_PREFIX = 'whpk_';

/** Standard Webhooks: a symmetric secret holds 24 to 64 random bytes. */
export const MIN_DECODED_SECRET_BYTES = 24;
export const MAX_DECODED_SECRET_BYTES = 64;
/** Shortest secret of another form. */
export const MIN_PLAIN_SECRET_BYTES = 16;
export const MAX_PLAIN_SECRET_BYTES = 512;
const KEY_BYTES = 32;

/** DER of an ed25519 PKCS #8 private key (RFC 8410 §7) up to where the seed begins. */
const PKCS8_HEAD = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/** DER of an ed25519 SubjectPublicKeyInfo (RFC 8410 §4) up to where the key begins. */
const SPKI_HEAD = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

const encoder = new TextEncoder();

export type SecretCheck =
  | { readonly ok: true }
  /** `reason` is one sentence that never repeats the secret. */
  | { readonly ok: false; readonly reason: string };

/** @param random32 32 bytes from a cryptographic source. */
export function generateSecret(random32: Uint8Array): string {
  mustBeKeyBytes(random32);
  return SECRET_PREFIX + encodeBase64(random32);
}

/**
 * An ed25519 pair in the form Svix made common: `whsk_` holds seed and public key, `whpk_` the
 * public key alone.
 *
 * @param seed32 32 bytes from a cryptographic source; they are the private key.
 */
export function generateSigningKeyPair(seed32: Uint8Array): { secret: string; publicKey: string } {
  mustBeKeyBytes(seed32);
  const publicBytes = publicBytesOf(privateKeyFromSeed(seed32));
  return {
    secret: PRIVATE_KEY_PREFIX + encodeBase64(Uint8Array.of(...seed32, ...publicBytes)),
    publicKey: PUBLIC_KEY_PREFIX + encodeBase64(publicBytes),
  };
}

/** Whether a secret that a person chose is fit for HMAC signing. */
export function checkSecret(text: string): SecretCheck {
  if (text.startsWith(SECRET_PREFIX)) return checkPrefixedSecret(text);
  if (text.startsWith(PRIVATE_KEY_PREFIX) || text.startsWith(PUBLIC_KEY_PREFIX)) {
    return refused('An ed25519 key (whsk_ or whpk_) can not be a shared secret.');
  }
  const bytes = encoder.encode(text).length;
  if (bytes < MIN_PLAIN_SECRET_BYTES) {
    return refused(`A secret needs at least ${MIN_PLAIN_SECRET_BYTES} bytes; this has ${bytes}.`);
  }
  if (bytes > MAX_PLAIN_SECRET_BYTES) {
    return refused(`A secret has at most ${MAX_PLAIN_SECRET_BYTES} bytes; this has ${bytes}.`);
  }
  return { ok: true };
}

/** Whether a `whsk_` key that a person brought along can sign. */
export function checkSigningKey(text: string): SecretCheck {
  try {
    ed25519PrivateKey(text);
    return { ok: true };
  } catch {
    return refused(
      'A whsk_ key is the base64 of a 32-byte seed and, behind it, the 32-byte public key to it.',
    );
  }
}

/**
 * HMAC key of the Standard Webhooks scheme: the decoded bytes of a `whsec_` secret, the UTF-8 bytes
 * of any other. Lengths are not judged, because a receiver must take what its sender gave it.
 *
 * @throws TypeError when the secret is empty or its base64 is broken.
 */
export function standardKey(secret: string): Uint8Array {
  if (!secret.startsWith(SECRET_PREFIX)) return agentKey(secret);
  const key = decodeBase64(secret.slice(SECRET_PREFIX.length));
  if (key === undefined || key.length === 0) {
    throw new TypeError('The secret starts with whsec_ but no base64 follows');
  }
  return key;
}

/**
 * HMAC key of the `x-agent-signature` scheme: the UTF-8 bytes of the whole secret as it was shown
 * at creation, prefix included.
 *
 * @throws TypeError when the secret is empty.
 */
export function agentKey(secret: string): Uint8Array {
  if (secret === '') throw new TypeError('A secret must not be empty');
  return encoder.encode(secret);
}

/** @throws TypeError unless `whsk` is a key that `generateSigningKeyPair` could have made. */
export function ed25519PrivateKey(whsk: string): KeyObject {
  const bytes = decodeKey(whsk, PRIVATE_KEY_PREFIX, KEY_BYTES * 2);
  const key = privateKeyFromSeed(bytes.subarray(0, KEY_BYTES));
  const publicBytes = publicBytesOf(key);
  if (publicBytes.some((byte, at) => byte !== bytes[KEY_BYTES + at])) {
    throw new TypeError('The two halves of the whsk_ key do not belong together');
  }
  return key;
}

/** @throws TypeError unless `whpk` is `whpk_` and the base64 of 32 bytes. */
export function ed25519PublicKey(whpk: string): KeyObject {
  const bytes = decodeKey(whpk, PUBLIC_KEY_PREFIX, KEY_BYTES);
  return createPublicKey(pem('PUBLIC KEY', SPKI_HEAD, bytes));
}

function checkPrefixedSecret(text: string): SecretCheck {
  const key = decodeBase64(text.slice(SECRET_PREFIX.length));
  if (key === undefined) return refused('What follows whsec_ is not base64.');
  if (key.length < MIN_DECODED_SECRET_BYTES || key.length > MAX_DECODED_SECRET_BYTES) {
    return refused(
      `A whsec_ secret holds ${MIN_DECODED_SECRET_BYTES} to ${MAX_DECODED_SECRET_BYTES} bytes ` +
        `once decoded; this holds ${key.length}.`,
    );
  }
  return { ok: true };
}

function refused(reason: string): SecretCheck {
  return { ok: false, reason };
}

function mustBeKeyBytes(bytes: Uint8Array): void {
  if (bytes.length !== KEY_BYTES) throw new TypeError(`Expected ${KEY_BYTES} bytes`);
}

function decodeKey(text: string, prefix: string, length: number): Uint8Array {
  const bytes = text.startsWith(prefix) ? decodeBase64(text.slice(prefix.length)) : undefined;
  if (bytes?.length !== length) {
    throw new TypeError(`Expected ${prefix} and the base64 of ${length} bytes`);
  }
  return bytes;
}

// PEM, because node:crypto wants DER as a Buffer, which not every runtime has as a global.
function pem(label: string, head: readonly number[], key: Uint8Array): string {
  const text = encodeBase64(Uint8Array.of(...head, ...key));
  return `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`;
}

function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey(pem('PRIVATE KEY', PKCS8_HEAD, seed));
}

function publicBytesOf(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return spki.subarray(SPKI_HEAD.length);
}
