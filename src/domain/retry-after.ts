/** Reads `Retry-After` (RFC 9110 §10.2.3), which a stranger wrote: strict, and capped. */
import { MAX_RETRY_AFTER_MS } from './limits.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const SECONDS = /^\d+$/;
/** `Sun, 06 Nov 1994 08:49:37 GMT`, what every current server writes. */
const FIXED_DATE = /^[A-Za-z]{3}, (\d\d) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
/** `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete, which recipients must still read. */
const TWO_DIGIT_YEAR_DATE = /^[A-Za-z]{6,9}, (\d\d)-([A-Za-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
/** `Sun Nov  6 08:49:37 1994`, obsolete, which recipients must still read. */
const ASCTIME_DATE = /^[A-Za-z]{3} ([A-Za-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * The delay in milliseconds that the header asks for, counted from `now` (wall clock) and at most
 * `MAX_RETRY_AFTER_MS`; `undefined` for anything that is not whole seconds or an HTTP date, and for
 * a date that has passed.
 */
export function parseRetryAfter(header: string, now: number): number | undefined {
  const text = header.trim();
  if (SECONDS.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
  const at = parseHttpDate(text, now);
  if (at === undefined || at < now) return undefined;
  return Math.min(at - now, MAX_RETRY_AFTER_MS);
}

function parseHttpDate(text: string, now: number): number | undefined {
  const fixed = FIXED_DATE.exec(text);
  if (fixed) return instant(fixed[3], fixed[2], fixed[1], fixed[4], fixed[5], fixed[6]);
  const short = TWO_DIGIT_YEAR_DATE.exec(text);
  if (short) {
    const year = String(fullYear(Number(short[3]), now));
    return instant(year, short[2], short[1], short[4], short[5], short[6]);
  }
  const asctime = ASCTIME_DATE.exec(text);
  if (asctime) {
    return instant(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
  }
  return undefined;
}

/** RFC 9110 §5.6.7: a year more than 50 years ahead is the last past one with these digits. */
function fullYear(twoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

type Digits = string | undefined;

function instant(
  year: Digits,
  monthName: Digits,
  day: Digits,
  hour: Digits,
  minute: Digits,
  second: Digits,
): number | undefined {
  const month = MONTHS.indexOf(monthName?.toLowerCase() ?? '');
  const dayNumber = Number(day);
  if (month < 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) {
    return undefined;
  }
  const midnight = new Date(Date.UTC(Number(year), month, dayNumber));
  // `Date.UTC` rolls 31 February over into March; a date that moved was no date.
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== dayNumber) return undefined;
  return midnight.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
}
