/**
 * The writer thread: the only place that writes the journal. One message in, one transaction, one
 * fsync, one reply. A thread of its own, so that a slow disk never stops the event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { BatchMessage, WriterReply } from './batch-message.ts';
import { Connection, failureOf } from './connection.ts';
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

function answer(batch: BatchMessage): WriterReply {
  try {
    begin.run();
    const refused = applyBatch(batch, writes);
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
