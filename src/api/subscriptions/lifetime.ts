/** The end of a subscription on the wire: what is accepted, and what follows from a change. */
import { MAX_EXPIRES_AT_AHEAD_DAYS } from '../../domain/limits.ts';
import type { Subscription, SubscriptionSettings } from '../../domain/subscription.ts';
import { isExpired, isRevivedBy } from '../../domain/subscription-expiry.ts';
import type { SubscriptionChange } from '../../storage/subscription-registry.ts';
import { instantMs, isoTime } from '../common-schema.ts';
import { invalid, Problem } from '../problems.ts';

const DAY_MS = 86_400_000;

interface LifetimeInput {
  readonly expires_at?: string | null | undefined;
}

/** @throws Problem `validation_failed` for an end that has passed, or is too far away. */
export function checkLifetime({ expires_at: text }: LifetimeInput, now: number): void {
  const at = instantMs(text ?? undefined);
  if (at === undefined) return;
  const pointer = '/expires_at';
  if (at <= now) throw invalid({ pointer, code: 'too_small', detail: 'lies in the past' });
  if (at > now + MAX_EXPIRES_AT_AHEAD_DAYS * DAY_MS) {
    const detail = `lies more than ${MAX_EXPIRES_AT_AHEAD_DAYS} days ahead`;
    throw invalid({ pointer, code: 'too_big', detail });
  }
}

export function changedExpiry(current: number | null, input: LifetimeInput): number | null {
  const { expires_at: text } = input;
  return text === undefined ? current : (instantMs(text ?? undefined) ?? null);
}

/** What changes with the settings: one that had only expired lives again. */
export function revival(
  current: Subscription,
  settings: SubscriptionSettings,
  now: number,
): SubscriptionChange {
  if (!isRevivedBy(current, settings, now)) return {};
  return { status: 'active', disabledReason: null, failingSince: null };
}

/** @throws Problem `subscription_is_expired` when no resume could wake it. */
export function refuseExpired({ expiresAt }: Subscription, now: number): void {
  if (expiresAt === null || !isExpired({ expiresAt }, now)) return;
  throw new Problem('subscription_is_expired', `It expired at ${isoTime(expiresAt)}.`);
}
