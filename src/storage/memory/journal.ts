/** The journal in memory: for tests and simulations. Nothing outlives the process. */
import { isFinal } from '../../domain/delivery-state.ts';
import type {
  AttemptRecord,
  DeliveryPosition,
  DeliveryQuery,
  DeliveryRecord,
  DeliveryView,
  DuePosition,
  EventContent,
  EventQuery,
  EventRecord,
  JournalBatch,
  JournalState,
  JournalStore,
  Page,
  RefusedDuplicate,
  UnsettledDelivery,
} from '../journal.ts';
import { applyBatch } from './commit.ts';
import { listDeliveries, listEvents } from './lists.ts';
import { keyName } from './keys.ts';
import type { JournalTables } from './tables.ts';
import { deliveryViews } from './views.ts';

export class MemoryJournalStore implements JournalStore {
  readonly #open: () => JournalTables;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => JournalTables) {
    this.#open = open;
  }

  async state(): Promise<JournalState> {
    return this.#open().state;
  }

  async commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    return applyBatch(this.#open(), batch);
  }

  async unsettled(after: number, upTo: number, limit: number) {
    const tables = this.#open();
    const pending: UnsettledDelivery[] = [];
    let scanned = 0;
    for (const { sequence, tenant, createdAt, orderingKey, matched } of tables.eventsAfter(after)) {
      if (sequence > upTo) break;
      for (const subscription of matched) {
        const settled =
          tables.delivery(sequence, subscription) !== undefined ||
          tables.attempts(sequence, subscription).length > 0;
        if (!settled) pending.push({ sequence, subscription, tenant, createdAt, orderingKey });
      }
      scanned += 1;
      if (scanned === limit) return { pending, scannedTo: sequence };
    }
    return { pending, scannedTo: upTo };
  }

  async due(after: DuePosition, until: number, limit: number): Promise<readonly DeliveryRecord[]> {
    return this.#past(after)
      .filter(({ dueAt }) => dueAt <= until)
      .toSorted(byPosition)
      .slice(0, limit)
      .map(({ row }) => row);
  }

  async nextDueAt(after: DuePosition): Promise<number | null> {
    const instants = this.#past(after).map(({ dueAt }) => dueAt);
    return instants.reduce<number | null>((least, at) => Math.min(least ?? at, at), null);
  }

  #past(after: DuePosition): (DuePosition & { readonly row: DeliveryRecord })[] {
    return Array.from(this.#open().waiting(), (row) => {
      const { sequence, subscription, nextAttemptAt } = row;
      return { dueAt: nextAttemptAt ?? Infinity, sequence, subscription, row };
    }).filter((position) => byPosition(position, after) > 0);
  }

  async unfinished(
    subscription: number,
    after: number,
    limit: number,
  ): Promise<readonly DeliveryRecord[]> {
    return Array.from(this.#open().deliveries())
      .filter((row) => row.subscription === subscription && row.sequence > after)
      .filter(({ status }) => !isFinal(status))
      .toSorted((a, b) => a.sequence - b.sequence)
      .slice(0, limit);
  }

  async contents(sequences: readonly number[]): Promise<readonly EventContent[]> {
    const tables = this.#open();
    return sequences.flatMap((sequence) => {
      const event = tables.event(sequence);
      if (event === undefined) return [];
      const { tenant, createdAt, customId, eventType, orderingKey, retry, body } = event;
      return [{ sequence, tenant, createdAt, customId, eventType, orderingKey, retry, body }];
    });
  }

  async event(tenant: number, sequence: number): Promise<EventRecord | undefined> {
    return eventOf(this.#open(), tenant, sequence);
  }

  async sequenceOfKey(tenant: number, hash: Uint8Array): Promise<number | undefined> {
    return this.#open().keys.get(keyName(tenant, hash))?.sequence;
  }

  async listEvents(tenant: number, query: EventQuery): Promise<Page<EventRecord, number>> {
    return listEvents(this.#open(), tenant, query);
  }

  async deliveriesOf(tenant: number, sequence: number): Promise<readonly DeliveryView[]> {
    const tables = this.#open();
    const event = eventOf(tables, tenant, sequence);
    return event === undefined ? [] : deliveryViews(tables, event);
  }

  async delivery(
    tenant: number,
    sequence: number,
    subscription: number,
  ): Promise<DeliveryView | undefined> {
    const tables = this.#open();
    const event = eventOf(tables, tenant, sequence);
    return event && deliveryViews(tables, event).find((view) => view.subscription === subscription);
  }

  async listDeliveries(
    tenant: number,
    query: DeliveryQuery,
  ): Promise<Page<DeliveryView, DeliveryPosition>> {
    return listDeliveries(this.#open(), tenant, query);
  }

  async attempts(sequence: number, subscription: number): Promise<readonly AttemptRecord[]> {
    const attempts = this.#open().attempts(sequence, subscription);
    return attempts.toSorted((a, b) => a.number - b.number);
  }

  async releaseHeld(subscription: number, now: number, limit: number): Promise<number> {
    const tables = this.#open();
    const released = Array.from(tables.deliveries())
      .filter((row) => row.subscription === subscription && row.status === 'held')
      .toSorted((a, b) => a.sequence - b.sequence)
      .slice(0, limit);
    for (const row of released) {
      const change = {
        status: 'pending',
        nextAttemptAt: now,
        reason: null,
        updatedAt: now,
      } as const;
      tables.putDelivery({ ...row, ...change });
    }
    return released.length;
  }
}

function eventOf(tables: JournalTables, tenant: number, sequence: number): EventRecord | undefined {
  const event = tables.event(sequence);
  return event?.tenant === tenant ? event : undefined;
}

function byPosition(a: DuePosition, b: DuePosition): number {
  return a.dueAt - b.dueAt || a.sequence - b.sequence || a.subscription - b.subscription;
}
