/** Brings the schema of the database up to what this version needs. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ClientBase } from 'pg';
import { StorageError } from '../storage.ts';
import { MIGRATION_LOCK } from './locks.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

/** Those who start at the same time wait for the one that migrates, however long that takes. */
const NO_TIMEOUT = 'set statement_timeout = 0';

/**
 * Applies the numbered files that the database has not seen, each in its own transaction.
 * @param client the session ends afterwards, and the lock with it.
 * @throws StorageError `broken` when a newer Bellwire was here.
 */
export async function migrate(client: ClientBase): Promise<void> {
  await client.query(NO_TIMEOUT);
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  await applyMissing(client);
}

async function applyMissing(client: ClientBase): Promise<void> {
  const files = readdirSync(MIGRATIONS).toSorted();
  await client.query(`
    create table if not exists schema_version (
      version     integer primary key,
      name        text not null,
      applied_at  timestamptz not null default now()
    )`);
  const { rows } = await client.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from schema_version',
  );
  const version = rows[0]?.version ?? 0;
  if (version > files.length) {
    throw new StorageError(
      'broken',
      `the database is at schema ${version}, this Bellwire knows ${files.length}: upgrade it`,
    );
  }
  for (const [index, name] of files.entries()) {
    if (index < version) continue;
    const sql = readFileSync(new URL(name, MIGRATIONS), 'utf8');
    await inTransaction(client, async () => {
      await client.query(sql);
      await client.query('insert into schema_version (version, name) values ($1, $2)', [
        index + 1,
        name,
      ]);
    });
  }
}

async function inTransaction(client: ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
