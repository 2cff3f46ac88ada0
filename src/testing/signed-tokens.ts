/** Tokens and key sets from `node:crypto` alone, so that broken ones can be made as well. */
import { createHmac, createSign, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface TokenKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function rsaKeys(modulusLength = 2048): TokenKeys {
  return generateKeyPairSync('rsa', { modulusLength });
}

export function p256Keys(): TokenKeys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export function ed25519Keys(): TokenKeys {
  return generateKeyPairSync('ed25519');
}

/** A key set of one key; `extra` changes or adds members. */
export function keySet(key: KeyObject, kid: string, extra: object = {}): string {
  return JSON.stringify({
    keys: [{ ...key.export({ format: 'jwk' }), kid, use: 'sig', ...extra }],
  });
}

type Signer = (input: string) => Buffer;

export const signers = {
  hs256:
    (secret: string | Buffer): Signer =>
    (input) =>
      createHmac('sha256', secret).update(input).digest(),
  rs256:
    (key: KeyObject): Signer =>
    (input) =>
      createSign('sha256').update(input).sign(key),
  es256:
    (key: KeyObject): Signer =>
    (input) =>
      sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }),
  eddsa:
    (key: KeyObject): Signer =>
    (input) =>
      sign(null, Buffer.from(input), key),
} as const;

export function token(header: object, claims: object, signer: Signer): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
