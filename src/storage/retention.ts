/**
 * Retention's part of the storage port: what is old goes, a bounded chunk at a time, so that no
 * commit waits long for it. Stores find what is old without looking at what is not.
 */

/** Where a removal has got to. The order is the store's own. */
export interface RemovalPosition {
  readonly eventType: string;
  readonly sequence: number;
  /** An event that is gone, but not all that came of it. */
  readonly unfinished?: number | undefined;
}

export interface RemovalOrder {
  /** Only events of this tenant, or null for all. */
  readonly tenant: number | null;
  /** Events accepted before this instant, milliseconds. */
  readonly createdBefore: number;
  /** Go on past this position; undefined begins anew. */
  readonly after: RemovalPosition | undefined;
}

export interface Removal {
  readonly events: number;
  /** What they held; see `storedBytes`. */
  readonly bytes: number;
  /** Undefined when there is nothing more to remove now. */
  readonly next: RemovalPosition | undefined;
}

export const NOTHING_REMOVED: Removal = { events: 0, bytes: 0, next: undefined };

export interface RetentionStore {
  /**
   * Takes some old events out of the store, oldest first, and with each its attempts, deliveries
   * and dedupe keys; usage is counted down in the same transaction. An event with a delivery that
   * is pending or waits for a try stays until that is over. Held deliveries go.
   *
   * Events of one tenant are found at a cost that does not grow with those of others. Another node
   * that is at it counts as nothing more to remove.
   */
  removeOld(order: RemovalOrder): Promise<Removal>;
}
