/** Times of sending, spelled exactly, and whether they are near enough. */
import { parseInstant } from './code/instants.ts';
import { refuse } from './code/verdict.ts';
import type { Refusal } from './code/verdict.ts';
import type { TimestampRule } from './scheme.ts';

/** Other spellings of the same number (`+1`, ` 1`, `1.0`) would be signed differently. */
const DIGITS = /^\d{1,13}$/;
const HAS_OFFSET = /(?:Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch; `undefined` for another spelling. No offset means UTC. */
export function instantOf(text: string, unit: TimestampRule['unit']): number | undefined {
  if (unit === 'iso8601') return parseInstant(HAS_OFFSET.test(text) ? text : `${text}Z`);
  if (!DIGITS.test(text)) return undefined;
  return unit === 's' ? Number(text) * 1_000 : Number(text);
}

/**
 * @param now milliseconds.
 * @returns undefined when the time is near enough.
 */
export function timeRefusal(
  text: string | undefined,
  unit: TimestampRule['unit'],
  toleranceSeconds: number,
  now: number,
): Refusal | undefined {
  if (text === undefined || text === '') return MISSING;
  const instant = instantOf(text, unit);
  if (instant === undefined) return MALFORMED[unit];
  const age = now - instant;
  if (Math.abs(age) <= toleranceSeconds * 1_000) return undefined;
  const off = Math.round(Math.abs(age) / 1_000);
  return age > 0
    ? refuse('stale_timestamp', `Signed ${off} s ago; up to ${toleranceSeconds} s are taken.`)
    : refuse(
        'future_timestamp',
        `Signed ${off} s ahead of this clock; up to ${toleranceSeconds} s are taken.`,
      );
}

const MISSING = refuse('missing_timestamp', 'The request does not say when it was signed.');
const MALFORMED = {
  s: refuse('malformed_timestamp', 'The timestamp is not a number of seconds in digits.'),
  ms: refuse('malformed_timestamp', 'The timestamp is not a number of milliseconds in digits.'),
  iso8601: refuse('malformed_timestamp', 'The timestamp is not an instant by RFC 3339.'),
};
