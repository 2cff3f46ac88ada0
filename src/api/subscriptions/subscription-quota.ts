/** How many subscriptions a tenant may have: the limit that all share, and a quota of its own. */
import type { ApiDependencies, ApiLimits } from '../deps.ts';
import { ruleProblem } from '../events/publish-problem.ts';
import { Problem } from '../problems.ts';

/** Room is made by deleting subscriptions, and nobody knows when. */
const RETRY_AFTER_SECONDS = 3_600;

interface Sources extends Pick<ApiDependencies, 'registry' | 'tenants'> {
  readonly limits: ApiLimits;
}

/**
 * Runs `create` when the tenant may have one more. Those that are being created count, so that many
 * requests at once get no further than one after the other.
 *
 * @throws Problem `too_many_subscriptions`, `quota_exceeded`
 */
export type WithinQuota = <T>(tenant: number, create: () => Promise<T>) => Promise<T>;

export function subscriptionQuota({ registry, tenants, limits }: Sources): WithinQuota {
  const creating = new Map<number, number>();
  return async (tenant, create) => {
    const underWay = creating.get(tenant) ?? 0;
    const { maxSubscriptions } = tenants.settings(tenant).quotas;
    refuseTooMany(registry.count(tenant) + underWay, limits, maxSubscriptions);
    creating.set(tenant, underWay + 1);
    try {
      return await create();
    } finally {
      const left = (creating.get(tenant) ?? 1) - 1;
      if (left === 0) creating.delete(tenant);
      else creating.set(tenant, left);
    }
  };
}

function refuseTooMany(count: number, limits: ApiLimits, quota: number | null): void {
  if (count >= limits.maxSubscriptionsPerTenant) {
    const detail = `The limit is ${limits.maxSubscriptionsPerTenant}.`;
    throw new Problem('too_many_subscriptions', detail);
  }
  if (quota === null || count < quota) return;
  throw ruleProblem({
    code: 'quota_exceeded',
    quota: 'max_subscriptions',
    reason: `the tenant may have ${quota} subscriptions`,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
