/**
 * Standard Webhooks 1.0.0: signatures over `{id}.{timestamp}.{body}`, `v1` with HMAC-SHA256 and
 * `v1a` with ed25519. The body is bytes from end to end: decoding it first would give two different
 * invalid UTF-8 bodies one signature.
 */
import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { HmacSha256Key, sameText } from '../hmac.ts';
import { PUBLIC_KEY_PREFIX, ed25519PublicKey, standardKey } from '../secrets.ts';

export { ed25519PrivateKey } from '../secrets.ts';

/** How far a timestamp may be off, before and after now. All reference libraries use this. */
export const DEFAULT_TOLERANCE_SECONDS = 300;
/**
 * As many secrets as a sender may have overlap; more is an attempt to make the receiver work.
 */
export const MAX_SIGNATURES_PER_HEADER = 10;

const HMAC_VERSION = 'v1,';
const ED25519_VERSION = 'v1a,';
// Other spellings of the same number (`+1`, ` 1`, `1.0`) would be signed differently.
const UNIX_SECONDS = /^\d{1,12}$/;
const encoder = new TextEncoder();

export type StandardFailure = 'missing' | 'malformed' | 'stale' | 'future' | 'mismatch';
export type StandardVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: StandardFailure };

/** Live secrets, decoded once. */
export interface StandardKeys {
  readonly hmac: readonly HmacSha256Key[];
  readonly ed25519: readonly KeyObject[];
}

export interface SignedMessage {
  readonly id: string | undefined;
  /** Header text: Unix seconds. */
  readonly timestamp: string | undefined;
  readonly signatureHeader: string | undefined;
  readonly body: Uint8Array;
  readonly nowSeconds: number;
  /** Default `DEFAULT_TOLERANCE_SECONDS`, both ways. */
  readonly toleranceSeconds?: number | undefined;
}

/** @returns `v1,` and base64. `id` must not hold a dot, or the signed text would be ambiguous. */
export function signStandard(
  key: HmacSha256Key,
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
): string {
  return HMAC_VERSION + key.base64(body, `${id}.${timestampSeconds}.`);
}

/** @returns `v1a,` and base64. */
export function signStandardEd25519(
  privateKey: KeyObject,
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
): string {
  const signature = sign(null, signedBytes(id, String(timestampSeconds), body), privateKey);
  return ED25519_VERSION + encodeBase64(signature);
}

/**
 * @param secrets `whsec_…` or any other string for `v1`, `whpk_…` for `v1a`.
 * @throws TypeError for a secret that is empty or broken.
 */
export function standardKeys(secrets: readonly string[]): StandardKeys {
  return {
    hmac: secrets.filter((s) => !isPublicKey(s)).map((s) => new HmacSha256Key(standardKey(s))),
    ed25519: secrets.filter(isPublicKey).map(ed25519PublicKey),
  };
}

function isPublicKey(secret: string): boolean {
  return secret.startsWith(PUBLIC_KEY_PREFIX);
}

/** Like `verifyStandard`, for callers that keep the decoded keys. */
export function verifyStandardWith(keys: StandardKeys, message: SignedMessage): StandardVerdict {
  const { id, timestamp, signatureHeader, body } = message;
  if (!id || !timestamp || !signatureHeader) return { ok: false, reason: 'missing' };
  const signatures = signatureHeader.split(' ').filter((part) => part !== '');
  if (isMalformed(id, timestamp, signatures)) return { ok: false, reason: 'malformed' };
  const age = message.nowSeconds - Number(timestamp);
  const tolerance = message.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  if (age > tolerance) return { ok: false, reason: 'stale' };
  if (age < -tolerance) return { ok: false, reason: 'future' };
  const hmac = anyHmacMatches(keys.hmac, signatures, id, timestamp, body);
  const ed25519 = anyEd25519Matches(keys.ed25519, signatures, id, timestamp, body);
  return hmac || ed25519 ? { ok: true } : { ok: false, reason: 'mismatch' };
}

/**
 * Checks one received request. It passes when any signature fits any live secret; signatures of
 * unknown versions are skipped. With no secrets nothing passes.
 *
 * @throws TypeError for a secret that is empty or broken.
 */
export function verifyStandard(
  input: SignedMessage & { readonly secrets: readonly string[] },
): StandardVerdict {
  return verifyStandardWith(standardKeys(input.secrets), input);
}

function isMalformed(id: string, timestamp: string, signatures: readonly string[]): boolean {
  return (
    id.includes('.') ||
    !UNIX_SECONDS.test(timestamp) ||
    signatures.length > MAX_SIGNATURES_PER_HEADER ||
    // HTTP stacks join a repeated header with a comma and a space; a sender never repeats it.
    signatures.some((signature) => signature.endsWith(','))
  );
}

function signedBytes(id: string, timestamp: string, body: Uint8Array): Uint8Array {
  const head = encoder.encode(`${id}.${timestamp}.`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** Every key is tried, found or not, so that time tells nothing about which one fits. */
function anyHmacMatches(
  keys: readonly HmacSha256Key[],
  signatures: readonly string[],
  id: string,
  timestamp: string,
  body: Uint8Array,
): boolean {
  const given = signatures.filter((signature) => signature.startsWith(HMAC_VERSION));
  if (given.length === 0) return false;
  let matches = false;
  for (const key of keys) {
    const expected = HMAC_VERSION + key.base64(body, `${id}.${timestamp}.`);
    for (const signature of given) matches = sameText(expected, signature) || matches;
  }
  return matches;
}

function anyEd25519Matches(
  keys: readonly KeyObject[],
  signatures: readonly string[],
  id: string,
  timestamp: string,
  body: Uint8Array,
): boolean {
  const given = signatures.filter((signature) => signature.startsWith(ED25519_VERSION));
  if (given.length === 0 || keys.length === 0) return false;
  const bytes = signedBytes(id, timestamp, body);
  return given.some((signature) => {
    const text = signature.slice(ED25519_VERSION.length);
    const decoded = decodeBase64(text);
    if (decoded === undefined || encodeBase64(decoded) !== text) return false;
    return keys.some((key) => verify(null, bytes, key, decoded));
  });
}
