/** What an HTTP message signature covers (RFC 9421 §2), and whether the body is part of it. */
import * as crypto from 'node:crypto';
import { sameText } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import { bytesOf, parseDictionary, stringOf, writeItem, writeMember } from './structured-fields.ts';
import type { Item, Member } from './structured-fields.ts';

const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const DIGESTS: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' };

/** Names of the covered components. */
export function coveredBy(input: Member): ReadonlySet<string> {
  return new Set((input.items ?? []).map(({ value }) => stringOf(value) ?? ''));
}

/**
 * The signature base (§2.5). `undefined` when a component is unknown, absent, or covered twice, or
 * asks for a reading that is not known here: then nothing can be said about what is signed.
 */
export function signatureBase(request: InboundRequest, input: Member): string | undefined {
  if (input.items === null || !URL.canParse(request.url)) return undefined;
  const url = new URL(request.url);
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const item of input.items) {
    const identifier = writeItem(item);
    const value = componentValue(request, url, item);
    if (value === undefined || seen.has(identifier)) return undefined;
    seen.add(identifier);
    lines.push(`${identifier}: ${value}`);
  }
  return [...lines, `"@signature-params": ${writeMember(input)}`].join('\n');
}

function componentValue(request: InboundRequest, url: URL, item: Item): string | undefined {
  const name = stringOf(item.value);
  if (name === undefined) return undefined;
  if (name.startsWith('@')) {
    return item.parameters.size === 0 ? derivedValue(request, url, name) : undefined;
  }
  const field = FIELD_NAME.test(name) ? request.headers(name)?.trim() : undefined;
  if (field === undefined || item.parameters.size === 0) return field;
  const key = stringOf(item.parameters.get('key'));
  if (key === undefined || item.parameters.size > 1) return undefined;
  const member = parseDictionary(field)?.get(key);
  return member === undefined ? undefined : writeMember(member);
}

function derivedValue(request: InboundRequest, url: URL, name: string): string | undefined {
  switch (name) {
    case '@method':
      return request.method;
    case '@target-uri':
      return request.url;
    case '@authority':
      return url.host;
    case '@scheme':
      return url.protocol.slice(0, -1);
    case '@request-target':
      return url.pathname + url.search;
    case '@path':
      return url.pathname;
    case '@query':
      return url.search === '' ? '?' : url.search;
    default:
      return undefined;
  }
}

/**
 * Whether `Content-Digest` (RFC 9530) is of this body: every hash that is known, and at least
 * one.
 */
export function digestFits(header: string | undefined, body: Uint8Array): boolean {
  const digests = parseDictionary(header ?? '');
  const known = [...(digests ?? [])].filter(([name]) => Object.hasOwn(DIGESTS, name));
  return (
    known.length > 0 &&
    known.every(([name, { value }]) => {
      const hash = crypto.createHash(DIGESTS[name] ?? '').update(body);
      return sameText(hash.digest('base64'), bytesOf(value) ?? '');
    })
  );
}
