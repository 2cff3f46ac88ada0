/**
 * Lists of events and deliveries, newest first, each page over a bounded number of rows.
 *
 * Comparing whole rows of an index, and ordering by all of its columns, leaves the planner that
 * index alone to choose. Otherwise it might walk the journal backwards past a million events to
 * find those of a rare type, because it knows nothing of the type when it makes the plan.
 */
import type {
  DeliveryPosition,
  DeliveryQuery,
  DeliveryView,
  EventQuery,
  EventRecord,
  Page,
} from '../journal.ts';
import { int8Array } from './arrays.ts';
import type { Database } from './connection.ts';
import { toEvent, toView } from '../sql/rows.ts';
import type { DeliveryRow, EventRow } from '../sql/tables.ts';
import { deliveryViews, type MatchedEvent } from './views.ts';

/** Events one page examines, a chunk after the other, before it is cut short with a cursor. */
const SCAN_CHUNKS = [200, 800, 4_000, 5_000, 5_000, 5_000] as const;

/** Above every sequence and every subscription: where a list without a cursor starts. */
const END = Number.MAX_SAFE_INTEGER;
const LAST_SUBSCRIPTION = 2 ** 31 - 1;

/** States that always have a row; `pending` and `delivered` may be implied by the journal. */
const STATES_WITH_ROW = new Set(['waiting', 'held', 'exhausted', 'cancelled']);

interface Chunk {
  readonly scanned: number;
  /** Null when nothing was scanned. */
  readonly lowest: number | null;
  /** Sequences of events that match, newest first. */
  readonly hits: readonly string[];
}

/** What is found in the chunk; the bodies of events that do not match are never read. */
const HITS = `
  select (select count(*) from chunk) as scanned,
         (select min(sequence) from chunk) as lowest,
         array(
           select sequence from chunk
           where tenant = $3
             and ($4::text is null or task_id = $4) and ($5::text is null or run_id = $5)
             and ($6::int8 is null or created_at >= $6) and ($7::int8 is null or created_at < $7)
             and ($9::int4 is null or source = $9)
           order by sequence desc limit $8
         ) as hits`;

const SCANNED = 'sequence, tenant, task_id, run_id, created_at, source';

const CHUNK = {
  name: 'event_chunk',
  text: `
    with chunk as materialized (
      select ${SCANNED} from event where sequence < $1 order by sequence desc limit $2
    )
    ${HITS}`,
};

const CHUNK_OF_TYPE = {
  name: 'event_chunk_of_type',
  text: `
    with chunk as materialized (
      select ${SCANNED} from event
      where (tenant, event_type, sequence) < ($3, $10::text, $1)
        and (tenant, event_type, sequence) >= ($3, $10::text, 0) and sequence < $1
      order by tenant desc, event_type desc, sequence desc limit $2
    )
    ${HITS}`,
};

const CHUNK_OF_SOURCE = {
  name: 'event_chunk_of_source',
  text: `
    with chunk as materialized (
      select ${SCANNED} from event
      where (source, sequence) < ($9, $1) and (source, sequence) >= ($9, 0)
        and source is not null and sequence < $1
      order by source desc, sequence desc limit $2
    )
    ${HITS}`,
};

const EVENTS = {
  name: 'events',
  text: `
    select event.* from unnest($1::int8[]) as wanted (sequence)
    join event on event.sequence = wanted.sequence`,
};

export async function listEvents(
  database: Database,
  tenant: number,
  wanted: EventQuery,
): Promise<Page<EventRecord, number>> {
  const items: EventRecord[] = [];
  let before = wanted.before ?? END;
  for (const size of SCAN_CHUNKS) {
    const room = wanted.limit - items.length;
    const { scanned, lowest, hits } = await eventChunk(database, tenant, wanted, {
      before,
      size,
      room,
    });
    items.push(...(await eventsBySequence(database, hits.map(Number))));
    const last = items.at(-1);
    if (items.length === wanted.limit) return { items, next: last?.sequence };
    if (scanned < size || lowest === null) return { items, next: undefined };
    before = lowest;
  }
  return { items, next: before };
}

async function eventChunk(
  database: Database,
  tenant: number,
  wanted: EventQuery,
  at: { readonly before: number; readonly size: number; readonly room: number },
): Promise<Chunk> {
  const { eventType, taskId = null, runId = null, since = null, until = null } = wanted;
  const { source = null } = wanted;
  const values = [at.before, at.size, tenant, taskId, runId, since, until, at.room, source];
  const chunkOf = source === null ? CHUNK : CHUNK_OF_SOURCE;
  const [chunk] =
    eventType === undefined
      ? await database.query<Chunk>(chunkOf, values)
      : await database.query<Chunk>(CHUNK_OF_TYPE, [...values, eventType]);
  return chunk ?? { scanned: 0, lowest: null, hits: [] };
}

async function eventsBySequence(
  database: Database,
  sequences: readonly number[],
): Promise<EventRecord[]> {
  if (sequences.length === 0) return [];
  const rows = await database.query<EventRow>(EVENTS, [int8Array(sequences)]);
  return rows.map(toEvent).toSorted((a, b) => b.sequence - a.sequence);
}

export function listDeliveries(
  database: Database,
  tenant: number,
  wanted: DeliveryQuery,
): Promise<Page<DeliveryView, DeliveryPosition>> {
  const { status } = wanted;
  return status !== undefined && STATES_WITH_ROW.has(status)
    ? listRows(database, tenant, { ...wanted, status })
    : scanDeliveries(database, tenant, wanted);
}

const WITH_EVENT = `
  select row.*, event.custom_id from row left join event on event.sequence = row.sequence
  order by row.sequence desc, row.subscription desc`;

const ROWS_OF_TENANT = {
  name: 'delivery_rows_of_tenant',
  text: `
    with row as materialized (
      select * from delivery
      where (tenant, status, sequence, subscription) < ($1, $2::text, $3, $4)
        and (tenant, status, sequence, subscription) >= ($1, $2::text, 0, 0) and sequence <= $3
      order by tenant desc, status desc, sequence desc, subscription desc limit $5
    )
    ${WITH_EVENT}`,
};

const ROWS_OF_SUBSCRIPTION = {
  name: 'delivery_rows_of_subscription',
  text: `
    with row as materialized (
      select * from delivery
      where (subscription, status, sequence) < ($1, $2::text, $3)
        and (subscription, status, sequence) >= ($1, $2::text, 0)
        and sequence < $3
      order by subscription desc, status desc, sequence desc limit $4
    )
    ${WITH_EVENT}`,
};

async function listRows(
  database: Database,
  tenant: number,
  { status, subscription, limit, before }: DeliveryQuery,
): Promise<Page<DeliveryView, DeliveryPosition>> {
  const { sequence, subscription: below } = before ?? {
    sequence: END,
    subscription: LAST_SUBSCRIPTION,
  };
  // Of one subscription an event has one delivery: it is before the cursor or it is not.
  const end = subscription !== undefined && subscription < below ? sequence + 1 : sequence;
  const rows =
    subscription === undefined
      ? await database.query<RowOfEvent>(ROWS_OF_TENANT, [tenant, status, sequence, below, limit])
      : await database.query<RowOfEvent>(ROWS_OF_SUBSCRIPTION, [subscription, status, end, limit]);
  const mine = rows.filter((row) => row.tenant === tenant);
  const last = rows.at(-1);
  return {
    items: mine.map((row) => toView(row, row.custom_id)),
    next: rows.length === limit && last ? position(last) : undefined,
  };
}

type RowOfEvent = DeliveryRow & Pick<EventRow, 'custom_id'>;

/** Events at or below a sequence: the cursor may stand in the middle of one event's deliveries. */
const MATCHED_CHUNK = {
  name: 'matched_chunk',
  text: `
    select sequence, tenant, created_at, custom_id, ordering_key, matched from event
    where sequence <= $1 order by sequence desc limit $2`,
};

async function scanDeliveries(
  database: Database,
  tenant: number,
  wanted: DeliveryQuery,
): Promise<Page<DeliveryView, DeliveryPosition>> {
  const items: DeliveryView[] = [];
  let at = wanted.before ?? { sequence: END, subscription: LAST_SUBSCRIPTION };
  for (const size of SCAN_CHUNKS) {
    const events = await database.query<MatchedEvent & Pick<EventRow, 'tenant'>>(MATCHED_CHUNK, [
      at.sequence,
      size,
    ]);
    const mine = events.filter((event) => event.tenant === tenant);
    for (const view of (await deliveryViews(database, mine)).toSorted(newestFirst)) {
      if (!isBefore(view, at)) continue;
      at = position(view);
      if (wanted.status !== undefined && view.status !== wanted.status) continue;
      if (wanted.subscription !== undefined && view.subscription !== wanted.subscription) continue;
      items.push(view);
      if (items.length === wanted.limit) return { items, next: at };
    }
    const last = events.at(-1);
    if (last === undefined || events.length < size) return { items, next: undefined };
    at = { sequence: last.sequence, subscription: 0 };
  }
  return { items, next: at };
}

function newestFirst(a: DeliveryPosition, b: DeliveryPosition): number {
  return b.sequence - a.sequence || b.subscription - a.subscription;
}

function isBefore(view: DeliveryPosition, at: DeliveryPosition): boolean {
  return newestFirst(at, view) < 0;
}

function position(view: DeliveryPosition): DeliveryPosition {
  return { sequence: view.sequence, subscription: view.subscription };
}
