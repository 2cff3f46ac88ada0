/** The master keys as the operator writes them in `BELLWIRE_MASTER_KEY`. */
import { createHash } from 'node:crypto';
import { SecretBoxError } from './secret-box-error.ts';

export const MASTER_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
/** 32 bytes are 43 characters of base64, standard or URL-safe, and one of padding. */
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/;

export interface MasterKey {
  /** First four bytes of SHA-256(key), 8 characters of lower-case hex. Not a secret. */
  readonly id: string;
  /** `MASTER_KEY_BYTES` bytes. */
  readonly key: Uint8Array;
}

/**
 * Reads a comma list of base64 keys. The first one seals; the others only open, so that a new key
 * can be put in front and the old one dropped once nothing is sealed with it.
 *
 * @throws SecretBoxError `bad_master_key`; the message names the place in the list, never the key.
 */
export function parseMasterKeys(text: string): [MasterKey, ...MasterKey[]] {
  const [first, ...rest] = text.split(',').map((part, index) => parseKey(part.trim(), index + 1));
  if (first === undefined) throw new SecretBoxError('bad_master_key', 'no master key is given');
  const ids = new Set([first, ...rest].map((key) => key.id));
  if (ids.size <= rest.length) {
    throw new SecretBoxError('bad_master_key', 'the same master key is listed twice');
  }
  return [first, ...rest];
}

function parseKey(text: string, place: number): MasterKey {
  if (text === '') throw new SecretBoxError('bad_master_key', `master key ${place} is empty`);
  const key = Buffer.from(text, 'base64');
  if (!BASE64_KEY.test(text) || key.length !== MASTER_KEY_BYTES) {
    throw new SecretBoxError(
      'bad_master_key',
      `master key ${place} is not ${MASTER_KEY_BYTES} bytes in base64; ` +
        'make one with: openssl rand -base64 32',
    );
  }
  const id = createHash('sha256')
    .update(key)
    .digest('hex')
    .slice(0, KEY_ID_BYTES * 2);
  return { id, key: new Uint8Array(key) };
}
