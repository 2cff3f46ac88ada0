/** Two nodes, one poll source: one of them polls, and when it is killed the other one goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { findTestServer } from '../../src/storage/postgres/testing/test-server.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn } from './call.ts';

const ADMIN_KEY = 'test-admin-key-of-both-nodes';
const LEASE_SECONDS = 2;
const DEADLINE_MS = 40_000;

/** Counts up at each request, and remembers what it said. */
async function counter() {
  let count = 0;
  const times: number[] = [];
  const server = createServer((_, response) => {
    count += 1;
    times.push(performance.now());
    response.end(JSON.stringify({ count }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}/`, times, close };
}

/** Values and what stood there before, oldest first. */
async function changes(server: RunningBellwire): Promise<unknown[][]> {
  const { data } = objectIn(await call(server, '/v1/events?event_type=poll.changed&limit=250'));
  assert.ok(Array.isArray(data));
  return data.map(({ data: { value, previous } }) => [previous.count, value.count]).toReversed();
}

/** Whose budget it is. */
async function isPolling(server: RunningBellwire, id: string): Promise<boolean> {
  const { poll } = objectIn(await call(server, `/v1/sources/${id}`));
  return /"remaining":\d/.test(JSON.stringify(poll));
}

const server = await findTestServer();
if (typeof server === 'string') describe('polls of two nodes on one PostgreSQL', { skip: server });
else {
  test('a source is polled by one node, and by the other after kill -9', async (t) => {
    const url = await server.createDatabase();
    const nodes: RunningBellwire[] = [];
    t.after(async () => {
      for (const node of nodes) {
        await node.kill9();
        await node.stop();
      }
      await server.dropDatabase(url);
      await server.close();
    });
    const env = {
      BELLWIRE_DATABASE_URL: url,
      BELLWIRE_NODE_LEASE_SECONDS: String(LEASE_SECONDS),
      BELLWIRE_ADMIN_KEY: ADMIN_KEY,
    };
    for (let n = 0; n < 2; n += 1) nodes.push(await startBellwire({ env }));
    const [one, two] = nodes;
    assert.ok(one && two);
    const api = await counter();
    t.after(api.close);
    const config = { url: api.url, interval_seconds: 1 };
    const { id } = objectIn(await call(one, '/v1/sources', { body: { provider: 'poll', config } }));
    const source = String(id);
    const deadline = { deadlineMs: DEADLINE_MS, context: () => one.output() + two.output() };
    await waitUntil(async () => (await changes(one)).length >= 4, { what: 'changes', ...deadline });
    const polling = await Promise.all([one, two].map((node) => isPolling(node, source)));
    assert.equal(polling.filter(Boolean).length, 1, 'one node spends the budget');
    const [victim, survivor] = polling[0] === true ? [one, two] : [two, one];
    await victim.kill9();
    const before = (await changes(survivor)).length;
    await waitUntil(async () => (await changes(survivor)).length >= before + 3, {
      what: 'changes after the kill',
      ...deadline,
    });
    const told = await changes(survivor);
    for (const [at, [previous]] of told.entries()) {
      if (at > 0) assert.equal(previous, told[at - 1]?.[1], JSON.stringify(told));
    }
    // Two nodes at once would ask twice as often.
    const gaps = api.times.map((time, at) => time - (api.times[at - 1] ?? 0)).slice(1);
    assert.ok(Math.min(...gaps) > 500, JSON.stringify(gaps.map(Math.round)));
  });
}
