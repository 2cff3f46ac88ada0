/**
 * API keys: `bw_`, 27 characters of base62 for 160 random bits, 6 characters of base62 for the
 * CRC-32 of all before them. The prefix lets secret scanners find leaked keys; the check rejects a
 * typing error without asking the store. The check is no protection: the randomness is.
 */
import { createHash } from 'node:crypto';
import { crc32 } from './crc32.ts';

const API_KEY_PREFIX = 'bw_';
/** Strong random bytes in a key: 160 bits. */
export const API_KEY_RANDOM_BYTES = 20;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_CHARS = 27;
const CHECK_CHARS = 6;
const SHAPE = new RegExp(`^${API_KEY_PREFIX}[0-9A-Za-z]{${RANDOM_CHARS + CHECK_CHARS}}$`);

/**
 * @param random at least `API_KEY_RANDOM_BYTES` strong random bytes; the first ones are used.
 * @throws RangeError when there are fewer.
 */
export function generateApiKey(random: Uint8Array): string {
  if (random.length < API_KEY_RANDOM_BYTES) {
    throw new RangeError(`an API key needs ${API_KEY_RANDOM_BYTES} random bytes`);
  }
  let value = 0n;
  for (const byte of random.subarray(0, API_KEY_RANDOM_BYTES)) value = value * 256n + BigInt(byte);
  const unchecked = API_KEY_PREFIX + base62(value, RANDOM_CHARS);
  return unchecked + checkChars(unchecked);
}

/** True for text of the right shape whose check fits. It says nothing about the key being known. */
export function looksLikeApiKey(text: string): boolean {
  if (!SHAPE.test(text)) return false;
  return text.endsWith(checkChars(text.slice(0, -CHECK_CHARS)));
}

/**
 * What the store keeps instead of the key: SHA-256 in lower-case hex. A slow hash would add
 * nothing, since 160 random bits can't be guessed.
 */
export function hashApiKey(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function checkChars(text: string): string {
  return base62(BigInt(crc32(text)), CHECK_CHARS);
}

function base62(value: bigint, width: number): string {
  let text = '';
  for (let rest = value; text.length < width; rest /= 62n) {
    text = DIGITS.charAt(Number(rest % 62n)) + text;
  }
  return text;
}

export { ALL_SCOPES, allows, isScope, SCOPES, type Scope } from './scope.ts';
