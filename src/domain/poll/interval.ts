/** When a resource is polled again. Pure: chance is an argument. */
import { MAX_POLL_BACKOFF_SECONDS } from '../limits-poll.ts';

export interface IntervalTerms {
  /** Where it starts. */
  readonly intervalSeconds: number;
  /** After a change. */
  readonly minSeconds: number;
  /** What it grows to while nothing changes. */
  readonly maxSeconds: number;
}

/** Each quiet poll makes the interval so much longer. */
const GROWTH = 1.5;

/** Each step is stretched or shrunk by up to this share, so that polls don't come as a herd. */
export const POLL_JITTER = 0.1;

/** First pause after a failure; it doubles with each one that follows. */
const FIRST_BACKOFF_SECONDS = 5;
const MAX_DOUBLINGS = 20;

/** The interval after a poll: short after a change, longer with each quiet one. Seconds. */
export function nextInterval(
  terms: IntervalTerms,
  current: number | null,
  hasChanged: boolean,
): number {
  const { intervalSeconds, minSeconds, maxSeconds } = terms;
  if (hasChanged) return minSeconds;
  const grown = current === null ? intervalSeconds : current * GROWTH;
  return Math.min(Math.max(grown, minSeconds), maxSeconds);
}

/** Until the next poll, with jitter, milliseconds. @param random in [0, 1). */
export function delayMs(intervalSeconds: number, random: number): number {
  return Math.round(intervalSeconds * 1000 * (1 + POLL_JITTER * (2 * random - 1)));
}

/**
 * Until the next poll after `failures` in a row: doubling from five seconds to an hour, and never
 * shorter than the shortest interval of the resource. Milliseconds.
 */
export function backoffMs(terms: IntervalTerms, failures: number, random: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), MAX_DOUBLINGS);
  const doubled = FIRST_BACKOFF_SECONDS * 2 ** doublings;
  const longest = Math.max(MAX_POLL_BACKOFF_SECONDS, terms.maxSeconds);
  return delayMs(Math.min(Math.max(doubled, terms.minSeconds), longest), random);
}
