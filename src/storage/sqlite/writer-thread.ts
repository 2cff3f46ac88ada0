/**
 * The writer thread: the only place that writes the journal. One message in, one transaction, one
 * fsync, one reply. A thread of its own, so that a slow disk never stops the event loop. Chores,
 * such as erasing a tenant, stand in the same line.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { BatchMessage, Chore, StatementMessage } from './batch-message.ts';
import type { WriterReply, WriterRequest } from './batch-message.ts';
import { Connection, failureOf } from './connection.ts';
import { Eraser } from './erase.ts';
import { InboundRemover } from './remove-inbound.ts';
import { InboxWrites } from './inbox-writes.ts';
import { Remover } from './remove-old.ts';
import { applyBatch, prepareWrites } from './transaction.ts';

/**
 * Pages of log before it is folded back into the database: about 4 MB. Commits wait meanwhile, some
 * 6 ms; at 16 MB it was 22 ms every other second, which is what the slowest 1 % of publishers saw.
 */
const CHECKPOINT_PAGES = 1_000;

const connection = new Connection((workerData as { readonly file: string }).file);
connection.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);

const begin = connection.prepare('begin immediate');
const commit = connection.prepare('commit');
const writes = prepareWrites(connection);
const eraser = new Eraser(connection);
const remover = new Remover(connection);
const inboundRemover = new InboundRemover(connection);
const inboxes = new InboxWrites(connection);

function answer(request: BatchMessage | StatementMessage | Chore): WriterReply {
  try {
    if ('chore' in request) return perform(request);
    if ('sql' in request) return { kind: 'written', row: write(request) };
    begin.run();
    const refused = applyBatch(request, writes);
    commit.run();
    return { kind: 'committed', refused };
  } catch (error) {
    undo();
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', failure: failureOf(error), message };
  }
}

function write({ sql, values }: StatementMessage) {
  return connection.prepare(sql).get(...values);
}

function perform(chore: Chore): WriterReply {
  if (chore.chore === 'removeOld') {
    return { kind: 'removed', removal: lazily(() => remover.remove(chore.order)) };
  }
  if (chore.chore === 'removeOldInbound') {
    return { kind: 'done', rows: lazily(() => inboundRemover.remove(chore.order)) };
  }
  if (chore.chore === 'shred') eraser.shred();
  if (chore.chore === 'remove') eraser.remove(chore.tenant);
  if (chore.chore === 'append') {
    return { kind: 'appended', outcomes: inTransaction(() => inboxes.append(chore.append)) };
  }
  if (chore.chore === 'removeOldMessages') {
    return { kind: 'done', rows: inTransaction(() => inboxes.removeOld(chore.old)) };
  }
  if (chore.chore !== 'erase') return { kind: 'done', rows: 0 };
  const rows = inTransaction(() => eraser.erase(chore.tenant, chore.limit));
  return { kind: 'done', rows };
}

/** What throws is rolled back by who answers. */
function inTransaction<Result>(work: () => Result): Result {
  begin.run();
  const result = work();
  commit.run();
  return result;
}

/** Without an fsync of its own: should it be lost with the power, it is done again. */
function lazily<Result>(act: () => Result): Result {
  connection.exec('pragma synchronous = normal');
  try {
    begin.run();
    const result = act();
    commit.run();
    return result;
  } catch (error) {
    undo();
    throw error;
  } finally {
    // Outside of any transaction, or it would not take effect.
    connection.exec('pragma synchronous = full');
  }
}

function undo(): void {
  try {
    connection.exec('rollback');
  } catch {
    // SQLite has rolled back by itself (disk full, I/O error); there is nothing left to undo.
  }
}

parentPort?.on('message', (message: WriterRequest) => {
  if (message === 'close') {
    connection.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answer(message));
});
parentPort?.postMessage({ kind: 'ready' } satisfies WriterReply);
