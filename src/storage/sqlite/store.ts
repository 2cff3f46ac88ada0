/** The embedded store: one SQLite file, no service to install. README.md explains its tables. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DenseSequences } from '../sequences.ts';
import { StorageError, type Storage } from '../storage.ts';
import { Connection } from './connection.ts';
import { SqliteControlStore } from './control.ts';
import { SqliteInboundStore } from './inbound.ts';
import { SqliteInboxStore } from './inbox.ts';
import { SqliteJournalStore } from './journal.ts';
import { SqlitePollStateStore } from './poll-state.ts';
import { SqliteReplayStore } from './replays.ts';
import { SqliteRetention } from './retention.ts';
import { SqliteTenantData } from './tenant-data.ts';
import { Writer } from './writer.ts';

/** The first release without the WAL-reset corruption bug of 3.7.0 to 3.51.2. */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const;

const MIGRATIONS = new URL('./migrations/', import.meta.url);

/**
 * Opens `bellwire.db` in the directory, creating both when absent.
 * @throws StorageError `busy` when another process has it open, `broken` when SQLite is too old or
 * the file was written by a newer Bellwire.
 */
export async function openSqliteStorage(options: { readonly directory: string }): Promise<Storage> {
  refuseUnsafeSqlite(process.versions.sqlite ?? '0.0.0');
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const lock = holdLock(join(options.directory, 'bellwire.lock'));
  const file = join(options.directory, 'bellwire.db');
  try {
    const connection = new Connection(file);
    migrate(connection);
    const writer = await Writer.start(file);
    const journal = new SqliteJournalStore(connection, writer);
    const { lastSequence } = await journal.state();
    return {
      journal,
      sequences: new DenseSequences(lastSequence),
      control: new SqliteControlStore(connection),
      replays: new SqliteReplayStore(connection, writer),
      inbound: new SqliteInboundStore(connection),
      pollStates: new SqlitePollStateStore(connection, writer),
      inboxes: new SqliteInboxStore(connection, writer),
      tenantData: new SqliteTenantData(connection, writer),
      retention: new SqliteRetention(writer),
      async close() {
        await writer.stop();
        closeOnce(connection, lock);
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** @throws StorageError for a SQLite with a known corruption bug. */
export function refuseUnsafeSqlite(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [index, oldest] of OLDEST_SAFE_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > oldest) return;
    if (part < oldest) {
      throw new StorageError(
        'broken',
        `SQLite ${version} can corrupt a write-ahead log; Bellwire needs ` +
          `${OLDEST_SAFE_SQLITE.join('.')} or newer. Use the Node.js that npm installs here.`,
      );
    }
  }
}

/**
 * Holds a lock of the operating system for as long as the process lives, so that a second process
 * can't write the same journal, and a killed one leaves nothing to clean up.
 */
function holdLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(file);
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    throw new StorageError(
      'busy',
      `another Bellwire is using ${file}. Stop it, or set BELLWIRE_DATA to another directory.`,
      { cause: error },
    );
  }
}

function closeOnce(connection: Connection, lock: DatabaseSync): void {
  if (!lock.isOpen) return;
  connection.close();
  lock.close();
}

/** Applies the numbered files that the database has not seen, each in its own transaction. */
function migrate(connection: Connection): void {
  const files = readdirSync(MIGRATIONS).toSorted();
  const version = Number(connection.prepare('pragma user_version').get()?.['user_version'] ?? 0);
  if (version > files.length) {
    throw new StorageError(
      'broken',
      `the database is at schema ${version}, this Bellwire knows ${files.length}: upgrade it`,
    );
  }
  for (const [index, name] of files.entries()) {
    if (index < version) continue;
    const sql = readFileSync(new URL(name, MIGRATIONS), 'utf8');
    connection.exec(`begin immediate; ${sql}; pragma user_version = ${index + 1}; commit`);
  }
}
