/** What only this store has: whole days go as tables. The rest is the store contract's. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { Client } from 'pg';
import { attempt, batch, dedupeKey, delivery, newEvent } from '../contract/factories.ts';
import type { RemovalPosition } from '../retention.ts';
import type { Storage } from '../storage.ts';
import { DAY_MS } from '../tenant-data.ts';
import { firstSequenceAt } from './sequence-layout.ts';
import { describeOnPostgres, openNodes } from './testing/on-postgres.ts';
import type { TestServer } from './testing/test-server.ts';

const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
/** Of the events here: those that the first node gives out. */
const SLOT_OFFSET = 1;

/** Events of a day, each delivered; the marks say that all of them are settled. */
async function storeDay(storage: Storage, daysAgo: number, count: number): Promise<number[]> {
  const createdAt = TODAY - daysAgo * DAY_MS + 1_000;
  const sequences = Array.from(
    { length: count },
    (_, index) => firstSequenceAt(createdAt + index) + SLOT_OFFSET,
  );
  const events = sequences.map((sequence, index) =>
    newEvent({ sequence, createdAt: createdAt + index, dedupe: [dedupeKey(`${sequence}`)] }),
  );
  const attempts = sequences.map((sequence) => attempt({ sequence }));
  await storage.journal.commit(batch({ events, attempts, lowWaterMark: sequences.at(-1) ?? null }));
  return sequences;
}

/** @returns how many events went. */
async function removeOlderThan(storage: Storage, days: number): Promise<number> {
  let events = 0;
  let after: RemovalPosition | undefined;
  do {
    const createdBefore = TODAY - days * DAY_MS;
    const removal = await storage.retention.removeOld({ tenant: null, createdBefore, after });
    events += removal.events;
    after = removal.next;
  } while (after !== undefined);
  return events;
}

async function connect(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // The database is dropped before the test's own things are.
  client.on('error', () => undefined);
  await client.connect();
  t.after(() => client.end());
  return client;
}

/** Days that have tables. */
async function daysIn(client: Client): Promise<number> {
  const { rowCount } = await client.query(
    `select 1 from pg_inherits where inhparent = 'event'::regclass`,
  );
  return rowCount ?? 0;
}

await describeOnPostgres('postgres: retention', (server) => {
  describeDays(server);
  describeKeys(server);
  describeOthers(server);
});

function describeKeys(server: TestServer): void {
  it('keeps the keys of sources when it drops a day that is younger than they live', async (t) => {
    const { nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const createdAt = TODAY - 3 * DAY_MS;
    const sequence = firstSequenceAt(createdAt) + SLOT_OFFSET;
    const own = { createdAt, matched: [] };
    const events = [
      newEvent({ ...own, sequence, source: 4, customId: 'a', dedupe: [dedupeKey('a')] }),
      newEvent({ ...own, sequence: sequence + 1, dedupe: [dedupeKey('b')] }),
    ];
    await node.journal.commit(batch({ events, lowWaterMark: sequence + 1 }));
    const createdBefore = TODAY - 2 * DAY_MS;
    const order = { tenant: null, createdBefore, after: undefined };
    const removal = await node.retention.removeOld({ ...order, keysKeptSince: TODAY - 7 * DAY_MS });
    assert.equal(removal.events, 2);
    const repeats = [dedupeKey('a'), dedupeKey('b')].map((key, index) =>
      newEvent({ sequence: firstSequenceAt(TODAY) + SLOT_OFFSET + index, dedupe: [key] }),
    );
    const refused = await node.journal.commit(batch({ events: repeats }));
    assert.deepEqual(
      refused.map(({ existing }) => [existing.sequence, existing.customId, existing.createdAt]),
      [[sequence, 'a', createdAt]],
    );
    const keysBefore = createdAt + 1;
    const keys = { tenant: null, receivedBefore: null, keysBefore };
    assert.equal(await node.retention.removeOldInbound(keys), 1);
  });
}

function describeDays(server: TestServer): void {
  it('drops the tables of old days, with keys and usage, and no younger ones', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const client = await connect(t, url);
    const before = await daysIn(client);
    const old = [...(await storeDay(node, 40, 30)), ...(await storeDay(node, 39, 20))];
    const young = await storeDay(node, 10, 10);
    assert.equal(await daysIn(client), before + 3);
    assert.equal(await removeOlderThan(node, 30), 50);
    assert.equal(await daysIn(client), before + 1);
    const listed = await node.journal.listEvents(1, { limit: 100 });
    assert.deepEqual(
      listed.items.map(({ sequence }) => sequence),
      young.toReversed(),
    );
    for (const [sequence, expected] of [
      [old[0], undefined],
      [young[0], young[0]],
    ] as const) {
      const { hash } = dedupeKey(`${sequence}`);
      assert.equal(await node.journal.sequenceOfKey(1, hash), expected);
    }
    const usage = await node.tenantData.usage(1);
    assert.deepEqual(
      usage.map(({ events }) => events),
      [10],
    );
    assert.equal(await removeOlderThan(node, 30), 0);
  });

  it('keeps a day in which something waits; the rest of it goes row by row', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const client = await connect(t, url);
    const before = await daysIn(client);
    const [first = 0] = await storeDay(node, 40, 25);
    const waiting = delivery({ sequence: first, subscription: 9 });
    await node.journal.commit(batch({ deliveries: [waiting] }));
    assert.equal(await removeOlderThan(node, 30), 24);
    assert.equal(await daysIn(client), before + 1);
    assert.equal((await node.journal.contents([first])).length, 1);
    const over = delivery({ sequence: first, subscription: 9, status: 'exhausted' });
    await node.journal.commit(batch({ deliveries: [over] }));
    assert.equal(await removeOlderThan(node, 30), 1);
    assert.equal(await daysIn(client), before);
  });

  it('never gives a sequence again, though the newest events were dropped', async (t) => {
    const { nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    await storeDay(node, 40, 5);
    const { lastSequence } = await node.journal.state();
    await removeOlderThan(node, 30);
    assert.ok((await node.journal.state()).lastSequence >= lastSequence);
  });
}

function describeOthers(server: TestServer): void {
  it('of two nodes, one is at it, and nothing is counted twice', async (t) => {
    const { nodes } = await openNodes(t, server, 2);
    const [one, other] = nodes;
    assert.ok(one !== undefined && other !== undefined);
    await storeDay(one, 40, 200);
    const counts = await Promise.all([one, other].map((node) => removeOlderThan(node, 30)));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      200,
    );
    assert.deepEqual(await one.tenantData.usage(1), []);
  });

  it('a day that somebody reads for long is left for the next pass', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const client = await connect(t, url);
    const before = await daysIn(client);
    await storeDay(node, 40, 3);
    const reader = await connect(t, url);
    await reader.query('begin; select count(*) from event');
    assert.equal(await removeOlderThan(node, 30), 3, 'the rows go all the same');
    assert.equal(await daysIn(client), before + 1);
    await reader.query('rollback');
    await removeOlderThan(node, 30);
    assert.equal(await daysIn(client), before);
  });
}
