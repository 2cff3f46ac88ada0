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
  /**
   * Keys of events that came in through a source at or after this instant outlive them, so that a
   * repeat is still recognised. Absent: none do.
   */
  readonly keysKeptSince?: number | undefined;
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

/** What of inbound requests without an event is to go. */
export interface InboundRemovalOrder {
  /** Only those of this tenant, or null for all. */
  readonly tenant: number | null;
  /** Received before this instant, milliseconds; null: none for their age. */
  readonly receivedBefore: number | null;
  /** Keys that outlived their event go when that was accepted before this instant. */
  readonly keysBefore: number;
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

  /**
   * Takes some old inbound requests out, those that are too many for their source, and dedupe keys
   * that were kept beyond their event.
   * @returns how many rows that were; 0 when there is nothing more to remove now.
   */
  removeOldInbound(order: InboundRemovalOrder): Promise<number>;
}
