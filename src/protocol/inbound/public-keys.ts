/** Public keys as providers show them, and signatures under them. */
import * as crypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { PUBLIC_KEY_PREFIX, ed25519PublicKey } from '../secrets.ts';
import { decodeExactHex } from './code/encodings.ts';
import type { PublicKeyForm, SignatureAlgorithm } from './scheme.ts';

const ED25519_BYTES = 32;
const P256 = 'prime256v1';
/** Shorter RSA keys can be factored. */
const MIN_RSA_BITS = 2_048;

/**
 * @param text the key as the provider shows it.
 * @throws TypeError for a key of another form or for another algorithm, so that no key is ever used
 *   with an algorithm it was not made for.
 */
export function publicKeyOf(
  text: string,
  form: PublicKeyForm,
  algorithm: SignatureAlgorithm,
): KeyObject {
  const key = read(text.trim(), form);
  const kind = key.asymmetricKeyType;
  const details = key.asymmetricKeyDetails;
  if (algorithm === 'ed25519' && kind === 'ed25519') return key;
  if (algorithm.startsWith('ecdsa') && kind === 'ec' && details?.namedCurve === P256) return key;
  if (algorithm.startsWith('rsa') && kind === 'rsa') {
    if ((details?.modulusLength ?? 0) >= MIN_RSA_BITS) return key;
    throw new TypeError(`An RSA key needs at least ${MIN_RSA_BITS} bits`);
  }
  throw new TypeError(`The key is not one for ${algorithm}`);
}

const FORMS: Readonly<Record<PublicKeyForm, string>> = {
  pem: 'a public key or certificate in PEM (-----BEGIN …)',
  'spki-base64': 'the base64 of a public key in DER (SubjectPublicKeyInfo)',
  'raw-hex': '64 hex digits',
  'raw-base64': 'the base64 of 32 bytes',
  whpk: 'whpk_ and the base64 of 32 bytes',
};

function read(text: string, form: PublicKeyForm): KeyObject {
  try {
    return parsed(text, form);
  } catch {
    throw new TypeError(`The public key of this provider is ${FORMS[form]}; this one is not`);
  }
}

function parsed(text: string, form: PublicKeyForm): KeyObject {
  if (form === 'whpk') return ed25519PublicKey(text);
  if (form === 'spki-base64') {
    return crypto.createPublicKey(
      `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`,
    );
  }
  if (form === 'pem') {
    if (text.includes('PRIVATE KEY')) throw new TypeError('a private key');
    return crypto.createPublicKey(text);
  }
  const bytes = form === 'raw-hex' ? decodeExactHex(text.toLowerCase()) : decodeBase64(text);
  if (bytes?.length !== ED25519_BYTES) throw new TypeError('not 32 bytes');
  return ed25519PublicKey(PUBLIC_KEY_PREFIX + encodeBase64(bytes));
}

/** Never throws: a signature that can't be read is a wrong one. */
export function verifyDetached(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verifyAs(algorithm, key, content, signature);
  } catch {
    return false;
  }
}

function verifyAs(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm) {
    case 'ed25519':
      return crypto.verify(null, content, key, signature);
    case 'ecdsa-p256-sha256':
      return crypto.verify('sha256', content, key, signature);
    case 'ecdsa-p256-sha256-p1363':
      return crypto.verify('sha256', content, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'rsa-sha256':
      return crypto.verify('sha256', content, key, signature);
    case 'rsa-sha1':
      return crypto.verify('sha1', content, key, signature);
    case 'rsa-sha512':
      return crypto.verify('sha512', content, key, signature);
    case 'rsa-pss-sha256':
      return crypto.verify(
        'sha256',
        content,
        { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING },
        signature,
      );
  }
}
