/** When to try again, or that the schedule has ended. Time and chance are arguments. */
import { MAX_RETRY_AFTER_MS, MAX_SCHEDULE_STEP_SECONDS, MAX_SCHEDULE_STEPS } from './limits.ts';

/** Seconds between a failure and the next try: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h. */
export const DEFAULT_SCHEDULE_SECONDS: readonly number[] = [
  5, 300, 1_800, 7_200, 18_000, 36_000, 36_000,
];

/** Each step is stretched or shrunk by up to this share, so that tries don't return as a herd. */
export const JITTER = 0.2;

export interface FailedTry {
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: number;
  /** 1-based number of the try that just failed, counted since acceptance or the last resend. */
  readonly attempt: number;
  /** Seconds between tries; checked by `checkSchedule`. */
  readonly schedule: readonly number[];
  /** What the receiver asked for; can move the next try later, never earlier. */
  readonly retryAfterMs?: number;
  /** A number in [0, 1). */
  readonly random: number;
}

export type NextAttempt =
  | { readonly kind: 'at'; /** Milliseconds since the Unix epoch. */ readonly at: number }
  | { readonly kind: 'stop'; readonly reason: 'schedule_ended' };

const SCHEDULE_ENDED: NextAttempt = Object.freeze({ kind: 'stop', reason: 'schedule_ended' });

/** A schedule of n steps allows n + 1 tries: the step at `attempt - 1` follows that attempt. */
export function nextAttempt(failed: FailedTry): NextAttempt {
  const stepSeconds = failed.schedule[failed.attempt - 1];
  if (stepSeconds === undefined) return SCHEDULE_ENDED;
  const stretch = 1 + JITTER * (2 * failed.random - 1);
  const scheduledMs = Math.round(stepSeconds * 1000 * stretch);
  const askedMs = Math.min(failed.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  return { kind: 'at', at: failed.now + Math.max(scheduledMs, askedMs) };
}

/** A sentence saying what is wrong with a schedule, or `undefined`. An empty one means no retry. */
export function checkSchedule(seconds: readonly number[]): string | undefined {
  if (seconds.length > MAX_SCHEDULE_STEPS) {
    return `a retry schedule has at most ${MAX_SCHEDULE_STEPS} steps, not ${seconds.length}`;
  }
  for (const [index, step] of seconds.entries()) {
    if (!(step >= 0 && step <= MAX_SCHEDULE_STEP_SECONDS)) {
      return (
        `step ${index + 1} of the retry schedule is ${step}; a step is a number of seconds ` +
        `from 0 to ${MAX_SCHEDULE_STEP_SECONDS} (7 days)`
      );
    }
  }
  return undefined;
}
