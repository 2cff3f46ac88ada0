/** The journal on SQLite: commits go to the writer thread, reads stay on this connection. */
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
import { storageError, type Connection } from './connection.ts';
import { listDeliveries, listEvents } from './lists.ts';
import { matchedNumbers, toAttempt, toDelivery, toEvent } from '../sql/rows.ts';
import type { AttemptRow, DeliveryRow, EventRow } from '../sql/tables.ts';
import { query } from './tables.ts';
import { deliveryViews, key } from './views.ts';
import type { Writer } from './writer.ts';

export class SqliteJournalStore implements JournalStore {
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(connection: Connection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
    this.#statements = prepare(connection);
  }

  /** @throws StorageError `closed` */
  get #open(): ReturnType<typeof prepare> {
    this.#connection.requireOpen();
    return this.#statements;
  }

  async state(): Promise<JournalState> {
    const row = this.#open.state.get();
    return {
      lastSequence: Number(row?.['last_sequence'] ?? 0),
      lowWaterMark: Number(row?.['low_water_mark'] ?? 0),
    };
  }

  commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    return this.#writer.commit(batch);
  }

  async unsettled(after: number, upTo: number, limit: number) {
    const rows = this.#open.matched.all(after, upTo, limit);
    const events = rows as unknown as Omit<EventRow, 'body'>[];
    const scannedTo = events.length < limit ? upTo : (events.at(-1)?.sequence ?? upTo);
    const settled = new Set<string>();
    for (const row of this.#open.settled.iterate(after, scannedTo, after, scannedTo)) {
      settled.add(key(Number(row['sequence']), Number(row['subscription'])));
    }
    const pending: UnsettledDelivery[] = [];
    for (const { sequence, tenant, matched, created_at: createdAt, ordering_key } of events) {
      for (const subscription of matchedNumbers(matched)) {
        if (settled.has(key(sequence, subscription))) continue;
        pending.push({ sequence, subscription, tenant, createdAt, orderingKey: ordering_key });
      }
    }
    return { pending, scannedTo };
  }

  async due(after: DuePosition, until: number, limit: number): Promise<readonly DeliveryRecord[]> {
    const { dueAt, sequence, subscription } = after;
    const rows = this.#open.due.all(dueAt, sequence, subscription, until, limit);
    return (rows as unknown as DeliveryRow[]).map(toDelivery);
  }

  async nextDueAt(after: DuePosition): Promise<number | null> {
    const { dueAt, sequence, subscription } = after;
    const row = this.#open.nextDue.get(dueAt, sequence, subscription);
    return row === undefined ? null : Number(row['next_attempt_at']);
  }

  async unfinished(
    subscription: number,
    after: number,
    limit: number,
  ): Promise<readonly DeliveryRecord[]> {
    const each = [subscription, after, limit];
    const rows = this.#open.unfinished.all(...each, ...each, ...each, limit);
    return (rows as unknown as DeliveryRow[]).map(toDelivery);
  }

  async contents(sequences: readonly number[]): Promise<readonly EventContent[]> {
    if (sequences.length === 0) return [];
    const select = query
      .selectFrom('event')
      .select(['sequence', 'tenant', 'created_at', 'custom_id', 'event_type', 'body'])
      .select(['ordering_key', 'retry'])
      .where('sequence', 'in', sequences);
    return this.#connection.all(select.compile()).map((row) => ({
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
    const row = this.#eventRow(tenant, sequence);
    return row && toEvent(row);
  }

  async sequenceOfKey(tenant: number, hash: Uint8Array): Promise<number | undefined> {
    const row = this.#open.sequenceOfKey.get(tenant, hash);
    return row && Number(row['sequence']);
  }

  async listEvents(tenant: number, wanted: EventQuery): Promise<Page<EventRecord, number>> {
    return listEvents(this.#connection, tenant, wanted);
  }

  async deliveriesOf(tenant: number, sequence: number): Promise<readonly DeliveryView[]> {
    const row = this.#eventRow(tenant, sequence);
    return row === undefined ? [] : deliveryViews(this.#connection, [row]);
  }

  async delivery(tenant: number, sequence: number, subscription: number) {
    const views = await this.deliveriesOf(tenant, sequence);
    return views.find((view) => view.subscription === subscription);
  }

  async listDeliveries(
    tenant: number,
    wanted: DeliveryQuery,
  ): Promise<Page<DeliveryView, DeliveryPosition>> {
    return listDeliveries(this.#connection, tenant, wanted);
  }

  async attempts(sequence: number, subscription: number): Promise<readonly AttemptRecord[]> {
    const rows = this.#open.attempts.all(sequence, subscription);
    return (rows as unknown as AttemptRow[]).map(toAttempt);
  }

  async releaseHeld(subscription: number, now: number, limit: number): Promise<number> {
    try {
      return Number(this.#open.releaseHeld.run(now, now, subscription, limit).changes);
    } catch (error) {
      throw storageError(error);
    }
  }

  #eventRow(tenant: number, sequence: number): EventRow | undefined {
    const row = this.#open.event.get(sequence, tenant);
    return row as EventRow | undefined;
  }
}

/** Each walks `delivery_by_subscription` on its own, so that nothing beyond the limit is read. */
function rowsInState(status: string): string {
  return `
    select * from (
      select * from delivery where subscription = ? and status = '${status}' and sequence > ?
      order by sequence limit ?)`;
}

/** Row-value comparisons walk `delivery_due` from the position on. */
function prepare(connection: Connection) {
  return {
    state: connection.prepare(`
      select low_water_mark,
        max(highest_erased, coalesce((select max(sequence) from event), 0),
            coalesce((select max(sequence) from inbound_request), 0)) as last_sequence
      from journal_state`),
    event: connection.prepare('select * from event where sequence = ? and tenant = ?'),
    matched: connection.prepare(`
      select sequence, tenant, matched, created_at, ordering_key from event
      where sequence > ? and sequence <= ? order by sequence limit ?`),
    settled: connection.prepare(`
      select sequence, subscription from attempt where sequence > ? and sequence <= ?
      union all
      select sequence, subscription from delivery where sequence > ? and sequence <= ?`),
    due: connection.prepare(`
      select * from delivery
      where next_attempt_at is not null
        and (next_attempt_at, sequence, subscription) > (?, ?, ?) and next_attempt_at <= ?
      order by next_attempt_at, sequence, subscription limit ?`),
    nextDue: connection.prepare(`
      select next_attempt_at from delivery
      where next_attempt_at is not null
        and (next_attempt_at, sequence, subscription) > (?, ?, ?)
      order by next_attempt_at, sequence, subscription limit 1`),
    unfinished: connection.prepare(`
      ${['pending', 'waiting', 'held'].map(rowsInState).join(' union all ')}
      order by sequence limit ?`),
    sequenceOfKey: connection.prepare(
      'select sequence from dedupe_key where tenant = ? and hash = ?',
    ),
    attempts: connection.prepare(`
      select * from attempt where sequence = ? and subscription = ? order by number`),
    releaseHeld: connection.prepare(`
      update delivery
      set status = 'pending', next_attempt_at = ?, reason = null, updated_at = ?
      where (sequence, subscription) in (
        select sequence, subscription from delivery
        where subscription = ? and status = 'held' order by sequence limit ?)`),
  };
}
