/** The tables as Kysely sees them; rows of both stores stand in `sql/`, README.md explains them. */
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Generated,
} from 'kysely';
import type { ReplayStatus } from '../replays.ts';
import type {
  EventRow,
  AttemptRow,
  DeliveryRow,
  TenantRow,
  SubscriptionRow,
  SourceRow,
  ApiKeyRow,
  EventTypeRow,
  InboundRow,
} from '../sql/tables.ts';

export interface TenantUsageRow {
  tenant: number;
  day: number;
  events: number;
  bytes: number;
}

export interface ReplayRow {
  number: Generated<number>;
  tenant: number;
  status: ReplayStatus;
  dry_run: number;
  request: string;
  after_sequence: number;
  up_to: number;
  cursor: number;
  total: number | null;
  taken: number;
  skipped: number;
  delivered: number;
  failed: number;
  cancelled: number;
  reason: string | null;
  created_at: number;
  updated_at: number;
}

export interface PollStateRow {
  source: number;
  resource: string;
  tenant: number;
  state: string;
  updated_at: number;
}

export interface InboxRow {
  number: Generated<number>;
  tenant: number;
  name: string;
  last_position: number;
  messages: number;
  bytes: number;
  created_at: number;
  updated_at: number;
}

export interface InboxMessageRow {
  tenant: number;
  inbox: number;
  position: number;
  sequence: number;
  subscription: number;
  attempt: number;
  created_at: number;
  enqueued_at: number;
  ordering_key: string | null;
  content_type: string | null;
  bytes: number;
  body: Uint8Array | null;
  leased_until: number | null;
  lease: string | null;
  pulls: number;
}

interface Tables {
  event: EventRow;
  attempt: AttemptRow;
  delivery: DeliveryRow;
  tenant: TenantRow & { number: Generated<number> };
  tenant_usage: TenantUsageRow;
  subscription: SubscriptionRow;
  source: SourceRow;
  source_number: { number: Generated<number> };
  subscription_number: { number: Generated<number> };
  api_key: ApiKeyRow & { number: Generated<number> };
  event_type: EventTypeRow;
  catalogue_settings: { id: number; settings: string };
  replay: ReplayRow;
  inbound_request: InboundRow;
  poll_state: PollStateRow;
  inbox: InboxRow;
  inbox_message: InboxMessageRow;
}

/** Builds SQL text and nothing else: the queries run on node's own SQLite, see `connection.ts`. */
export const query = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
