/**
 * What a tenant has in the store, taken as a whole: how much it is, all of it to read, and all of
 * it gone. The third part of the storage port, beside the journal and the control plane.
 */
import type { EventRecord, Page } from './journal.ts';

export const DAY_MS = 86_400_000;

/** What the events hold that a tenant published on one day and that are still stored. */
export interface DayUsage {
  /** Days since 1970-01-01 UTC, by the instant of acceptance. */
  readonly day: number;
  readonly events: number;
  /** See `storedBytes`. */
  readonly bytes: number;
}

/** Where a walk over all events of a tenant has got to. The order is the store's own. */
export interface TenantEventPosition {
  readonly eventType: string;
  readonly sequence: number;
}

export interface TenantEventQuery {
  readonly after: TenantEventPosition | undefined;
  /** Only events up to this sequence: those that were stored when the walk began. */
  readonly upTo: number;
  readonly limit: number;
}

export interface TenantData {
  /**
   * Kept in the transactions that store and remove events, so that it is exact after any crash.
   * Days without events may be left out; the order is by day.
   */
  usage(tenant: number): Promise<readonly DayUsage[]>;

  /** All events of a tenant, each once, at a cost that does not grow with those of others. */
  events(tenant: number, query: TenantEventQuery): Promise<Page<EventRecord, TenantEventPosition>>;

  /**
   * Takes about `limit` rows of a tenant out of the store, in one transaction: events, attempts,
   * deliveries, keys of either kind, subscriptions, usage and whatever else is a tenant's. Only its
   * own row stays.
   * @returns how many rows were taken; 0 when nothing is left.
   */
  erase(tenant: number, limit: number): Promise<number>;
  /** Overwrites what erased rows left in the store's files, as far as the store can. */
  shred(): Promise<void>;
  /** Forgets the tenant itself: its name is free again, its number never comes back. */
  remove(tenant: number): Promise<void>;
}

/**
 * What an event counts for: its envelope and its metadata. Attempts, indexes, and the bounded rows
 * of inbound requests without an event count nothing.
 */
export function storedBytes(bodyBytes: number, metadata: string | null): number {
  return metadata === null ? bodyBytes : bodyBytes + Buffer.byteLength(metadata);
}

export function dayOf(createdAt: number): number {
  return Math.floor(createdAt / DAY_MS);
}
