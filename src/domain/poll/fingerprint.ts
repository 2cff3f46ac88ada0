/** Tells whether two JSON values are the same, whatever the order their members were written in. */
import { createHash } from 'node:crypto';
import { MAX_SELECTED_DEPTH } from '../limits-poll.ts';

/** Enough that no two values of a resource meet: 128 bits. */
const FINGERPRINT_BYTES = 16;

/**
 * 22 characters of base64url: SHA-256 over the canonical text, cut.
 * @throws RangeError for values nested deeper than `MAX_SELECTED_DEPTH`.
 */
export function fingerprint(value: unknown): string {
  const digest = createHash('sha256').update(canonicalJson(value)).digest();
  return digest.subarray(0, FINGERPRINT_BYTES).toString('base64url');
}

/** JSON with sorted members and no spaces, close to RFC 8785. @throws RangeError when too deep. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_SELECTED_DEPTH) {
    throw new RangeError(`the value is nested deeper than ${MAX_SELECTED_DEPTH} levels`);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown) => canonicalJson(item, depth + 1)).join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}
