/** Strict base64 and base64url (RFC 4648): one spelling for one value, or nothing. */
import { decodeBase64, encodeBase64 } from '../../base64.ts';

const BASE64URL = /^[A-Za-z0-9_-]*$/;
const PADDING = /=+$/;

/** Unpadded base64url. `undefined` for padding, junk, and unused bits that are set. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!BASE64URL.test(text)) return undefined;
  const bytes = decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  return bytes !== undefined && encodeBase64Url(bytes) === text ? bytes : undefined;
}

export function encodeBase64Url(bytes: Uint8Array): string {
  return toBase64Url(encodeBase64(bytes));
}

/** The URL spelling of padded base64. */
export function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(PADDING, '');
}

/** Padded base64. `undefined` for anything that we would have spelt otherwise. */
export function decodeExactBase64(text: string): Uint8Array | undefined {
  const bytes = decodeBase64(text);
  return bytes !== undefined && encodeBase64(bytes) === text ? bytes : undefined;
}

const HEX = /^(?:[0-9a-f]{2})*$/;

/** Lower-case hex. */
export function decodeExactHex(text: string): Uint8Array | undefined {
  if (!HEX.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = Number.parseInt(text.slice(at * 2, at * 2 + 2), 16);
  }
  return bytes;
}
