/** Lists of inbound requests: rows of those without an event, and the events of sources. */
import { acceptedView, mergePages, wantedKinds } from '../inbound-pages.ts';
import type { InboundQuery, InboundStore, InboundView } from '../inbound.ts';
import type { Page } from '../journal.ts';
import type { Connection } from './connection.ts';
import type { EventRow, InboundRow } from '../sql/tables.ts';
import { query } from './tables.ts';

/** Rows of one kind that one page may examine before it is cut short with a cursor. */
const MAX_SCANNED_ROWS = 20_000;
const SCAN_CHUNK_ROWS = 500;

/** Above every sequence: where a list without a cursor starts. */
const END = Number.MAX_SAFE_INTEGER;

const NOTHING: Page<InboundView, number> = { items: [], next: undefined };

export class SqliteInboundStore implements InboundStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async list(tenant: number, wanted: InboundQuery): Promise<Page<InboundView, number>> {
    const { accepted, recorded } = wantedKinds(wanted);
    const connection = this.#connection;
    return mergePages(wanted.limit, [
      accepted ? scan(tenant, wanted, (at) => eventChunk(connection, wanted, at)) : NOTHING,
      recorded ? scan(tenant, wanted, (at) => rowChunk(connection, tenant, wanted, at)) : NOTHING,
    ]);
  }

  async find(tenant: number, sequence: number): Promise<InboundView | undefined> {
    const select = query.selectFrom('inbound_request').selectAll().where('sequence', '=', sequence);
    const row = this.#connection.first(select.compile());
    if (row !== undefined) return row.tenant === tenant ? toView(row) : undefined;
    const event = this.#connection.first(
      acceptedEvents().where('sequence', '=', sequence).compile(),
    );
    return event?.tenant === tenant ? acceptedView(toAccepted(event)) : undefined;
  }
}

/** Walks down chunk by chunk until the page is full, the rows end or it has seen enough. */
function scan(
  tenant: number,
  wanted: InboundQuery,
  read: (before: number) => readonly (InboundView | Seen)[],
): Page<InboundView, number> {
  const items: InboundView[] = [];
  let before = wanted.before ?? END;
  for (let scanned = 0; scanned < MAX_SCANNED_ROWS; scanned += SCAN_CHUNK_ROWS) {
    const views = read(before);
    for (const view of views) {
      before = view.sequence;
      if ('status' in view && matches(view, tenant, wanted)) items.push(view);
      if (items.length === wanted.limit) return { items, next: before };
    }
    if (views.length < SCAN_CHUNK_ROWS) return { items, next: undefined };
  }
  return { items, next: before };
}

/** A row that was looked at and is none of these. */
type Seen = Pick<InboundView, 'sequence'>;

function matches(view: InboundView, tenant: number, wanted: InboundQuery): boolean {
  return (
    view.tenant === tenant &&
    (wanted.source === undefined || view.source === wanted.source) &&
    (wanted.status === undefined || view.status === wanted.status) &&
    (wanted.since === undefined || view.receivedAt >= wanted.since) &&
    (wanted.until === undefined || view.receivedAt < wanted.until)
  );
}

/** With a source there is an index to walk; otherwise the table itself, a chunk at a time. */
function eventChunk(connection: Connection, { source }: InboundQuery, before: number) {
  let select = acceptedEvents()
    .where('sequence', '<', before)
    .orderBy('sequence', 'desc')
    .limit(SCAN_CHUNK_ROWS);
  if (source !== undefined) select = select.where('source', '=', source);
  return connection
    .all(select.compile())
    .map((row) => acceptedView(toAccepted(row)) ?? { sequence: row.sequence });
}

function rowChunk(
  connection: Connection,
  tenant: number,
  { source }: InboundQuery,
  before: number,
): readonly InboundView[] {
  let select = query
    .selectFrom('inbound_request')
    .selectAll()
    .where('sequence', '<', before)
    .orderBy('sequence', 'desc')
    .limit(SCAN_CHUNK_ROWS);
  if (source !== undefined)
    select = select.where('tenant', '=', tenant).where('source', '=', source);
  return connection.all(select.compile()).map(toView);
}

function acceptedEvents() {
  return query
    .selectFrom('event')
    .select(['sequence', 'tenant', 'created_at', 'custom_id', 'source', 'provider_event_id'])
    .select(({ fn }) => fn<number>('length', ['body']).as('body_bytes'));
}

type AcceptedRow = Pick<
  EventRow,
  'sequence' | 'tenant' | 'created_at' | 'custom_id' | 'source' | 'provider_event_id'
> & { readonly body_bytes: number };

function toAccepted(row: AcceptedRow) {
  return {
    sequence: row.sequence,
    tenant: row.tenant,
    createdAt: row.created_at,
    customId: row.custom_id,
    source: row.source,
    providerEventId: row.provider_event_id,
    bodyBytes: row.body_bytes,
  };
}

function toView(row: InboundRow): InboundView {
  return {
    sequence: row.sequence,
    tenant: row.tenant,
    source: row.source,
    receivedAt: row.received_at,
    status: row.status,
    reason: row.reason,
    detail: row.detail,
    eventSequence: row.event_sequence,
    eventId: row.event_id,
    providerEventId: row.provider_event_id,
    method: row.method,
    headers: row.headers,
    body: row.body,
    bodyBytes: row.body_bytes,
    remoteAddress: row.remote_address,
  };
}
