/** Whose events are removed from when on. */

const DAY_MS = 86_400_000;

/** Days, or 0 to keep for ever. */
export type RetentionDays = number;

export interface TenantRetention {
  readonly tenant: number;
  /** Null where what holds for the installation holds. */
  readonly days: RetentionDays | null;
}

/** Events of one tenant, or of all (null), that were accepted before an instant are to go. */
export interface RetentionStep {
  readonly tenant: number | null;
  readonly createdBefore: number;
}

/**
 * What is past everybody's retention goes first and as a whole, which is cheapest; then what is
 * past the shorter ones.
 * @param days of tenants that say nothing themselves.
 */
export function retentionSteps(
  days: RetentionDays,
  tenants: readonly TenantRetention[],
  now: number,
): RetentionStep[] {
  const effective = tenants.map(({ tenant, days: own }) => ({ tenant, days: own ?? days }));
  const longest = Math.max(lasting(days), ...effective.map((one) => lasting(one.days)));
  const steps: RetentionStep[] = [];
  if (longest < Infinity) steps.push({ tenant: null, createdBefore: now - longest * DAY_MS });
  for (const { tenant, days: kept } of effective) {
    if (lasting(kept) < longest) steps.push({ tenant, createdBefore: now - kept * DAY_MS });
  }
  return steps;
}

function lasting(days: RetentionDays): number {
  return days === 0 ? Infinity : days;
}
