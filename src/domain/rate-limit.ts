/**
 * A rate as a token bucket that holds one second's worth: a subscription's `rate_limit`, a tenant's
 * `events_per_second`.
 *
 * It is kept in its virtual-scheduling form (ITU-T I.371, "GCRA"): one instant instead of a token
 * count, which needs no refill and does not lose fractions. `take` changes the record in place and
 * allocates nothing.
 */

export interface RateLimit {
  /** Milliseconds one token takes to come back. */
  intervalMs: number;
  /** How far the bucket may run ahead of time: one second's worth, less the token being taken. */
  toleranceMs: number;
  /** When the bucket would be full again, on the caller's monotonic clock. */
  fullAt: number;
}

/**
 * Swallows the rounding of ten thousand sums of intervals, so that a full bucket holds exactly one
 * second's worth and waiting as told is always enough.
 */
const ROUNDING_MS = 1e-3;

/** @throws RangeError unless `perSecond` is a finite number above 0; fractions are fine. */
export function createRateLimit(perSecond: number): RateLimit {
  if (!(perSecond > 0 && Number.isFinite(perSecond))) {
    throw new RangeError(`a rate limit must be a number per second above 0, not ${perSecond}`);
  }
  const intervalMs = 1000 / perSecond;
  // Below one a second the bucket still has to hold one whole token.
  const toleranceMs = Math.max(0, 1000 - intervalMs);
  return { intervalMs, toleranceMs, fullAt: Number.NEGATIVE_INFINITY };
}

/**
 * Takes tokens and returns 0, or takes none and returns the whole milliseconds to wait before
 * asking again. While one token is there, any number may be taken: the bucket is then overdrawn,
 * and who comes next waits until that is made good.
 *
 * @param share of the bucket that may be used, 0 to 1; what lies below is left to others.
 */
export function take(limit: RateLimit, now: number, tokens = 1, share = 1): number {
  const allowedAt = limit.fullAt - limit.toleranceMs * share;
  if (now + ROUNDING_MS < allowedAt) return Math.ceil(allowedAt - now);
  limit.fullAt = Math.max(limit.fullAt, now) + tokens * limit.intervalMs;
  return 0;
}

/** Whole tokens in the bucket, and the milliseconds until it is full. Takes nothing. */
export function fillOf(
  limit: RateLimit,
  now: number,
): { readonly tokens: number; readonly fullInMs: number } {
  const fullInMs = Math.max(0, limit.fullAt - now);
  const capacity = limit.toleranceMs / limit.intervalMs + 1;
  const tokens = Math.floor(capacity - (fullInMs - ROUNDING_MS) / limit.intervalMs);
  return { tokens: Math.max(0, Math.min(tokens, Math.round(capacity))), fullInMs };
}
