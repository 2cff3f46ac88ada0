/** The end of a wish: when a subscription expires, and what revives it. Pure. */
import type { Subscription, SubscriptionSettings } from './subscription.ts';

/** The reason a subscription is disabled for when it has expired; told apart from all others. */
export const EXPIRED = 'it has expired';

/** From its instant on it matches nothing new. Milliseconds. */
export function isExpired({ expiresAt }: Pick<Subscription, 'expiresAt'>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/**
 * True when these settings bring back a subscription that nothing but its end has disabled. One
 * that failed for too long, or was told to stop, waits for its owner to resume it.
 */
export function isRevivedBy(
  { status, disabledReason }: Pick<Subscription, 'status' | 'disabledReason'>,
  settings: Pick<SubscriptionSettings, 'expiresAt'>,
  now: number,
): boolean {
  return status === 'disabled' && disabledReason === EXPIRED && !isExpired(settings, now);
}
