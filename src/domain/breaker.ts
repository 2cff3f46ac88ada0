/**
 * The circuit breaker of one lane: closed → open → half open → closed.
 *
 * While it is open, deliveries wait and no try of their schedule is spent. Only signs of a receiver
 * that is down or drowning count against it: failures of transport, timeouts, 5xx and 429. A 3xx or
 * a 4xx comes from a receiver that is alive and refuses this request; holding its other events back
 * would help nobody. `blocked` and `response_too_large` don't count either: the first is our own
 * rule, and hiding it behind an open breaker would hide the reason; the second did answer, and so
 * did who says `rejected`. To find an inbox full (`inbox_full`) costs nothing but a look.
 * `auth_failed` counts: while no token is to be had no try can succeed, so none should be spent.
 *
 * Functions change the record in place and allocate nothing. All instants are milliseconds on the
 * caller's monotonic clock.
 */
import type { AttemptResult } from './attempt-result.ts';

export const FAILURES_IN_A_ROW_TO_OPEN = 10;
/** Opens above this share of failures … */
const FAILURE_SHARE_TO_OPEN = 0.5;
/** … once so many tries ended … */
export const MIN_TRIES_TO_JUDGE = 20;
/** … within this time. It slides in steps of a slice, so it is up to one slice shorter. */
export const SLIDING_WINDOW_MS = 60_000;
export const FIRST_COOL_DOWN_MS = 30_000;
export const MAX_COOL_DOWN_MS = 300_000;
const COOL_DOWN_GROWTH = 2;
/** A cool-down is stretched or shrunk by up to this share. */
export const COOL_DOWN_JITTER = 0.2;

const SLICES = 6;
const SLICE_MS = SLIDING_WINDOW_MS / SLICES;

export type BreakerPhase = 'closed' | 'open' | 'half_open';

export interface Breaker {
  phase: BreakerPhase;
  /** Tries that started before this instant tell about an earlier phase and are ignored. */
  phaseSince: number;
  failuresInARow: number;
  /** Number of the slice of time that `slice` stands for. */
  sliceNumber: number;
  readonly failures: number[];
  readonly tries: number[];
  /** When an open breaker lets a probe through. */
  probeAt: number;
  /** The next cool-down, without jitter. */
  coolDownMs: number;
}

export function createBreaker(): Breaker {
  return {
    phase: 'closed',
    phaseSince: Number.NEGATIVE_INFINITY,
    failuresInARow: 0,
    sliceNumber: 0,
    failures: Array.from({ length: SLICES }, () => 0),
    tries: Array.from({ length: SLICES }, () => 0),
    probeAt: 0,
    coolDownMs: FIRST_COOL_DOWN_MS,
  };
}

/** Whether a try ended before anything was sent, so that it says nothing about its target. */
export function endedBeforeSending(result: AttemptResult): boolean {
  return result.kind === 'failure' && result.reason === 'transform_failed';
}

const HARMLESS: ReadonlySet<string> = new Set([
  'blocked',
  'inbox_full',
  'rejected',
  'response_too_large',
]);

/** Whether a try that ended so is held against the receiver; see the head of this file. */
export function countsAgainstBreaker(result: AttemptResult): boolean {
  if (result.kind === 'response') return result.status >= 500 || result.status === 429;
  if (result.kind === 'taken') return false;
  return !HARMLESS.has(result.reason);
}

/**
 * Asks to start a try. 0: go ahead; if the breaker was open this try is the probe, and its end must
 * be reported by `recordSuccess`, `recordFailure` or `releaseProbe`. A finite number: milliseconds
 * to wait. Infinity: a probe is under way, and its end is what to wait for.
 */
export function admit(breaker: Breaker, now: number): number {
  if (breaker.phase === 'closed') return 0;
  if (breaker.phase === 'half_open') return Number.POSITIVE_INFINITY;
  if (now < breaker.probeAt) return breaker.probeAt - now;
  enter(breaker, 'half_open', now);
  return 0;
}

/**
 * Reports a try that does not count against the receiver.
 *
 * @returns true when this closed the breaker.
 */
export function recordSuccess(breaker: Breaker, startedAt: number, now: number): boolean {
  if (breaker.phase === 'open' || startedAt < breaker.phaseSince) return false;
  if (breaker.phase === 'half_open') {
    close(breaker, now);
    return true;
  }
  breaker.failuresInARow = 0;
  count(breaker, now, 0);
  return false;
}

/**
 * Reports a try that counts against the receiver.
 *
 * @param random a number in [0, 1) for the jitter of the cool-down.
 * @returns true when this opened the breaker, again after a failed probe included.
 */
export function recordFailure(
  breaker: Breaker,
  startedAt: number,
  now: number,
  random: number,
): boolean {
  if (breaker.phase === 'open' || startedAt < breaker.phaseSince) return false;
  if (breaker.phase === 'half_open') {
    open(breaker, now, random);
    return true;
  }
  breaker.failuresInARow += 1;
  count(breaker, now, 1);
  if (breaker.failuresInARow < FAILURES_IN_A_ROW_TO_OPEN && !failsMostly(breaker)) return false;
  open(breaker, now, random);
  return true;
}

/** The probe was broken off from our side: the next caller may probe at once. */
export function releaseProbe(breaker: Breaker, now: number): void {
  if (breaker.phase !== 'half_open') return;
  // `probeAt` has passed, or there would be no probe.
  enter(breaker, 'open', now);
}

function enter(breaker: Breaker, phase: BreakerPhase, now: number): void {
  breaker.phase = phase;
  breaker.phaseSince = now;
}

function open(breaker: Breaker, now: number, random: number): void {
  enter(breaker, 'open', now);
  breaker.probeAt = now + breaker.coolDownMs * (1 + COOL_DOWN_JITTER * (2 * random - 1));
  breaker.coolDownMs = Math.min(breaker.coolDownMs * COOL_DOWN_GROWTH, MAX_COOL_DOWN_MS);
}

function close(breaker: Breaker, now: number): void {
  enter(breaker, 'closed', now);
  breaker.failuresInARow = 0;
  breaker.coolDownMs = FIRST_COOL_DOWN_MS;
  breaker.failures.fill(0);
  breaker.tries.fill(0);
}

function count(breaker: Breaker, now: number, failed: 0 | 1): void {
  const number = Math.floor(now / SLICE_MS);
  // Slices passed over since the last try are empty; more than a round of them empties them all.
  const passed = Math.min(number - breaker.sliceNumber, SLICES);
  for (let step = 0; step < passed; step += 1) {
    const slot = slotOf(number - step);
    breaker.failures[slot] = 0;
    breaker.tries[slot] = 0;
  }
  if (passed > 0) breaker.sliceNumber = number;
  const slot = slotOf(breaker.sliceNumber);
  breaker.failures[slot] = (breaker.failures[slot] ?? 0) + failed;
  breaker.tries[slot] = (breaker.tries[slot] ?? 0) + 1;
}

function slotOf(sliceNumber: number): number {
  return ((sliceNumber % SLICES) + SLICES) % SLICES;
}

function failsMostly(breaker: Breaker): boolean {
  let failures = 0;
  let tries = 0;
  for (let slot = 0; slot < SLICES; slot += 1) {
    failures += breaker.failures[slot] ?? 0;
    tries += breaker.tries[slot] ?? 0;
  }
  return tries >= MIN_TRIES_TO_JUDGE && failures > tries * FAILURE_SHARE_TO_OPEN;
}
