import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Pool } from 'pg';
import { dedupeContract } from '../../contract/dedupe-contract.ts';
import { OPEN_STORE } from '../../contract/dedupe-stores.ts';
import type { OpenedStore } from '../../contract/dedupe-stores.ts';
import { missing, POSTGRES_URL } from '../../contract/services.ts';
import { postgresDedupe, postgresDedupeTable } from './postgres.ts';

const skip = await missing('PostgreSQL', 5432);

function newTable(): string {
  return `bellwire_test_${randomUUID().replaceAll('-', '')}`;
}

dedupeContract({
  name: 'PostgreSQL',
  skip,
  outlivesProcess: true,
  async place() {
    const where = newTable();
    const own = new Pool({ connectionString: POSTGRES_URL, max: 1 });
    const opened: OpenedStore[] = [];
    return {
      async open(options) {
        const connection = await OPEN_STORE.postgres(where, options);
        opened.push(connection);
        return connection.dedupe;
      },
      async lapse(ms) {
        await own.query('select pg_sleep($1)', [ms / 1000]);
      },
      async close() {
        for (const { close } of opened) await close();
        await own.query(`drop table if exists "${where}"`);
        await own.end();
      },
      shared: { store: 'postgres', where },
    };
  },
});

test(
  'PostgreSQL: expired ids are removed, and a table from a migration is used',
  { skip },
  async () => {
    const pool = new Pool({ connectionString: POSTGRES_URL, max: 1 });
    const table = newTable();
    try {
      await pool.query(postgresDedupeTable(table));
      const dedupe = postgresDedupe(pool, { table, leaseMs: 1 });
      for (let at = 0; at < 99; at += 1) await dedupe.claim(`old_${at}`);
      await pool.query('select pg_sleep(0.002)');
      await dedupe.claim('fresh');
      const { rows } = await pool.query(`select id from "${table}"`);
      assert.deepEqual(rows, [{ id: 'fresh' }]);
    } finally {
      await pool.query(`drop table "${table}"`);
      await pool.end();
    }
  },
);

test('PostgreSQL: a first claim that failed is no reason for the second to fail', async () => {
  let broken = true;
  const dedupe = postgresDedupe({
    async query(text) {
      if (broken) throw new Error('connection refused');
      return { rows: text.includes('returning') ? [1] : [{ found: 1 }] };
    },
  });
  await assert.rejects(dedupe.claim('evt_1'), /refused/);
  broken = false;
  assert.equal(await dedupe.claim('evt_1'), 'new');
});
