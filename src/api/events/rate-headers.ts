/**
 * Tells publishers where they stand with their quota of events a second, as structured fields of
 * draft-ietf-httpapi-ratelimit-headers (from -08 on): the policy, and what is left of it.
 */
import type { QuotaName, TenantRates } from '../../accept/publication.ts';

const POLICY: QuotaName = 'events_per_second';

/** Undefined for tenants without such a quota: most of them, and asked for every event. */
export function rateHeaders(
  rates: Pick<TenantRates, 'status'>,
  tenant: number,
): Readonly<Record<string, string>> | undefined {
  const status = rates.status(tenant);
  return (
    status && {
      'ratelimit-policy': `"${POLICY}";q=${status.quota};w=1`,
      ratelimit: `"${POLICY}";r=${status.remaining};t=${status.fullInSeconds}`,
    }
  );
}
