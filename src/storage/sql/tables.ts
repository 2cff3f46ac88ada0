/**
 * The rows that both SQL stores have in the same shape; each store's `tables.ts` adds its own.
 * `migrations/` creates the tables, README.md explains them.
 */
import type { DeliveryState } from '../../domain/delivery-state.ts';
import type { FailureReason } from '../../domain/outcome.ts';
import type { SourceStatus } from '../../domain/source.ts';
import type { SubscriptionStatus } from '../../domain/subscription.ts';
import type { TenantStatus } from '../../domain/tenant.ts';
import type { RecordedInboundStatus } from '../inbound.ts';
import type { AttemptTrigger } from '../journal.ts';

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
