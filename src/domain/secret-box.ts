/**
 * The envelope that keeps a secret in the store: AES-256-GCM (NIST SP 800-38D) under a key of its
 * own, derived from a master key by HKDF-SHA256 (RFC 5869) and a random salt. A key per record
 * means that no number of records wears out the random nonces of one key.
 *
 * Layout: version (1 byte) ‖ master key id (4) ‖ salt (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
 *
 * Authenticated besides the ciphertext: version, key id and the caller's `aad`, which names the
 * place (tenant, kind, record). A sealed secret copied into another row does not open there.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { MasterKey } from './master-keys.ts';
import { SecretBoxError } from './secret-box-error.ts';

export { parseMasterKeys, type MasterKey } from './master-keys.ts';
export { SecretBoxError } from './secret-box-error.ts';

const VERSION = 1;
const INFO = 'bellwire secret v1';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const KEY_ID_AT = 1;
const SALT_AT = KEY_ID_AT + 4;
const NONCE_AT = SALT_AT + SALT_BYTES;
const CIPHERTEXT_AT = NONCE_AT + NONCE_BYTES;

/** Fresh strong random bytes that each sealing uses up. */
export const SEAL_RANDOM_BYTES = SALT_BYTES + NONCE_BYTES;

export interface SealInput {
  readonly masterKey: MasterKey;
  /** Where the secret lives, for example `tenant|kind|record`. Needed again to open it. */
  readonly aad: string;
  readonly plaintext: string;
  /** At least `SEAL_RANDOM_BYTES` strong random bytes, never used before. */
  readonly random: Uint8Array;
}

export interface OpenInput {
  readonly masterKeys: readonly MasterKey[];
  readonly aad: string;
  readonly sealed: Uint8Array;
}

/** @throws SecretBoxError `malformed`: too little randomness, or text that is not Unicode. */
export function sealSecret(input: SealInput): Uint8Array {
  const { masterKey, aad, plaintext, random } = input;
  if (random.length < SEAL_RANDOM_BYTES) {
    throw new SecretBoxError('malformed', `sealing needs ${SEAL_RANDOM_BYTES} random bytes`);
  }
  // A lone surrogate would silently come back as U+FFFD.
  if (!plaintext.isWellFormed()) {
    throw new SecretBoxError('malformed', 'the secret is not well-formed Unicode text');
  }
  const salt = random.subarray(0, SALT_BYTES);
  const nonce = random.subarray(SALT_BYTES, SEAL_RANDOM_BYTES);
  const header = Buffer.concat([Buffer.of(VERSION), Buffer.from(masterKey.id, 'hex')]);
  const cipher = createCipheriv(CIPHER, recordKey(masterKey, salt), nonce);
  cipher.setAAD(Buffer.concat([header, Buffer.from(aad, 'utf8')]));
  const ciphertext = cipher.update(plaintext, 'utf8');
  cipher.final();
  return Buffer.concat([header, salt, nonce, ciphertext, cipher.getAuthTag()]);
}

/**
 * @throws SecretBoxError `malformed` (not an envelope), `unknown_key` (sealed with a master key
 * that is not configured), `not_authentic` (changed bytes, or not the place it was sealed for).
 */
export function openSecret(input: OpenInput): string {
  const sealed = Buffer.from(input.sealed.buffer, input.sealed.byteOffset, input.sealed.length);
  if (sealed.length < CIPHERTEXT_AT + TAG_BYTES || sealed[0] !== VERSION) {
    throw new SecretBoxError('malformed', 'the stored bytes are not a sealed secret of version 1');
  }
  const keyId = sealedWith(sealed);
  const masterKey = input.masterKeys.find((key) => key.id === keyId);
  if (masterKey === undefined) {
    throw new SecretBoxError(
      'unknown_key',
      `the secret was sealed with master key ${keyId}, which is not configured`,
    );
  }
  const key = recordKey(masterKey, sealed.subarray(SALT_AT, NONCE_AT));
  const nonce = sealed.subarray(NONCE_AT, CIPHERTEXT_AT);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([sealed.subarray(0, SALT_AT), Buffer.from(input.aad, 'utf8')]));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plaintext = decipher.update(sealed.subarray(CIPHERTEXT_AT, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw new SecretBoxError(
      'not_authentic',
      'the sealed secret was changed, or belongs to another tenant or record',
    );
  }
  return plaintext.toString('utf8');
}

/** The id of the master key that sealed it, as the envelope says. */
export function sealedWith(sealed: Uint8Array): string {
  return Buffer.from(sealed.subarray(KEY_ID_AT, SALT_AT)).toString('hex');
}

function recordKey(masterKey: MasterKey, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey.key, salt, INFO, KEY_BYTES));
}
