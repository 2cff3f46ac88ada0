/**
 * The writer thread: the only place that writes the journal. One message in, one transaction, one
 * fsync, one reply. A thread of its own, so that a slow disk never stops the event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { StatementSync } from 'node:sqlite';
import type { ExistingEvent, RefusedDuplicate } from '../journal.ts';
import type {
  AttemptMessage,
  BatchMessage,
  DeliveryMessage,
  EventMessage,
  Slice,
  WriterReply,
} from './batch-message.ts';
import { Connection, failureOf } from './connection.ts';

/** Pages of log before it is folded back into the database: about 16 MB. */
const CHECKPOINT_PAGES = 4_000;

const connection = new Connection((workerData as { readonly file: string }).file);
connection.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);

const begin = connection.prepare('begin immediate');
const commit = connection.prepare('commit');
const insertEvent = connection.prepare(`
  insert into event (sequence, tenant, created_at, event_type, custom_id, task_id, run_id, status,
                     ordering_key, matched, metadata, body)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
// A settle whose commit result was lost is sent again: the same attempt twice is one attempt.
const insertAttempt = connection.prepare(`
  insert into attempt (sequence, subscription, number, "trigger", outcome, failure_reason, detail,
                       response_status, response_headers, duration_ms, started_at,
                       next_attempt_at, response_body)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do nothing`);
const upsertDelivery = connection.prepare(`
  insert into delivery (sequence, subscription, tenant, status, attempts, next_attempt_at, reason,
                        created_at, updated_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (sequence, subscription) do update set
    status = excluded.status, attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at, reason = excluded.reason,
    updated_at = excluded.updated_at`);
const insertKey = connection.prepare(`
  insert into dedupe_key (tenant, hash, sequence, fingerprint) values (?, ?, ?, ?)`);
const selectKey = connection.prepare(`
  select e.sequence, e.created_at, e.custom_id, e.event_type, e.matched, k.fingerprint
  from dedupe_key k join event e on e.sequence = k.sequence
  where k.tenant = ? and k.hash = ?`);
const raiseMark = connection.prepare(`
  update journal_state set low_water_mark = max(low_water_mark, ?) where id = 1`);

type Cut = (slice: Slice) => Uint8Array;

function apply(batch: BatchMessage): readonly RefusedDuplicate[] {
  const cut: Cut = ([start, end]) => new Uint8Array(batch.bytes, start, end - start);
  const refused: RefusedDuplicate[] = [];
  for (const event of batch.events) storeEvent(event, cut, refused);
  for (const attempt of batch.attempts) storeAttempt(attempt, cut);
  for (const delivery of batch.deliveries) storeDelivery(delivery);
  if (batch.lowWaterMark !== null) raiseMark.run(batch.lowWaterMark);
  return refused;
}

function storeEvent(event: EventMessage, cut: Cut, refused: RefusedDuplicate[]): void {
  const [sequence, tenant] = event.row;
  if (event.keys !== null) {
    const existing = claimedBy(event, tenant, cut);
    if (existing !== undefined) {
      refused.push({ sequence: Number(sequence), existing });
      return;
    }
    for (const [hash, fingerprint] of event.keys) {
      run(insertKey, [tenant, cut(hash), sequence, cut(fingerprint)]);
    }
  }
  run(insertEvent, [...event.row, cut(event.body)]);
  if (event.parked !== null) for (const delivery of event.parked) storeDelivery(delivery);
}

function claimedBy(
  event: EventMessage,
  tenant: number | string | null | undefined,
  cut: Cut,
): ExistingEvent | undefined {
  for (const [hash] of event.keys ?? []) {
    const row = selectKey.get(tenant ?? null, cut(hash));
    if (row !== undefined) {
      return {
        sequence: Number(row['sequence']),
        createdAt: Number(row['created_at']),
        customId: row['custom_id'] as string | null,
        eventType: String(row['event_type']),
        matchedCount: countMatched(String(row['matched'])),
        fingerprint: row['fingerprint'] as Uint8Array,
      };
    }
  }
  return undefined;
}

function countMatched(matched: string): number {
  return matched === '' ? 0 : matched.split(',').length;
}

function storeAttempt(attempt: AttemptMessage, cut: Cut): void {
  const body = attempt.responseBody === null ? null : cut(attempt.responseBody);
  run(insertAttempt, [...attempt.row, body]);
}

function storeDelivery(delivery: DeliveryMessage): void {
  run(upsertDelivery, delivery);
}

function run(
  statement: StatementSync,
  values: readonly (number | string | Uint8Array | null | undefined)[],
): void {
  statement.run(...(values as (number | string | Uint8Array | null)[]));
}

function answer(batch: BatchMessage): WriterReply {
  try {
    begin.run();
    const refused = apply(batch);
    commit.run();
    return { kind: 'committed', refused };
  } catch (error) {
    undo();
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', failure: failureOf(error), message };
  }
}

function undo(): void {
  try {
    connection.exec('rollback');
  } catch {
    // SQLite has rolled back by itself (disk full, I/O error); there is nothing left to undo.
  }
}

parentPort?.on('message', (message: BatchMessage | 'close') => {
  if (message === 'close') {
    connection.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answer(message));
});
parentPort?.postMessage({ kind: 'ready' } satisfies WriterReply);
