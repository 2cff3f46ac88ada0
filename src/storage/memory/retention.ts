/** Removes what is old from memory. */
import type { EventRecord } from '../journal.ts';
import type { InboundRemovalOrder, Removal, RemovalOrder, RetentionStore } from '../retention.ts';
import { storedBytes } from '../tenant-data.ts';
import type { JournalTables } from './tables.ts';

/** Events of one chunk. Few, so that whatever is tested over this store meets several chunks. */
const CHUNK_EVENTS = 100;

export class MemoryRetention implements RetentionStore {
  readonly #open: () => JournalTables;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => JournalTables) {
    this.#open = open;
  }

  async removeOldInbound(order: InboundRemovalOrder): Promise<number> {
    const { tenant, receivedBefore, keysBefore } = order;
    const { inbound, keys } = this.#open();
    const kept = keys.removeKept(keysBefore);
    if (receivedBefore === null) return kept;
    return kept + inbound.removeOld(tenant, receivedBefore, CHUNK_EVENTS);
  }

  async removeOld({ tenant, createdBefore, after, keysKeptSince }: RemovalOrder): Promise<Removal> {
    const tables = this.#open();
    const removed = new Set<number>();
    let bytes = 0;
    let looked = 0;
    let next: Removal['next'];
    for (const event of tables.eventsAfter(after?.sequence ?? 0)) {
      if (event.createdAt >= createdBefore) break;
      const isWanted = tenant === null || event.tenant === tenant;
      if (isWanted && !isOpen(tables, event)) {
        removed.add(event.sequence);
        bytes += storedBytes(event.body.length, event.metadata);
      }
      looked += 1;
      if (looked === CHUNK_EVENTS) {
        next = { eventType: event.eventType, sequence: event.sequence };
        break;
      }
    }
    tables.removeOld(removed, keysKeptSince ?? Infinity);
    return { events: removed.size, bytes, next };
  }
}

/** Whether something is still to be tried: by a row, or implied by the event alone. */
function isOpen(tables: JournalTables, { sequence, matched }: EventRecord): boolean {
  for (const subscription of tables.subscriptionsOf(sequence)) {
    if (tables.delivery(sequence, subscription)?.nextAttemptAt != null) return true;
  }
  if (sequence <= tables.state.lowWaterMark) return false;
  return matched.some(
    (subscription) =>
      tables.delivery(sequence, subscription) === undefined &&
      tables.attempts(sequence, subscription).length === 0,
  );
}
