/** Applies one batch to the tables, inside a transaction that the caller opened. */
import type { SQLInputValue } from 'node:sqlite';
import type { ExistingEvent, RefusedDuplicate } from '../journal.ts';
import {
  ATTEMPT_VALUES,
  DELIVERY_VALUES,
  EVENT_VALUES,
  KEY_VALUES,
  NO_BODY,
  ORIGIN_VALUES,
  PARKED_VALUES,
  Unpacker,
  type BatchMessage,
  type Value,
} from './batch-message.ts';
import type { Connection } from './connection.ts';
import { prepareInboundWrites, storeInbound } from './inbound-writes.ts';
import { UsageTally } from './usage-tally.ts';

type Statements = ReturnType<typeof prepareWrites>;

interface Key {
  readonly hash: Uint8Array;
  readonly fingerprint: Uint8Array;
}

export function prepareWrites(connection: Connection) {
  return {
    insertEvent: connection.prepare(`
      insert into event (sequence, tenant, created_at, event_type, custom_id, task_id, run_id,
                         status, ordering_key, matched, metadata, retry, warnings, body)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    insertInboundEvent: connection.prepare(`
      insert into event (sequence, tenant, created_at, event_type, custom_id, task_id, run_id,
                         status, ordering_key, matched, metadata, retry, warnings, body, source,
                         provider_event_id)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    // A settle whose commit result was lost is sent again: the same attempt twice is one attempt.
    insertAttempt: connection.prepare(`
      insert into attempt (sequence, subscription, number, "trigger", outcome, failure_reason,
                           detail, response_status, response_headers, duration_ms, started_at,
                           next_attempt_at, response_body)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict do nothing`),
    upsertDelivery: connection.prepare(`
      insert into delivery (sequence, subscription, tenant, status, attempts, next_attempt_at,
                            reason, created_at, updated_at, attempts_before, ordering_key,
                            replay)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (sequence, subscription) do update set
        status = excluded.status, attempts = excluded.attempts,
        next_attempt_at = excluded.next_attempt_at, reason = excluded.reason,
        updated_at = excluded.updated_at, attempts_before = excluded.attempts_before,
        replay = excluded.replay`),
    // Those of other events were looked for before: a conflict is an event naming one key twice.
    insertKey: connection.prepare(`
      insert into dedupe_key (tenant, hash, sequence, fingerprint) values (?, ?, ?, ?)
      on conflict do nothing`),
    selectKey: connection.prepare(`
      select k.sequence, k.fingerprint, coalesce(e.matched, '') as matched,
             coalesce(e.created_at, k.created_at) as created_at,
             coalesce(e.custom_id, k.custom_id) as custom_id,
             coalesce(e.event_type, k.event_type) as event_type
      from dedupe_key k left join event e on e.sequence = k.sequence
      where k.tenant = ? and k.hash = ? and coalesce(e.sequence, k.created_at) is not null`),
    countUsage: connection.prepare(`
      insert into tenant_usage (tenant, day, events, bytes) values (?, ?, ?, ?)
      on conflict (tenant, day) do update set
        events = events + excluded.events, bytes = bytes + excluded.bytes`),
    inbound: prepareInboundWrites(connection),
    raiseMark: connection.prepare(`
      update journal_state set low_water_mark = max(low_water_mark, ?) where id = 1`),
  };
}

/** @returns the events that were refused, whose keys are taken. */
export function applyBatch(batch: BatchMessage, writes: Statements): RefusedDuplicate[] {
  const unpacker = new Unpacker(batch.bytes);
  const refused: RefusedDuplicate[] = [];
  storeEvents(batch, writes, unpacker, refused);
  storeAttempts(batch.attempts, writes, unpacker);
  storeDeliveries(batch.deliveries, writes);
  storeInbound(batch.inbound, writes.inbound, unpacker);
  if (batch.lowWaterMark !== null) writes.raiseMark.run(batch.lowWaterMark);
  return refused;
}

function storeEvents(
  batch: BatchMessage,
  writes: Statements,
  unpacker: Unpacker,
  refused: RefusedDuplicate[],
): void {
  const { events, keys, parked } = batch;
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < events.length; at += EVENT_VALUES) {
    bodies.push(unpacker.next(Number(events[at + EVENT_VALUES - 1])));
  }
  const keysOf = keys.length === 0 ? undefined : groupKeys(keys, unpacker);
  const origins = batch.origins.length === 0 ? undefined : originsByEvent(batch.origins);
  const refusedIndexes = new Set<number>();
  const usage = new UsageTally();
  for (const [index, body] of bodies.entries()) {
    const at = index * EVENT_VALUES;
    const existing = claim(events, at, keysOf?.get(index), writes);
    if (existing === undefined) {
      const origin = origins?.get(index);
      const values = columns(events, at, EVENT_VALUES - 1);
      if (origin === undefined) writes.insertEvent.run(...values, body);
      else writes.insertInboundEvent.run(...values, body, ...origin);
      usage.add(events, at, body.length);
      continue;
    }
    refused.push({ sequence: Number(events[at]), existing });
    refusedIndexes.add(index);
  }
  for (const count of usage.counts()) writes.countUsage.run(...count);
  for (let at = 0; at < parked.length; at += PARKED_VALUES) {
    if (refusedIndexes.has(Number(parked[at]))) continue;
    writes.upsertDelivery.run(...columns(parked, at + 1, DELIVERY_VALUES));
  }
}

function originsByEvent(origins: readonly Value[]): ReadonlyMap<number, SQLInputValue[]> {
  const byEvent = new Map<number, SQLInputValue[]>();
  for (let at = 0; at < origins.length; at += ORIGIN_VALUES) {
    byEvent.set(Number(origins[at]), columns(origins, at + 1, ORIGIN_VALUES - 1));
  }
  return byEvent;
}

/** Claims the keys for the event, or says which event has one of them. */
function claim(
  events: readonly Value[],
  at: number,
  keys: readonly Key[] | undefined,
  writes: Statements,
): ExistingEvent | undefined {
  if (keys === undefined) return undefined;
  const [sequence = null, tenant = null] = events.slice(at, at + 2);
  for (const { hash } of keys) {
    const row = writes.selectKey.get(tenant, hash);
    if (row !== undefined) return toExisting(row);
  }
  for (const { hash, fingerprint } of keys) {
    writes.insertKey.run(tenant, hash, sequence, fingerprint);
  }
  return undefined;
}

function toExisting(row: Record<string, unknown>): ExistingEvent {
  const matched = String(row['matched']);
  return {
    sequence: Number(row['sequence']),
    createdAt: Number(row['created_at']),
    customId: row['custom_id'] as string | null,
    eventType: String(row['event_type']),
    matchedCount: matched === '' ? 0 : matched.split(',').length,
    fingerprint: row['fingerprint'] as Uint8Array,
  };
}

function groupKeys(keys: readonly number[], unpacker: Unpacker): Map<number, Key[]> {
  const grouped = new Map<number, Key[]>();
  for (let at = 0; at < keys.length; at += KEY_VALUES) {
    const [index = 0, hashEnd = 0, fingerprintEnd = 0] = keys.slice(at, at + KEY_VALUES);
    const key = { hash: unpacker.next(hashEnd), fingerprint: unpacker.next(fingerprintEnd) };
    grouped.set(index, [...(grouped.get(index) ?? []), key]);
  }
  return grouped;
}

function storeAttempts(attempts: readonly Value[], writes: Statements, unpacker: Unpacker): void {
  for (let at = 0; at < attempts.length; at += ATTEMPT_VALUES) {
    const bodyEnd = Number(attempts[at + ATTEMPT_VALUES - 1]);
    const body = bodyEnd === NO_BODY ? null : unpacker.next(bodyEnd);
    writes.insertAttempt.run(...columns(attempts, at, ATTEMPT_VALUES - 1), body);
  }
}

function storeDeliveries(values: readonly Value[], writes: Statements): void {
  for (let at = 0; at < values.length; at += DELIVERY_VALUES) {
    writes.upsertDelivery.run(...columns(values, at, DELIVERY_VALUES));
  }
}

function columns(values: readonly Value[], at: number, count: number): SQLInputValue[] {
  return values.slice(at, at + count);
}
