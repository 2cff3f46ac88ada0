/** The tables as Kysely sees them; `migrations/` creates them, README.md explains them. */
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Generated,
} from 'kysely';
import type { DeliveryState } from '../../domain/delivery-state.ts';
import type { FailureReason } from '../../domain/outcome.ts';
import type { SourceStatus } from '../../domain/source.ts';
import type { SubscriptionStatus } from '../../domain/subscription.ts';
import type { TenantStatus } from '../../domain/tenant.ts';
import type { RecordedInboundStatus } from '../inbound.ts';
import type { AttemptTrigger } from '../journal.ts';
import type { ReplayStatus } from '../replays.ts';

export interface EventRow {
  sequence: number;
  tenant: number;
  created_at: number;
  event_type: string;
  custom_id: string | null;
  task_id: string | null;
  run_id: string | null;
  status: string | null;
  ordering_key: string | null;
  /** Subscription numbers, comma-separated; empty when the event matched none. */
  matched: string;
  metadata: string | null;
  body: Uint8Array;
  /** 1, or 0 for a single try. */
  retry: number;
  warnings: string | null;
  source: number | null;
  provider_event_id: string | null;
}

export interface AttemptRow {
  sequence: number;
  subscription: number;
  number: number;
  trigger: AttemptTrigger;
  outcome: 'succeeded' | 'failed';
  failure_reason: FailureReason | null;
  detail: string | null;
  response_status: number | null;
  response_headers: string | null;
  response_body: Uint8Array | null;
  duration_ms: number;
  started_at: number;
  next_attempt_at: number | null;
}

export interface DeliveryRow {
  sequence: number;
  subscription: number;
  tenant: number;
  status: DeliveryState;
  attempts: number;
  next_attempt_at: number | null;
  reason: string | null;
  created_at: number;
  updated_at: number;
  attempts_before: number;
  ordering_key: string | null;
  replay: number | null;
}

export interface TenantRow {
  name: string;
  status: TenantStatus;
  settings: string;
  created_at: number;
  updated_at: number;
}

export interface TenantUsageRow {
  tenant: number;
  day: number;
  events: number;
  bytes: number;
}

export interface SubscriptionRow {
  number: number;
  tenant: number;
  status: SubscriptionStatus;
  disabled_reason: string | null;
  failing_since: number | null;
  settings: string;
  sealed_secrets: Uint8Array;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
}

export interface SourceRow {
  number: number;
  tenant: number;
  status: SourceStatus;
  settings: string;
  token_hash: string;
  sealed_secrets: Uint8Array;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
}

export interface ApiKeyRow {
  tenant: number;
  name: string;
  hash: string;
  hint: string;
  /** Space-separated. */
  scopes: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

export interface EventTypeRow {
  name: string;
  settings: string;
  created_at: number;
  updated_at: number;
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

export interface InboundRow {
  sequence: number;
  tenant: number;
  source: number;
  received_at: number;
  status: RecordedInboundStatus;
  reason: string | null;
  detail: string | null;
  event_sequence: number | null;
  event_id: string | null;
  provider_event_id: string | null;
  method: string;
  headers: string;
  body_bytes: number;
  remote_address: string | null;
  body: Uint8Array | null;
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
