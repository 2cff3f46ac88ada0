/** Times of sending, spelled exactly, and whether they are near enough. */
import { refuse } from './code/verdict.ts';
import type { Refusal } from './code/verdict.ts';
import type { TimestampRule } from './scheme.ts';

/** Other spellings of the same number (`+1`, ` 1`, `1.0`) would be signed differently. */
const DIGITS = /^\d{1,13}$/;
/** RFC 3339. Without an offset it is UTC. */
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?$/;
const DAY_SECONDS = 86_400;

/** Milliseconds since the epoch; `undefined` for another spelling. */
export function instantOf(text: string, unit: TimestampRule['unit']): number | undefined {
  if (unit === 'iso8601') return isoInstant(text);
  if (!DIGITS.test(text)) return undefined;
  return unit === 's' ? Number(text) * 1_000 : Number(text);
}

/** Without the runtime's parser, which takes many more spellings. */
function isoInstant(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  // A leap second is the 60th.
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const sign = match[8] === '-' ? -1 : 1;
  const offset = sign * (Number(match[9] ?? 0) * 3_600 + Number(match[10] ?? 0) * 60);
  const ofDay = hour * 3_600 + minute * 60 + second;
  const seconds = daysSinceEpoch(year, month, day) * DAY_SECONDS + ofDay - offset;
  return seconds * 1_000 + Math.floor(Number(`0.${match[7] ?? '0'}`) * 1_000);
}

/** Proleptic Gregorian calendar, with years that begin in March so that leap days come last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leaps =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leaps + ofYear - 719_468;
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
