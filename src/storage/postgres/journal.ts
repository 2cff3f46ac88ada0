/** The journal on PostgreSQL: commits go through the writer, reads through the pool. */
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
} from '../journal.ts';
import { int8Array } from './arrays.ts';
import { dueAfter, nextDueAfter, releaseHeld, unfinishedOf } from './due.ts';
import type { Database } from './connection.ts';
import { listDeliveries, listEvents } from './lists.ts';
import { toAttempt, toDelivery, toEvent } from '../sql/rows.ts';
import { slotState, unsettledOf } from './slot-state.ts';
import type { AttemptRow, EventRow } from '../sql/tables.ts';
import { deliveryViews } from './views.ts';
import type { Writer } from './writer.ts';

const EVENT = {
  name: 'event',
  text: 'select * from event where sequence = $1 and tenant = $2',
};

const CONTENTS = {
  name: 'contents',
  text: `
    select event.sequence, tenant, created_at, custom_id, event_type, ordering_key, retry, body
    from unnest($1::int8[]) as wanted (sequence)
    join event on event.sequence = wanted.sequence`,
};

const SEQUENCE_OF_KEY = {
  name: 'sequence_of_key',
  text: 'select sequence from dedupe_key where tenant = $1 and hash = $2',
};

const ATTEMPTS = {
  name: 'attempts',
  text: 'select * from attempt where sequence = $1 and subscription = $2 order by number',
};

interface Options {
  readonly database: Database;
  readonly writer: Writer;
  /** The one this process holds. */
  readonly slot: number;
}

export class PostgresJournalStore implements JournalStore {
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #slot: number;

  constructor({ database, writer, slot }: Options) {
    this.#database = database;
    this.#writer = writer;
    this.#slot = slot;
  }

  /** Of the events born on this process's own slot. */
  state(): Promise<JournalState> {
    return slotState(this.#database, this.#slot);
  }

  commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    return this.#writer.commit(batch);
  }

  /** Of the events born on this process's own slot. */
  unsettled(after: number, upTo: number, limit: number) {
    return unsettledOf(this.#database, this.#slot, { after, upTo, limit });
  }

  /** Of the deliveries that this process looks after. */
  async due(after: DuePosition, until: number, limit: number): Promise<readonly DeliveryRecord[]> {
    const rows = await dueAfter(this.#database, this.#slot, { after, until, limit });
    return rows.map(toDelivery);
  }

  nextDueAt(after: DuePosition): Promise<number | null> {
    return nextDueAfter(this.#database, this.#slot, after);
  }

  /** Of the deliveries that this process looks after. */
  async unfinished(
    subscription: number,
    after: number,
    limit: number,
  ): Promise<readonly DeliveryRecord[]> {
    const wanted = { subscription, after, limit };
    return (await unfinishedOf(this.#database, this.#slot, wanted)).map(toDelivery);
  }

  async contents(sequences: readonly number[]): Promise<readonly EventContent[]> {
    // Asked after a commit that failed: is it stored all the same?
    await this.#writer.certain();
    if (sequences.length === 0) return [];
    const rows = await this.#database.query<EventRow>(CONTENTS, [int8Array(sequences)]);
    return rows.map((row) => ({
      sequence: row.sequence,
      tenant: row.tenant,
      createdAt: row.created_at,
      customId: row.custom_id,
      eventType: row.event_type,
      orderingKey: row.ordering_key,
      retry: row.retry === 1,
      body: row.body,
    }));
  }

  async event(tenant: number, sequence: number): Promise<EventRecord | undefined> {
    const row = await this.#eventRow(tenant, sequence);
    return row && toEvent(row);
  }

  async sequenceOfKey(tenant: number, hash: Uint8Array): Promise<number | undefined> {
    const [row] = await this.#database.query<{ sequence: number }>(SEQUENCE_OF_KEY, [tenant, hash]);
    return row?.sequence;
  }

  listEvents(tenant: number, wanted: EventQuery): Promise<Page<EventRecord, number>> {
    return listEvents(this.#database, tenant, wanted);
  }

  async deliveriesOf(tenant: number, sequence: number): Promise<readonly DeliveryView[]> {
    const row = await this.#eventRow(tenant, sequence);
    return row === undefined ? [] : deliveryViews(this.#database, [row]);
  }

  async delivery(tenant: number, sequence: number, subscription: number) {
    const views = await this.deliveriesOf(tenant, sequence);
    return views.find((view) => view.subscription === subscription);
  }

  listDeliveries(
    tenant: number,
    wanted: DeliveryQuery,
  ): Promise<Page<DeliveryView, DeliveryPosition>> {
    return listDeliveries(this.#database, tenant, wanted);
  }

  async attempts(sequence: number, subscription: number): Promise<readonly AttemptRecord[]> {
    const rows = await this.#database.query<AttemptRow>(ATTEMPTS, [sequence, subscription]);
    return rows.map(toAttempt);
  }

  /** Of the deliveries that this process looks after; the other nodes release theirs. */
  releaseHeld(subscription: number, now: number, limit: number): Promise<number> {
    return this.#writer.write((fence) =>
      releaseHeld(this.#database, fence, { subscription, now, limit }),
    );
  }

  async #eventRow(tenant: number, sequence: number): Promise<EventRow | undefined> {
    const [row] = await this.#database.query<EventRow>(EVENT, [sequence, tenant]);
    return row;
  }
}
