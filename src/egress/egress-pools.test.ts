import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { realClock } from './testing/clocks.ts';
import { startHttp, startTcp } from './testing/servers.ts';
import { sendTo, setupEgress, summary, until } from './testing/setup.ts';

/** A server whose answers wait until the test lets them go. */
async function startHolding(t: TestContext) {
  let held: (() => void)[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  let answered = 0;
  const server = await startHttp(t, (req, res) => {
    req.resume();
    inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
    held.push(() => {
      inFlight -= 1;
      answered += 1;
      res.end();
    });
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    server,
    get inFlight() {
      return inFlight;
    },
    get answered() {
      return answered;
    },
    get mostInFlight() {
      return mostInFlight;
    },
    release() {
      const released = held;
      held = [];
      for (const answer of released) answer();
    },
  };
}

test('never opens more than maxConnections; the rest wait and get through', async (t) => {
  const holding = await startHolding(t);
  const egress = setupEgress(t);
  const parts = { maxConnections: 3 };
  const all = Promise.all(Array.from({ length: 12 }, () => sendTo(egress, holding.url, parts)));
  for (let round = 1; round <= 4; round += 1) {
    await until(() => holding.answered + holding.inFlight === 3 * round);
    holding.release();
  }
  assert.deepEqual((await all).map(summary), Array(12).fill('response 200'));
  assert.equal(holding.mostInFlight, 3);
  assert.equal(holding.server.connections, 3);
});

test('who may have one connection at a time holds up nobody else on the same host', async (t) => {
  const holding = await startHolding(t);
  const egress = setupEgress(t);
  const send = (limitGroup: number, maxConnections: number) =>
    sendTo(egress, holding.url, { limitGroup, maxConnections });
  const wide = [send(2, 4), send(2, 4), send(2, 4), send(2, 4)];
  await until(() => holding.inFlight === 4);
  // Beside four busy connections there is room for its one, and for the queue behind it.
  const narrow = [send(1, 1), send(1, 1)];
  await until(() => holding.inFlight === 5);
  wide.push(send(2, 4), send(2, 4), send(2, 4), send(2, 4));
  for (let round = 1; round <= 2; round += 1) {
    holding.release();
    await until(() => holding.inFlight === (round === 1 ? 5 : 0));
  }
  assert.deepEqual(
    (await Promise.all([...wide, ...narrow])).map(summary),
    Array(10).fill('response 200'),
  );
});

test('a pool that is full lets the groups in by turns, none of them forgotten', async (t) => {
  const holding = await startHolding(t);
  const egress = setupEgress(t, { limits: { maxPoolConnections: 2 } });
  const order: number[] = [];
  const all = [1, 1, 1, 1, 2, 2, 3, 3].map(async (limitGroup) => {
    const result = await sendTo(egress, holding.url, { limitGroup, maxConnections: 8 });
    order.push(limitGroup);
    return result;
  });
  for (let round = 1; round <= 4; round += 1) {
    await until(() => holding.answered + holding.inFlight === 2 * round);
    holding.release();
  }
  assert.deepEqual((await Promise.all(all)).map(summary), Array(8).fill('response 200'));
  assert.deepEqual(new Set(order.slice(2, 4)), new Set([1, 2]));
  assert.equal(holding.mostInFlight, 2);
});

test('a wider maxConnections takes effect at once', async (t) => {
  const holding = await startHolding(t);
  const egress = setupEgress(t);
  const all = [1, 1, 5, 5].map((maxConnections) => sendTo(egress, holding.url, { maxConnections }));
  await until(() => holding.inFlight === 3);
  holding.release();
  await until(() => holding.inFlight === 1);
  holding.release();
  assert.deepEqual((await Promise.all(all)).map(summary), Array(4).fill('response 200'));
});

test('a request that times out while waiting is never sent', async (t) => {
  const holding = await startHolding(t);
  const egress = setupEgress(t);
  const first = sendTo(egress, holding.url, { maxConnections: 1 });
  const waiting = sendTo(egress, holding.url, { maxConnections: 1, timeoutMs: 100 });
  assert.match(summary(await waiting), /^timeout: /);
  holding.release();
  assert.equal(summary(await first), 'response 200');
  const third = sendTo(egress, holding.url, { maxConnections: 1 });
  await until(() => holding.inFlight === 1);
  holding.release();
  assert.equal(summary(await third), 'response 200');
  assert.equal(holding.server.connections, 1);
});

test('tenants never share a connection', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t);
  const url = `http://127.0.0.1:${server.port}/`;
  for (const poolScope of ['ten_a', 'ten_b', 'ten_a', 'ten_b']) {
    await sendTo(egress, url, { poolScope });
  }
  assert.equal(server.connections, 2);
});

test('a connection older than its maximum age is replaced, though busy', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  let skippedMs = 0;
  const clock = { ...realClock, monotonic: () => realClock.monotonic() + skippedMs };
  const egress = setupEgress(t, { clock, limits: { connectionMaxAgeMs: 60_000 } });
  const url = `http://127.0.0.1:${server.port}/`;
  for (let n = 0; n < 5; n += 1) {
    await sendTo(egress, url, { timeoutMs: 300_000 });
    skippedMs += 25_000;
  }
  assert.equal(server.connections, 2);
});

test('unused pools are closed after a while', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t, { limits: { poolIdleMs: 40 } });
  await sendTo(egress, `http://127.0.0.1:${server.port}/`);
  assert.equal(server.open, 1);
  await until(() => server.open === 0);
});

test('the longest unused pools make room for new ones; busy pools stay', async (t) => {
  const holding = await startHolding(t);
  const server = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t, { limits: { maxPools: 2 } });
  const busy = sendTo(egress, holding.url);
  await until(() => holding.inFlight === 1);
  const url = `http://127.0.0.1:${server.port}/`;
  await sendTo(egress, url, { poolScope: 'ten_a' });
  await sendTo(egress, url, { poolScope: 'ten_b' });
  await until(() => server.open === 1);
  holding.release();
  assert.equal(summary(await busy), 'response 200');
});

test('a request that ends while its connection is made leaves nothing behind', async (t) => {
  // A resolution that never ends keeps connections half-made for as long as the test needs.
  const server = await startTcp(t, (socket) => socket.resume());
  const egress = setupEgress(t, {
    resolver: { resolve: () => new Promise<never>(() => {}) },
  });
  const url = `http://a.example.com:${server.port}/`;
  const parts = { timeoutMs: 100, maxConnections: 2 };
  const results = await Promise.all(Array.from({ length: 20 }, () => sendTo(egress, url, parts)));
  assert.ok(results.every((result) => summary(result).startsWith('timeout: ')));
  assert.equal(server.connections, 0);
});

test('a connection that hangs while it is made does not hold up the next request', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  let asked = 0;
  const resolve = () => {
    asked += 1;
    return asked === 1 ? new Promise<never>(() => {}) : Promise.resolve(['127.0.0.1']);
  };
  const egress = setupEgress(t, { resolver: { resolve } });
  const url = `http://a.example.com:${server.port}/`;
  const first = await sendTo(egress, url, { maxConnections: 1, timeoutMs: 100 });
  assert.match(summary(first), /^timeout: /);
  assert.equal(summary(await sendTo(egress, url, { maxConnections: 1 })), 'response 200');
});
