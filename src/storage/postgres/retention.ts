/**
 * Removes what is old. Whole days are dropped as tables; what is left of a day because something in
 * it is still to be tried, and what single tenants keep for a shorter time, goes as rows. One node
 * at a time is at it.
 */
import type { ClientBase } from 'pg';
import {
  NOTHING_REMOVED,
  type InboundRemovalOrder,
  type Removal,
  type RemovalOrder,
  type RemovalPosition,
  type RetentionStore,
} from '../retention.ts';
import type { Database } from './connection.ts';
import { dropOldDays } from './drop-days.ts';
import { RETENTION_LOCK } from './locks.ts';
import type { Partitions } from './partitions.ts';
import { removeOldInbound } from './remove-inbound.ts';
import { removable, removeEvents, type OldEvent } from './remove-events.ts';

/** Events that one chunk looks at. */
const CHUNK_EVENTS = 1_000;
/** Deliveries of the events that one chunk takes; one event may have more. */
const CHUNK_DELIVERIES = 5_000;
/** Types of a tenant that one chunk may come past without finding anything old. */
const CHUNK_READS = 50;

/** Above every sequence. */
const END = Number.MAX_SAFE_INTEGER;

const COLUMNS = `
  sequence, tenant, event_type, created_at, matched,
  length(body) + coalesce(octet_length(metadata), 0) as bytes`;

const NEXT = `
  select ${COLUMNS} from event where sequence > $1 order by sequence limit ${CHUNK_EVENTS}`;

const NEXT_OF_TENANT = `
  select ${COLUMNS} from event
  where (tenant, event_type, sequence) > ($1, $2::text, $3) and tenant = $1
  order by tenant, event_type, sequence limit ${CHUNK_EVENTS}`;

interface Options {
  readonly database: Database;
  readonly partitions: Partitions;
}

export class PostgresRetention implements RetentionStore {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  removeOld(order: RemovalOrder): Promise<Removal> {
    const { database, partitions } = this.#options;
    return database.session(async (client) => {
      if (!(await isAlone(client))) return NOTHING_REMOVED;
      const begins = order.tenant === null && order.after === undefined;
      const dropped = begins ? await dropOldDays(client, partitions, order) : NOTHING_REMOVED;
      const { events, bytes, next } = await removeSome(client, order);
      return { events: events + dropped.events, bytes: bytes + dropped.bytes, next };
    });
  }

  removeOldInbound(order: InboundRemovalOrder): Promise<number> {
    return this.#options.database.session(async (client) =>
      (await isAlone(client)) ? removeOldInbound(client, order) : 0,
    );
  }
}

/** The lock is given back with the connection. */
async function isAlone(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(
    'select pg_try_advisory_lock($1) as held',
    [RETENTION_LOCK],
  );
  return rows[0]?.held === true;
}

async function removeSome(client: ClientBase, order: RemovalOrder): Promise<Removal> {
  const { events, next } = await oldEvents(client, order);
  if (events.length === 0) return { ...NOTHING_REMOVED, next };
  await client.query('begin');
  const chosen = await removable(client, events);
  await removeEvents(client, chosen, order.keysKeptSince);
  await client.query('commit');
  return {
    events: chosen.length,
    bytes: chosen.reduce((sum, event) => sum + event.bytes, 0),
    next,
  };
}

interface Found {
  readonly events: readonly OldEvent[];
  readonly next: RemovalPosition | undefined;
}

/** Events lie in order of time: those of a tenant within their type, all of them as a whole. */
async function oldEvents(client: ClientBase, order: RemovalOrder): Promise<Found> {
  const { tenant, createdBefore } = order;
  let after = order.after ?? { eventType: '', sequence: 0 };
  for (let reads = 0; reads < CHUNK_READS; reads += 1) {
    const rows = await read(client, tenant, after);
    const events: OldEvent[] = [];
    let deliveries = 0;
    for (const row of rows) {
      if (row.created_at >= createdBefore || deliveries >= CHUNK_DELIVERIES) break;
      if (tenant !== null && events[0] !== undefined && row.event_type !== events[0].event_type) {
        break;
      }
      events.push(row);
      deliveries += row.matched.split(',').length;
    }
    const last = events.at(-1);
    const stoppedAt = rows[events.length];
    const isYoung = stoppedAt !== undefined && stoppedAt.created_at >= createdBefore;
    const isAll = stoppedAt === undefined && rows.length < CHUNK_EVENTS;
    // What comes after something young is young, too.
    if (isAll || (isYoung && tenant === null)) return { events, next: undefined };
    if (isYoung) after = { eventType: stoppedAt.event_type, sequence: END };
    else if (last !== undefined) after = { eventType: last.event_type, sequence: last.sequence };
    if (last !== undefined) return { events, next: after };
  }
  return { events: [], next: after };
}

async function read(
  client: ClientBase,
  tenant: number | null,
  { eventType, sequence }: RemovalPosition,
): Promise<readonly OldEvent[]> {
  const { rows } =
    tenant === null
      ? await client.query<OldEvent>(NEXT, [sequence])
      : await client.query<OldEvent>(NEXT_OF_TENANT, [tenant, eventType, sequence]);
  return rows;
}
