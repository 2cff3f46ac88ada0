/** The three ways in which a signed content is checked, with their keys made once. */
import * as crypto from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { HmacSha256Key, sameText } from '../hmac.ts';
import { standardKey } from '../secrets.ts';
import {
  decodeBase64Url,
  decodeExactBase64,
  decodeExactHex,
  toBase64Url,
} from './code/encodings.ts';
import { utf8 } from './code/json.ts';
import { publicKeyOf, verifyDetached } from './public-keys.ts';
import type { HashName, HashScheme, HmacScheme, SecretForm, SignatureEncoding } from './scheme.ts';
import type { SignatureScheme } from './scheme.ts';

/** Whether one of the given signatures is right for the content. */
export type Matcher = (head: string, body: Uint8Array, given: readonly string[]) => boolean;

const encoder = new TextEncoder();

export function hmacMatcher(scheme: HmacScheme, secret: string): Matcher {
  const sign = hmacSigner(scheme.hash, keyBytes(scheme.key, secret), scheme.signature.encoding);
  return (head, body, given) => anySame(sign(head, body), given);
}

/**
 * Who saw one hash behind a secret can go on hashing (length extension). What that appends begins
 * with the byte 0x80, behind which no text is UTF-8 any more: so only bodies that are text pass.
 */
export function hashMatcher(scheme: HashScheme): Matcher {
  const { hash, signature } = scheme;
  return (head, body, given) => {
    const digest = crypto.createHash(hash).update(head, 'utf8').update(body);
    return anySame(digestText(digest, signature.encoding), given) && utf8(body) !== undefined;
  };
}

/** @throws TypeError for a key of another kind or form. */
export function signatureMatcher(scheme: SignatureScheme, secret: string): Matcher {
  const { algorithm, signature } = scheme;
  const key = publicKeyOf(secret, scheme.key, algorithm);
  const decode = DECODERS[signature.encoding];
  return (head, body, given) => {
    const content = concat(encoder.encode(head), body);
    return given.some((text) => {
      const bytes = decode(text);
      return bytes !== undefined && verifyDetached(algorithm, key, content, bytes);
    });
  };
}

const DECODERS: Readonly<Record<SignatureEncoding, (text: string) => Uint8Array | undefined>> = {
  hex: decodeExactHex,
  base64: decodeExactBase64,
  base64url: decodeBase64Url,
};

/** All are compared, found or not, so that time tells nothing about which one fits. */
function anySame(expected: string, given: readonly string[]): boolean {
  let matches = false;
  for (const one of given) matches = sameText(expected, one) || matches;
  return matches;
}

type Signer = (head: string, body: Uint8Array) => string;

function hmacSigner(hash: HashName, key: Uint8Array, encoding: SignatureEncoding): Signer {
  if (hash !== 'sha256') {
    const keyObject = crypto.createSecretKey(key);
    return (head, body) => {
      const hmac = crypto.createHmac(hash, keyObject).update(head, 'utf8').update(body);
      return digestText(hmac, encoding);
    };
  }
  const fast = new HmacSha256Key(key);
  if (encoding === 'hex') return (head, body) => fast.hex(body, head);
  if (encoding === 'base64') return (head, body) => fast.base64(body, head);
  return (head, body) => toBase64Url(fast.base64(body, head));
}

function digestText(digest: crypto.Hash | crypto.Hmac, encoding: SignatureEncoding): string {
  if (encoding === 'hex') return digest.digest('hex');
  const text = digest.digest('base64');
  return encoding === 'base64' ? text : toBase64Url(text);
}

/** @throws TypeError when the secret is not of this form. */
function keyBytes(form: SecretForm, secret: string): Uint8Array {
  if (form === 'text') return encoder.encode(secret);
  if (form === 'standard') return standardKey(secret);
  const bytes = decoded(form, secret);
  if (bytes !== undefined && bytes.length > 0) return bytes;
  throw new TypeError(`The secret of this provider is ${form}; this one is not`);
}

function decoded(form: 'base64' | 'base64url' | 'hex', secret: string): Uint8Array | undefined {
  if (form === 'base64') return decodeBase64(secret);
  if (form === 'base64url') return decodeBase64Url(secret);
  // Unlike a signature, a key is not compared as text: people may paste either case.
  return decodeExactHex(secret.toLowerCase());
}

export function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
