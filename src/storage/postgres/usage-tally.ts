/**
 * What a batch stores for each tenant and day: one row to count it by, whatever the batch holds.
 */
import type { NewEvent } from '../journal.ts';
import { dayOf, storedBytes } from '../tenant-data.ts';

/** The columns of `tenant_usage` but the slot. */
export interface UsageCount {
  readonly tenant: number;
  readonly day: number;
  events: number;
  bytes: number;
}

export function tallyUsage(events: readonly NewEvent[]): readonly UsageCount[] {
  const counts: UsageCount[] = [];
  let last: UsageCount | undefined;
  for (const { tenant, createdAt, body, metadata } of events) {
    const day = dayOf(createdAt);
    if (last?.tenant !== tenant || last.day !== day) {
      last = counts.find((count) => count.tenant === tenant && count.day === day);
      if (last === undefined) counts.push((last = { tenant, day, events: 0, bytes: 0 }));
    }
    last.events += 1;
    last.bytes += storedBytes(body.length, metadata);
  }
  // Nodes that count for the same tenants do so in one order, or they would wait for each other.
  return counts.toSorted((a, b) => a.tenant - b.tenant || a.day - b.day);
}
