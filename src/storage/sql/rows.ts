/** Rows of the tables to records of the port. */
import type {
  ApiKeyRecord,
  EventTypeRecord,
  SourceRecord,
  SubscriptionRecord,
  TenantRecord,
} from '../control.ts';
import type { AttemptRecord, DeliveryRecord, DeliveryView, EventRecord } from '../journal.ts';
import type {
  ApiKeyRow,
  AttemptRow,
  DeliveryRow,
  EventRow,
  EventTypeRow,
  SourceRow,
  SubscriptionRow,
  TenantRow,
} from './tables.ts';

export function toEvent(row: EventRow): EventRecord {
  return {
    sequence: row.sequence,
    tenant: row.tenant,
    createdAt: row.created_at,
    eventType: row.event_type,
    customId: row.custom_id,
    taskId: row.task_id,
    runId: row.run_id,
    status: row.status,
    orderingKey: row.ordering_key,
    retry: row.retry === 1,
    metadata: row.metadata,
    warnings: row.warnings,
    source: row.source,
    providerEventId: row.provider_event_id,
    body: row.body,
    matched: matchedNumbers(row.matched),
  };
}

/** `1,2,17` → [1, 2, 17]. */
export function matchedNumbers(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

export function toDelivery(row: DeliveryRow): DeliveryRecord {
  return {
    sequence: row.sequence,
    subscription: row.subscription,
    tenant: row.tenant,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    reason: row.reason,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    attemptsBefore: row.attempts_before,
    orderingKey: row.ordering_key,
    replay: row.replay,
  };
}

export function toView(row: DeliveryRow, customId: string | null): DeliveryView {
  return {
    sequence: row.sequence,
    subscription: row.subscription,
    createdAt: row.created_at,
    customId,
    status: row.status,
    attempts: row.attempts,
    orderingKey: row.ordering_key,
    nextAttemptAt: row.next_attempt_at,
    reason: row.reason,
  };
}

export function toAttempt(row: AttemptRow): AttemptRecord {
  return {
    sequence: row.sequence,
    subscription: row.subscription,
    number: row.number,
    trigger: row.trigger,
    outcome: row.outcome,
    failureReason: row.failure_reason,
    detail: row.detail,
    responseStatus: row.response_status,
    responseHeaders: row.response_headers,
    responseBody: row.response_body,
    durationMs: row.duration_ms,
    startedAt: row.started_at,
    nextAttemptAt: row.next_attempt_at,
  };
}

export function toTenant(row: TenantRow & { number: number }): TenantRecord {
  return {
    number: row.number,
    name: row.name,
    status: row.status,
    settings: row.settings,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function fromTenant(record: Omit<TenantRecord, 'number'>): TenantRow {
  return {
    name: record.name,
    status: record.status,
    settings: record.settings,
    created_at: record.createdAt,
    updated_at: record.updatedAt,
  };
}

export function toSubscription(row: SubscriptionRow): SubscriptionRecord {
  return {
    number: row.number,
    tenant: row.tenant,
    status: row.status,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since,
    settings: row.settings,
    sealedSecrets: row.sealed_secrets,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}

export function fromSubscription(record: SubscriptionRecord): SubscriptionRow {
  return {
    number: record.number,
    tenant: record.tenant,
    status: record.status,
    disabled_reason: record.disabledReason,
    failing_since: record.failingSince,
    settings: record.settings,
    sealed_secrets: record.sealedSecrets,
    created_at: record.createdAt,
    updated_at: record.updatedAt,
    deleted_at: record.deletedAt,
  };
}

export function toSource(row: SourceRow): SourceRecord {
  return {
    number: row.number,
    tenant: row.tenant,
    status: row.status,
    settings: row.settings,
    tokenHash: row.token_hash,
    sealedSecrets: row.sealed_secrets,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}

export function fromSource(record: SourceRecord): SourceRow {
  return {
    number: record.number,
    tenant: record.tenant,
    status: record.status,
    settings: record.settings,
    token_hash: record.tokenHash,
    sealed_secrets: record.sealedSecrets,
    created_at: record.createdAt,
    updated_at: record.updatedAt,
    deleted_at: record.deletedAt,
  };
}

export function toApiKey(row: ApiKeyRow & { number: number }): ApiKeyRecord {
  return {
    number: row.number,
    tenant: row.tenant,
    name: row.name,
    hash: row.hash,
    hint: row.hint,
    scopes: row.scopes === '' ? [] : row.scopes.split(' '),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

export function toEventType(row: EventTypeRow): EventTypeRecord {
  const { name, settings, created_at: createdAt, updated_at: updatedAt } = row;
  return { name, settings, createdAt, updatedAt };
}

export function fromEventType(record: EventTypeRecord): EventTypeRow {
  const { name, settings, createdAt, updatedAt } = record;
  return { name, settings, created_at: createdAt, updated_at: updatedAt };
}
