/**
 * How many tries of one lane may be in flight: additive increase, multiplicative decrease, as in
 * TCP congestion control (RFC 5681), with the receiver as the narrow link.
 *
 * The functions change the record in place and allocate nothing, because they run for every try.
 * They are still pure in the sense that matters here: no clock, no chance, no other state.
 */

import { MAX_IN_FLIGHT_CAP } from './limits.ts';

/** Where an untried lane begins. */
export const START_WINDOW = 16;
const MIN_WINDOW = 1;
const DECREASE_FACTOR = 0.5;

export interface LaneWindow {
  /** Tries allowed in flight now, a whole number from `MIN_WINDOW` to `cap`. */
  size: number;
  /** The subscription's `max_in_flight`. */
  cap: number;
  /** Doubling until the first sign of congestion, then growing by one. */
  slowStart: boolean;
  /** Successes since the size last changed. */
  successes: number;
  /** Instant of the last decrease on the caller's monotonic clock, milliseconds. */
  decreasedAt: number;
}

/** @throws RangeError when `maxInFlight` is not a whole number from 1 to `MAX_IN_FLIGHT_CAP`. */
export function createLaneWindow(maxInFlight: number = MAX_IN_FLIGHT_CAP): LaneWindow {
  requireCap(maxInFlight);
  return {
    size: Math.min(START_WINDOW, maxInFlight),
    cap: maxInFlight,
    slowStart: true,
    successes: 0,
    decreasedAt: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Counts a success. A lane that does not fill its window learns nothing about the receiver's
 * limit, so only successes of a full window let it grow.
 */
export function onSuccess(window: LaneWindow, wasWindowFull: boolean): void {
  if (!wasWindowFull || window.size >= window.cap) return;
  window.successes += 1;
  if (window.successes < window.size) return;
  window.successes = 0;
  const grown = window.slowStart ? window.size * 2 : window.size + 1;
  window.size = Math.min(grown, window.cap);
}

/**
 * Halves the window after a try that `classify` said throttles. All tries that were in flight when
 * it was halved report the same congestion, so those that started before that are not counted.
 *
 * @param startedAt when the try began, on the same monotonic clock as `now`.
 * @returns whether the window was cut.
 */
export function onCongestion(window: LaneWindow, startedAt: number, now: number): boolean {
  if (startedAt <= window.decreasedAt) return false;
  window.size = Math.max(MIN_WINDOW, Math.floor(window.size * DECREASE_FACTOR));
  window.slowStart = false;
  window.successes = 0;
  window.decreasedAt = now;
  return true;
}

/** After an outage: begin with one try and double, so that a receiver that just rose stays up. */
export function restart(window: LaneWindow, now: number): void {
  window.size = MIN_WINDOW;
  window.slowStart = true;
  window.successes = 0;
  window.decreasedAt = now;
}

/**
 * Follows a changed `max_in_flight`.
 *
 * @throws RangeError as `createLaneWindow`.
 */
export function setCap(window: LaneWindow, maxInFlight: number): void {
  requireCap(maxInFlight);
  window.cap = maxInFlight;
  window.size = Math.min(window.size, maxInFlight);
}

function requireCap(cap: number): void {
  if (!Number.isInteger(cap) || cap < MIN_WINDOW || cap > MAX_IN_FLIGHT_CAP) {
    const range = `${MIN_WINDOW} to ${MAX_IN_FLIGHT_CAP}`;
    throw new RangeError(`max_in_flight must be a whole number from ${range}, not ${cap}`);
  }
}
