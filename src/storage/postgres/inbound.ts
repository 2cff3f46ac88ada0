/** Lists of inbound requests: rows of those without an event, and the events of sources. */
import { acceptedView, mergePages, wantedKinds } from '../inbound-pages.ts';
import type { InboundQuery, InboundStore, InboundView } from '../inbound.ts';
import type { Page } from '../journal.ts';
import { int8Array } from './arrays.ts';
import type { Database, Statement } from './connection.ts';
import type { EventRow, InboundRow } from '../sql/tables.ts';

/** Rows of one kind that a page examines, a chunk after the other; see `lists.ts`. */
const SCAN_CHUNKS = [200, 800, 4_000, 5_000, 5_000, 5_000] as const;

/** Above every sequence: where a list without a cursor starts. */
const END = Number.MAX_SAFE_INTEGER;

const NOTHING: Page<InboundView, number> = { items: [], next: undefined };

interface Chunk {
  readonly scanned: number;
  /** Null when nothing was scanned. */
  readonly lowest: number | null;
  /** Sequences of those that match, newest first. */
  readonly hits: readonly string[];
}

/** What of a chunk matches: its rows have `tenant`, `at` and `status`. */
function chunkText(rows: string): string {
  return `
    with chunk as materialized (${rows})
    select (select count(*) from chunk) as scanned,
           (select min(sequence) from chunk) as lowest,
           array(
             select sequence from chunk
             where tenant = $3 and status is not null
               and ($4::text is null or status = $4)
               and ($5::int8 is null or at >= $5) and ($6::int8 is null or at < $6)
             order by sequence desc limit $7
           ) as hits`;
}

/** How to walk one kind: all of it, or that of one source, for which there is an index. */
interface Kind {
  readonly all: Statement;
  readonly ofSource: Statement;
  readonly read: (database: Database, sequences: Buffer) => Promise<readonly InboundView[]>;
}

const EVENT = `sequence, tenant, created_at as at,
  case when source is not null then 'accepted' end as status`;
const ROW = 'sequence, tenant, received_at as at, status';

const ACCEPTED: Kind = {
  all: {
    name: 'accepted_chunk',
    text: chunkText(
      `select ${EVENT} from event where sequence < $1 order by sequence desc limit $2`,
    ),
  },
  ofSource: {
    name: 'accepted_chunk_of_source',
    text: chunkText(`
      select ${EVENT} from event
      where (source, sequence) < ($8, $1) and (source, sequence) >= ($8, 0)
        and source is not null and sequence < $1
      order by source desc, sequence desc limit $2`),
  },
  read: async (database, sequences) => {
    const rows = await database.query<AcceptedRow>(EVENTS, [sequences]);
    return rows.flatMap((row) => acceptedView(toAccepted(row)) ?? []);
  },
};

const RECORDED: Kind = {
  all: {
    name: 'inbound_chunk',
    text: chunkText(
      `select ${ROW} from inbound_request where sequence < $1 order by sequence desc limit $2`,
    ),
  },
  ofSource: {
    name: 'inbound_chunk_of_source',
    text: chunkText(`
      select ${ROW} from inbound_request
      where (tenant, source, sequence) < ($3, $8, $1)
        and (tenant, source, sequence) >= ($3, $8, 0)
      order by tenant desc, source desc, sequence desc limit $2`),
  },
  read: async (database, sequences) =>
    (await database.query<InboundRow>(ROWS, [sequences])).map(toView),
};

const EVENTS = {
  name: 'accepted_events',
  text: `
    select event.sequence, tenant, created_at, custom_id, source, provider_event_id,
           length(body) as body_bytes
    from unnest($1::int8[]) as wanted (sequence) join event on event.sequence = wanted.sequence`,
};

const ROWS = {
  name: 'inbound_requests',
  text: `
    select inbound_request.* from unnest($1::int8[]) as wanted (sequence)
    join inbound_request on inbound_request.sequence = wanted.sequence`,
};

export class PostgresInboundStore implements InboundStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(tenant: number, wanted: InboundQuery): Promise<Page<InboundView, number>> {
    const { accepted, recorded } = wantedKinds(wanted);
    const pages = await Promise.all([
      accepted ? this.#scan(ACCEPTED, tenant, wanted) : NOTHING,
      recorded ? this.#scan(RECORDED, tenant, wanted) : NOTHING,
    ]);
    return mergePages(wanted.limit, pages);
  }

  async find(tenant: number, sequence: number): Promise<InboundView | undefined> {
    const wanted = int8Array([sequence]);
    const [recorded] = await RECORDED.read(this.#database, wanted);
    const [found = recorded] = await ACCEPTED.read(this.#database, wanted);
    return found?.tenant === tenant ? found : undefined;
  }

  async #scan(
    kind: Kind,
    tenant: number,
    wanted: InboundQuery,
  ): Promise<Page<InboundView, number>> {
    const { source, status = null, since = null, until = null, limit } = wanted;
    const items: InboundView[] = [];
    let before = wanted.before ?? END;
    for (const size of SCAN_CHUNKS) {
      const values = [before, size, tenant, status, since, until, limit - items.length];
      const [chunk] =
        source === undefined
          ? await this.#database.query<Chunk>(kind.all, values)
          : await this.#database.query<Chunk>(kind.ofSource, [...values, source]);
      const { scanned = 0, lowest = null, hits = [] } = chunk ?? {};
      if (hits.length > 0) {
        const views = await kind.read(this.#database, int8Array(hits.map(Number)));
        items.push(...views.toSorted((a, b) => b.sequence - a.sequence));
      }
      if (items.length === limit) return { items, next: items.at(-1)?.sequence };
      if (scanned < size || lowest === null) return { items, next: undefined };
      before = lowest;
    }
    return { items, next: before };
  }
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
