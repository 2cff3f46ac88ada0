import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { dedupeContract } from '../../contract/dedupe-contract.ts';
import { manualClock } from '../../contract/manual-clock.ts';
import { needsNode } from '../../contract/services.ts';
import { sqliteDedupe } from './sqlite.ts';

const skip = needsNode('node:sqlite', 22, 13);

dedupeContract({
  name: 'SQLite',
  skip,
  outlivesProcess: true,
  async place() {
    const { DatabaseSync } = await import('node:sqlite');
    const folder = await mkdtemp(path.join(tmpdir(), 'bellwire-dedupe-'));
    const file = path.join(folder, 'ids.sqlite');
    const clock = manualClock(Date.now());
    const opened: { close(): void }[] = [];
    return {
      async open(options) {
        const database = new DatabaseSync(file);
        opened.push(database);
        return sqliteDedupe(database, { clock, ...options });
      },
      lapse: async (ms) => clock.advance(ms),
      async close() {
        for (const database of opened) database.close();
        await rm(folder, { recursive: true });
      },
      shared: { store: 'sqlite', where: file },
    };
  },
});

test('SQLite: expired ids are removed from the table', { skip }, async () => {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(':memory:');
  const clock = manualClock(0);
  const dedupe = sqliteDedupe(database, { clock, leaseMs: 10, table: 'mine' });
  for (let at = 0; at < 99; at += 1) await dedupe.claim(`old_${at}`);
  clock.advance(10);
  await dedupe.claim('fresh');
  assert.deepEqual(
    database
      .prepare('select id from mine')
      .all()
      .map((row) => row.id),
    ['fresh'],
  );
  database.close();
});

test('SQLite: mistakes in the options are told at once', { skip }, async () => {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(':memory:');
  for (const options of [{ table: 'a"b' }, { leaseMs: 0 }, { ttlMs: 1.5 }, { table: '' }]) {
    assert.throws(() => sqliteDedupe(database, options), TypeError, JSON.stringify(options));
  }
  database.close();
});
