/** Lists of events and deliveries, newest first, each page over a bounded number of rows. */
import type {
  DeliveryPosition,
  DeliveryQuery,
  DeliveryView,
  EventQuery,
  EventRecord,
  Page,
} from '../journal.ts';
import type { Connection } from './connection.ts';
import { toEvent, toView } from '../sql/rows.ts';
import type { EventRow } from '../sql/tables.ts';
import { query } from './tables.ts';
import { deliveryViews, type MatchedEvent } from './views.ts';

/** Rows one page may examine before it is cut short with a cursor. */
const MAX_SCANNED_EVENTS = 20_000;
const SCAN_CHUNK_EVENTS = 500;

/** Above every sequence: where a list without a cursor starts. */
const END = Number.MAX_SAFE_INTEGER;

/** States that always have a row; `pending` and `delivered` may be implied by the journal. */
const STATES_WITH_ROW = new Set(['waiting', 'held', 'exhausted', 'cancelled']);

export function listEvents(
  connection: Connection,
  tenant: number,
  wanted: EventQuery,
): Page<EventRecord, number> {
  const items: EventRecord[] = [];
  let before = wanted.before ?? END;
  for (let scanned = 0; scanned < MAX_SCANNED_EVENTS; scanned += SCAN_CHUNK_EVENTS) {
    const rows = eventChunk(connection, tenant, wanted, before);
    for (const row of rows) {
      before = row.sequence;
      if (matches(row, tenant, wanted)) items.push(toEvent(row));
      if (items.length === wanted.limit) return { items, next: before };
    }
    if (rows.length < SCAN_CHUNK_EVENTS) return { items, next: undefined };
  }
  return { items, next: before };
}

function eventChunk(
  connection: Connection,
  tenant: number,
  wanted: EventQuery,
  before: number,
): EventRow[] {
  let select = query
    .selectFrom('event')
    .selectAll()
    .where('sequence', '<', before)
    .orderBy('sequence', 'desc')
    .limit(SCAN_CHUNK_EVENTS);
  // With a type there is an index to walk; otherwise the table itself, a chunk at a time.
  if (wanted.eventType !== undefined) {
    select = select.where('tenant', '=', tenant).where('event_type', '=', wanted.eventType);
  } else if (wanted.source !== undefined) select = select.where('source', '=', wanted.source);
  return connection.all(select.compile());
}

function matches(row: EventRow, tenant: number, wanted: EventQuery): boolean {
  return (
    row.tenant === tenant &&
    (wanted.taskId === undefined || row.task_id === wanted.taskId) &&
    (wanted.runId === undefined || row.run_id === wanted.runId) &&
    (wanted.source === undefined || row.source === wanted.source) &&
    (wanted.since === undefined || row.created_at >= wanted.since) &&
    (wanted.until === undefined || row.created_at < wanted.until)
  );
}

export function listDeliveries(
  connection: Connection,
  tenant: number,
  wanted: DeliveryQuery,
): Page<DeliveryView, DeliveryPosition> {
  const withRow = wanted.status !== undefined && STATES_WITH_ROW.has(wanted.status);
  return withRow
    ? listRows(connection, tenant, wanted)
    : scanDeliveries(connection, tenant, wanted);
}

function listRows(
  connection: Connection,
  tenant: number,
  wanted: DeliveryQuery,
): Page<DeliveryView, DeliveryPosition> {
  const before = wanted.before ?? { sequence: END, subscription: END };
  let select = query
    .selectFrom('delivery')
    .innerJoin('event', 'event.sequence', 'delivery.sequence')
    .selectAll('delivery')
    .select('event.custom_id')
    .where('delivery.tenant', '=', tenant)
    .where((where) =>
      where(
        where.refTuple('delivery.sequence', 'delivery.subscription'),
        '<',
        where.tuple(before.sequence, before.subscription),
      ),
    )
    .orderBy('delivery.sequence', 'desc')
    .orderBy('delivery.subscription', 'desc')
    .limit(wanted.limit);
  if (wanted.status !== undefined) select = select.where('delivery.status', '=', wanted.status);
  if (wanted.subscription !== undefined) {
    select = select.where('delivery.subscription', '=', wanted.subscription);
  }
  const items = connection.all(select.compile()).map((row) => toView(row, row.custom_id));
  const last = items.at(-1);
  return { items, next: items.length === wanted.limit && last ? position(last) : undefined };
}

function scanDeliveries(
  connection: Connection,
  tenant: number,
  wanted: DeliveryQuery,
): Page<DeliveryView, DeliveryPosition> {
  const items: DeliveryView[] = [];
  let at = wanted.before ?? { sequence: END, subscription: END };
  for (let scanned = 0; scanned < MAX_SCANNED_EVENTS; scanned += SCAN_CHUNK_EVENTS) {
    const events = matchedChunk(connection, at.sequence);
    const mine = events.filter((event) => event.tenant === tenant);
    for (const view of deliveryViews(connection, mine).toSorted(newestFirst)) {
      if (!isBefore(view, at)) continue;
      at = position(view);
      if (wanted.status !== undefined && view.status !== wanted.status) continue;
      if (wanted.subscription !== undefined && view.subscription !== wanted.subscription) continue;
      items.push(view);
      if (items.length === wanted.limit) return { items, next: at };
    }
    const last = events.at(-1);
    if (last === undefined || events.length < SCAN_CHUNK_EVENTS) return { items, next: undefined };
    at = { sequence: last.sequence, subscription: 0 };
  }
  return { items, next: at };
}

/** Events at or below a sequence: the cursor may stand in the middle of one event's deliveries. */
function matchedChunk(
  connection: Connection,
  upTo: number,
): (MatchedEvent & Pick<EventRow, 'tenant'>)[] {
  const select = query
    .selectFrom('event')
    .select(['sequence', 'tenant', 'created_at', 'custom_id', 'ordering_key', 'matched'])
    .where('sequence', '<=', upTo)
    .orderBy('sequence', 'desc')
    .limit(SCAN_CHUNK_EVENTS);
  return connection.all(select.compile());
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
