/**
 * Adds up what a batch stores for each tenant, so that counting costs one small upsert for each
 * tenant and batch, not one for each event. Neighbours mostly have the tenant in common.
 */
import { dayOf, storedBytes } from '../tenant-data.ts';
import { EVENT_CREATED_AT, EVENT_METADATA, EVENT_TENANT, type Value } from './batch-message.ts';

/** The columns of `tenant_usage`. */
type Count = [tenant: number, day: number, events: number, bytes: number];

export class UsageTally {
  readonly #counts = new Map<number, Count[]>();
  #last: Count | undefined;

  /**
   * @param values of the batch's events.
   * @param at where those of this event begin, in the order of the table's columns.
   */
  add(values: readonly Value[], at: number, bodyBytes: number): void {
    const tenant = Number(values[at + EVENT_TENANT]);
    const day = dayOf(Number(values[at + EVENT_CREATED_AT]));
    const metadata = values[at + EVENT_METADATA];
    const bytes = typeof metadata === 'string' ? storedBytes(bodyBytes, metadata) : bodyBytes;
    const last = this.#last;
    const count = last?.[0] === tenant && last[1] === day ? last : this.#of(tenant, day);
    count[2] += 1;
    count[3] += bytes;
    this.#last = count;
  }

  /** A batch may hold two days: one around midnight. */
  #of(tenant: number, day: number): Count {
    const days = this.#counts.get(tenant);
    const known = days?.find((count) => count[1] === day);
    if (known !== undefined) return known;
    const count: Count = [tenant, day, 0, 0];
    if (days === undefined) this.#counts.set(tenant, [count]);
    else days.push(count);
    return count;
  }

  *counts(): Generator<Count> {
    for (const days of this.#counts.values()) yield* days;
  }
}
