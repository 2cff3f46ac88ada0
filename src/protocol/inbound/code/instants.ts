/**
 * Instants as senders write them, and whether they are near enough. Nothing here knows the time.
 */
import { refuse } from './verdict.ts';
import type { Refusal } from './verdict.ts';

export const DEFAULT_TOLERANCE_SECONDS = 300;

const UNIX = /^\d{1,13}$/;
const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const DAY_SECONDS = 86_400;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** What is wrong with a timestamp of whole seconds or milliseconds; null when it is good. */
export function unixProblem(
  text: string | undefined,
  options: { readonly unit: 's' | 'ms'; readonly now: number; readonly toleranceSeconds: number },
): Refusal | null {
  if (!text) return refuse('missing_timestamp', 'There is no timestamp.');
  if (!UNIX.test(text)) {
    return refuse('malformed_timestamp', 'The timestamp is not a whole number of 1 to 13 digits.');
  }
  const at = Number(text) * (options.unit === 's' ? 1000 : 1);
  return ageProblem(at, options.now, options.toleranceSeconds);
}

/** @param at milliseconds, as is `now`. */
export function ageProblem(at: number, now: number, toleranceSeconds: number): Refusal | null {
  const ageSeconds = (now - at) / 1000;
  if (ageSeconds > toleranceSeconds) {
    return refuse('stale_timestamp', `It was signed ${Math.round(ageSeconds)} s ago.`);
  }
  if (ageSeconds < -Math.min(toleranceSeconds, DEFAULT_TOLERANCE_SECONDS)) {
    return refuse('future_timestamp', `It was signed ${Math.round(-ageSeconds)} s from now.`);
  }
  return null;
}

/** RFC 3339, to milliseconds since the epoch. `undefined` for any other spelling. */
export function parseInstant(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const days = daysSinceEpoch(year ?? 0, month ?? 0, day ?? 0);
  const isClockTime = (hour ?? 24) < 24 && (minute ?? 60) < 60 && (second ?? 60) < 60;
  const offset = offsetSeconds(match[8] ?? '');
  if (days === undefined || !isClockTime || offset === undefined) return undefined;
  const seconds = (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (second ?? 0) - offset;
  const millis = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000);
  return (days * DAY_SECONDS + seconds) * 1000 + millis;
}

function offsetSeconds(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Proleptic Gregorian calendar. `undefined` for a day that no month has. */
export function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = DAYS_IN_MONTH[month - 1];
  if (length === undefined || day < 1) return undefined;
  if (day > length + (month === 2 && leap ? 1 : 0)) return undefined;
  const past = year - 1;
  const daysOfYears =
    past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const daysOfMonths = DAYS_IN_MONTH.slice(0, month - 1).reduce((sum, days) => sum + days, 0);
  const beforeEpoch = 719_162;
  return daysOfYears + daysOfMonths + (month > 2 && leap ? 1 : 0) + day - 1 - beforeEpoch;
}
