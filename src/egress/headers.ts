import type { EgressHeaders } from './port.ts';

/** Response headers as undici parsed them: names in lower case, repeated ones as arrays. */
export type ReceivedHeaders = Record<string, string | string[] | undefined>;

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const HOST = 'host';
const ACCEPT_ENCODING = 'accept-encoding';
const IDENTITY_ONLY: readonly string[] = [ACCEPT_ENCODING, 'identity'];

/**
 * The flat form undici takes, with `accept-encoding: identity` unless the caller chose otherwise:
 * what we store as the response must be the bytes that came. `null` when `host` is among the names:
 * it would also steer the TLS server name. The syntax of names and values is checked by undici.
 * The array itself is given back when there is nothing to add; undici only reads it.
 */
export function outgoingHeaders(headers: EgressHeaders): string[] | null {
  const flat = isFlat(headers) ? headers : flatten(headers);
  let choosesEncoding = false;
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? '';
    // Comparing lengths first keeps the common case free of string work.
    if (name.length === HOST.length && name.toLowerCase() === HOST) return null;
    if (name.length === ACCEPT_ENCODING.length && name.toLowerCase() === ACCEPT_ENCODING) {
      choosesEncoding = true;
    }
  }
  return choosesEncoding ? flat : flat.concat(IDENTITY_ONLY);
}

/** Joins repeated headers with `, ` (RFC 9110 §5.3); the object is reused when there are none. */
export function plainHeaders(headers: ReceivedHeaders | null): Readonly<Record<string, string>> {
  if (headers === null) return NO_HEADERS;
  return isPlain(headers) ? headers : joined(headers);
}

function isPlain(headers: ReceivedHeaders): headers is Record<string, string> {
  for (const name in headers) if (typeof headers[name] !== 'string') return false;
  return true;
}

function joined(headers: ReceivedHeaders): Readonly<Record<string, string>> {
  const pairs = Object.entries(headers).map(([name, value = '']) => {
    return [name, typeof value === 'string' ? value : value.join(', ')] as const;
  });
  return Object.fromEntries(pairs);
}

function isFlat(headers: EgressHeaders): headers is string[] {
  return Array.isArray(headers);
}

function flatten(headers: EgressHeaders): string[] {
  const flat: string[] = [];
  for (const [name, value] of Object.entries(headers)) flat.push(name, value);
  return flat;
}
