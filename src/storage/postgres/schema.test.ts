/** Starting on a database: migrations, and the tables of the days. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from 'pg';
import * as fc from 'fast-check';
import { attempt, batch, delivery, newEvent, START_AT } from '../contract/factories.ts';
import { StorageError } from '../storage.ts';
import { byteaArray, float8Array, int2Array, int4Array, int8Array, textArray } from './arrays.ts';
import { firstSequenceAt } from './sequence-layout.ts';
import { describeOnPostgres, openNode, openNodes } from './testing/on-postgres.ts';
import { execute, type TestServer } from './testing/test-server.ts';

const DAY_MS = 86_400_000;

function describeStarting(server: TestServer): void {
  it('lets several nodes start at once on an empty database', async (t) => {
    const { nodes } = await openNodes(t, server, 4);
    const slots = nodes.map((node) => (node.sequences.next() % 4_096) >> 7);
    assert.deepEqual(new Set(slots), new Set([0, 1, 2, 3]));
  });

  it('refuses a database that a newer version has changed', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    await Promise.all(nodes.map((node) => node.close()));
    await execute(url, `insert into schema_version values (1000, '1000-from-the-future.sql')`);
    await assert.rejects(openNode(url), (error) => {
      return error instanceof StorageError && /schema 1000.*upgrade/.test(error.message);
    });
  });

  it('says what is wrong with the address', async () => {
    const nobody = 'postgres://postgres@127.0.0.1:1/none';
    await assert.rejects(openNode(nobody), (error) => {
      return error instanceof StorageError && error.failure === 'busy';
    });
  });
}

function describeDays(server: TestServer): void {
  it('makes the tables of days that nobody foresaw, also those that were dropped', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const days = [-400, -40, 0, 40, 4_000];
    const sequences = days.map((day) => firstSequenceAt(today + day * DAY_MS) + 1);
    await node.journal.commit(
      batch({ events: sequences.map((sequence) => newEvent({ sequence, createdAt: START_AT })) }),
    );
    const listed = await node.journal.listEvents(1, { limit: 10 });
    assert.deepEqual(
      listed.items.map((event) => event.sequence),
      sequences.toReversed(),
    );
    const dropped = new Date(today - 40 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
    const tables = ['event', 'attempt', 'delivery'].map((table) => `${table}_${dropped}`);
    await execute(url, `drop table ${tables.join(', ')}`);
    const [, late = 0] = sequences;
    // What is settled after retention was there must not stand in the way of the rest.
    await node.journal.commit(
      batch({
        attempts: [attempt({ sequence: late })],
        deliveries: [delivery({ sequence: late, createdAt: START_AT })],
      }),
    );
    assert.equal((await node.journal.attempts(late, 1)).length, 1);
    assert.equal(await node.journal.event(1, late), undefined);
  });
}

function describeArrays(server: TestServer): void {
  const orNull = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.array(fc.option(arbitrary));
  const cases = [
    ['int2', int2Array, orNull(fc.integer({ min: -32_768, max: 32_767 }))],
    ['int4', int4Array, orNull(fc.integer())],
    ['int8', int8Array, orNull(fc.maxSafeInteger())],
    ['float8', float8Array, orNull(fc.double({ noNaN: true, noDefaultInfinity: true }))],
    ['text', textArray, orNull(fc.string({ unit: 'binary' }).map(withoutNul))],
    ['bytea', byteaArray, orNull(fc.uint8Array())],
  ] as const;
  for (const [type, encode, values] of cases) {
    it(`sends any array of ${type}`, async (t) => {
      const url = await server.createDatabase();
      const client = new Client({ connectionString: url });
      await client.connect();
      t.after(async () => {
        await client.end();
        await server.dropDatabase(url);
      });
      await fc.assert(
        fc.asyncProperty(values as fc.Arbitrary<unknown[]>, async (sent) => {
          const bytes = (encode as (elements: unknown[]) => Buffer)(sent);
          const { rows } = await client.query<{ value: unknown }>(
            `select value from unnest($1::${type}[]) as value`,
            [bytes],
          );
          assert.deepEqual(
            rows.map(({ value }) => comparable(value)),
            sent.map(comparable),
          );
        }),
        { numRuns: 50 },
      );
    });
  }

  it('stores a NUL character, which PostgreSQL can not, as a replacement', async (t) => {
    const { nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const sequence = node.sequences.next();
    await node.journal.commit(
      batch({ events: [newEvent({ sequence, createdAt: START_AT, taskId: 'a\0b' })] }),
    );
    assert.equal((await node.journal.event(1, sequence))?.taskId, 'a\uFFFDb');
  });
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '0').toWellFormed();
}

/** As PostgreSQL says it: numbers of eight bytes come as text. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  // Minus zero is zero to SQL's eyes, too.
  return typeof value === 'number' ? String(value) : value;
}

await describeOnPostgres('postgres: schema', (server) => {
  describeStarting(server);
  describeDays(server);
  describeArrays(server);
});
