/** The rule that gives up on a target: nothing but failures for five days disables it. */

const DAY_MS = 86_400_000;

export const DISABLE_AFTER_FAILING_MS = 5 * DAY_MS;

/**
 * A longer silence between two failures ends the run: one failure on Monday and one on Saturday say
 * nothing about the days between. Longer than any pause of the default retry schedule.
 */
export const MAX_SILENCE_MS = 2 * DAY_MS;

export type Outcome = 'succeeded' | 'failed';

/** Failures without a success between them. Milliseconds since the epoch. */
export interface FailureRun {
  readonly since: number;
  readonly lastAt: number;
}

export interface EndpointHealth {
  /** Null while the last try succeeded. */
  readonly run: FailureRun | null;
  /** True when the subscription is to be disabled now. */
  readonly disable: boolean;
}

const HEALTHY: EndpointHealth = Object.freeze({ run: null, disable: false });

/**
 * Folds one outcome into the health of a subscription. Instants are wall clock (the run of failures
 * outlives processes). A clock that was set back only makes the rule slower, never hasty.
 */
export function endpointHealth(
  run: FailureRun | null,
  lastOutcome: Outcome,
  now: number,
): EndpointHealth {
  if (lastOutcome === 'succeeded') return HEALTHY;
  const goesOn = run !== null && now - run.lastAt <= MAX_SILENCE_MS;
  const since = goesOn ? run.since : now;
  return { run: { since, lastAt: now }, disable: now - since >= DISABLE_AFTER_FAILING_MS };
}
