/** Records with defaults, so that a test names only what it is about. */
import { createHash } from 'node:crypto';
import type { DeliveryState } from '../../domain/delivery-state.ts';
import type { ApiKeyRecord, SourceRecord, SubscriptionRecord, TenantRecord } from '../control.ts';
import type { InboundRecord } from '../inbound.ts';
import type { PollStateRow } from '../poll-state.ts';
import type {
  AttemptRecord,
  DedupeKey,
  DeliveryRecord,
  DuePosition,
  JournalBatch,
  NewEvent,
} from '../journal.ts';
import type { ReplayRecord } from '../replays.ts';

/** 2026-01-01T00:00:00Z: the hour in which every test's world begins. */
export const START_AT = Date.UTC(2026, 0, 1);

/** Before every due delivery. */
export const FIRST_DUE: DuePosition = { dueAt: 0, sequence: 0, subscription: 0 };

const HASH_BYTES = 16;
const FIRST_RETRY_DELAY_MS = 5_000;

/** When the event of that sequence came in, unless the test says otherwise. */
export function createdAtOf(sequence: number): number {
  return START_AT + sequence * 1_000;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function newEvent(overrides: Partial<NewEvent> = {}): NewEvent {
  const sequence = overrides.sequence ?? 1;
  return {
    sequence,
    tenant: 1,
    createdAt: createdAtOf(sequence),
    eventType: 'task.completed',
    customId: null,
    taskId: null,
    runId: null,
    status: null,
    orderingKey: null,
    retry: true,
    metadata: null,
    warnings: null,
    source: null,
    providerEventId: null,
    body: utf8(`{"event_type":"task.completed","data":{"n":${sequence}}}`),
    matched: [1],
    dedupe: [],
    parked: [],
    ...overrides,
  };
}

/** Defaults to a first attempt that succeeded; one that failed has a reason. */
export function attempt(overrides: Partial<AttemptRecord> = {}): AttemptRecord {
  const sequence = overrides.sequence ?? 1;
  const failed = overrides.outcome === 'failed';
  return {
    sequence,
    subscription: 1,
    number: 1,
    trigger: 'initial',
    outcome: 'succeeded',
    failureReason: failed ? 'status' : null,
    detail: null,
    responseStatus: failed ? 500 : 200,
    responseHeaders: '{"content-type":"text/plain"}',
    responseBody: utf8('ok'),
    durationMs: 12,
    startedAt: createdAtOf(sequence) + 3,
    nextAttemptAt: null,
    ...overrides,
  };
}

/** Defaults to a delivery that waits for its second try; other states wait for none. */
export function delivery(overrides: Partial<DeliveryRecord> = {}): DeliveryRecord {
  const sequence = overrides.sequence ?? 1;
  const status = overrides.status ?? 'waiting';
  const createdAt = overrides.createdAt ?? createdAtOf(sequence);
  return {
    sequence,
    subscription: 1,
    tenant: 1,
    status,
    attempts: 1,
    nextAttemptAt: awaitsTry(status) ? createdAt + FIRST_RETRY_DELAY_MS : null,
    reason: 'the target answered 500',
    attemptsBefore: 0,
    orderingKey: null,
    replay: null,
    createdAt,
    updatedAt: createdAt + 20,
    ...overrides,
  };
}

function awaitsTry(status: DeliveryState): boolean {
  return status === 'pending' || status === 'waiting';
}

export function batch(overrides: Partial<JournalBatch> = {}): JournalBatch {
  const nothing = { events: [], attempts: [], deliveries: [], inbound: [], lowWaterMark: null };
  return { ...nothing, ...overrides };
}

/** The key a publisher's text hashes to; `request` stands for what was sent under it. */
export function dedupeKey(text: string, request = text): DedupeKey {
  return { hash: hash16(`key ${text}`), fingerprint: hash16(`request ${request}`) };
}

function hash16(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest().subarray(0, HASH_BYTES));
}

export function tenantRecord(
  overrides: Partial<Omit<TenantRecord, 'number'>> = {},
): Omit<TenantRecord, 'number'> {
  return {
    name: 'acme',
    status: 'active',
    settings: '{}',
    createdAt: START_AT,
    updatedAt: START_AT,
    ...overrides,
  };
}

export function subscriptionRecord(
  overrides: Partial<SubscriptionRecord> = {},
): SubscriptionRecord {
  return {
    number: 1,
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    settings: '{"eventTypes":["task.**"]}',
    sealedSecrets: Uint8Array.of(0, 1, 127, 128, 255),
    createdAt: START_AT,
    updatedAt: START_AT,
    deletedAt: null,
    ...overrides,
  };
}

export function sourceRecord(overrides: Partial<SourceRecord> = {}): SourceRecord {
  return {
    number: 1,
    tenant: 1,
    status: 'active',
    settings: '{"provider":"stripe"}',
    tokenHash: 'ab01',
    sealedSecrets: Uint8Array.of(0, 1, 127, 128, 255),
    createdAt: START_AT,
    updatedAt: START_AT,
    deletedAt: null,
    ...overrides,
  };
}

/** Defaults to one that was rejected. */
export function inboundRecord(overrides: Partial<InboundRecord> = {}): InboundRecord {
  return {
    sequence: 1,
    tenant: 1,
    source: 1,
    receivedAt: createdAtOf(overrides.sequence ?? 1),
    status: 'rejected',
    reason: 'wrong_signature',
    detail: 'no secret of the source fits',
    eventSequence: null,
    eventId: null,
    providerEventId: null,
    method: 'POST',
    headers: '{"content-type":"application/json"}',
    body: utf8('{}'),
    bodyBytes: 2,
    remoteAddress: '192.0.2.1',
    ...overrides,
  };
}

export function pollState(overrides: Partial<PollStateRow> = {}): PollStateRow {
  return {
    tenant: 1,
    source: 1,
    resource: 'a',
    state: '{"etag":"1"}',
    updatedAt: START_AT,
    ...overrides,
  };
}

export function newApiKey(
  overrides: Partial<Omit<ApiKeyRecord, 'number'>> = {},
): Omit<ApiKeyRecord, 'number'> {
  const name = overrides.name ?? 'ci';
  return {
    tenant: 1,
    name,
    hash: createHash('sha256').update(name).digest('hex'),
    hint: 'x7Qa',
    scopes: ['events:write', 'events:read'],
    createdAt: START_AT,
    expiresAt: null,
    revokedAt: null,
    ...overrides,
  };
}

export function newReplay(
  overrides: Partial<Omit<ReplayRecord, 'number'>> = {},
): Omit<ReplayRecord, 'number'> {
  return {
    tenant: 1,
    status: 'running',
    dryRun: false,
    request: '{}',
    after: 0,
    upTo: 100,
    cursor: 0,
    total: null,
    counts: { taken: 0, skipped: 0, delivered: 0, failed: 0, cancelled: 0 },
    reason: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    ...overrides,
  };
}
