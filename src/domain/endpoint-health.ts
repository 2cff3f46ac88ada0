/** The rule that gives up on a target: nothing but failures for five days disables it. */

const DAY_MS = 86_400_000;

export const DISABLE_AFTER_FAILING_MS = 5 * DAY_MS;

export type Outcome = 'succeeded' | 'failed';

export interface EndpointHealth {
  /** When the first failure since the last success happened; null while the last try succeeded. */
  readonly failingSince: number | null;
  /** True when the subscription is to be disabled now. */
  readonly disable: boolean;
}

const HEALTHY: EndpointHealth = Object.freeze({ failingSince: null, disable: false });

/**
 * Folds one outcome into the health of a subscription. Instants are wall clock (the run of failures
 * outlives processes). A clock that was set back only makes the rule slower, never hasty.
 */
export function endpointHealth(
  failingSince: number | null,
  lastOutcome: Outcome,
  now: number,
): EndpointHealth {
  if (lastOutcome === 'succeeded') return HEALTHY;
  const since = failingSince ?? now;
  return { failingSince: since, disable: now - since >= DISABLE_AFTER_FAILING_MS };
}
