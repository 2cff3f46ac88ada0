/** Ordered subscriptions in a cluster: the order of one node's events outlives the node. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { describeCluster, type OpenCluster } from './world.ts';

const EVENTS = 200;
const KEYS = ['a', 'b', 'c', 'd'];
const RETRY_SECONDS = 3;

await describeCluster('order', (open) => {
  test('a takeover keeps the order of retries, of what was in flight, and of what was not', (t) =>
    takeover(t, open));
});

async function takeover(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const [a, b] = world.nodes;
  assert.ok(a && b);
  const { number } = await world.subscribe(a, {
    ordered: true,
    retryScheduleSeconds: [RETRY_SECONDS, 1, 1, 1],
  });
  const failed = new Set<string>();
  world.targets.answer = ({ node, eventId }) => {
    if (node !== a.name) return 200;
    if (failed.size === 2) return null;
    failed.add(eventId);
    return 500;
  };
  const ids: string[][] = await Promise.all(
    KEYS.map((orderingKey) => a.publishMany(EVENTS / KEYS.length, { orderingKey })),
  );
  await world.until('each key waits for its first event', () => {
    return world.targets.arrivals.length === KEYS.length;
  });
  a.kill();
  // Of the same key, but accepted by the other node.
  await b.publishMany(10, { orderingKey: KEYS[0] });
  await world.until('the survivor has sent everything', () => {
    return new Set(world.targets.delivered(number).map((one) => one.eventId)).size === EVENTS + 10;
  });
  for (const [index, wanted] of ids.entries()) {
    const arrived = world.targets.arrivals.filter(({ eventId }) => wanted.includes(eventId));
    const key = KEYS[index] ?? '';
    assert.deepEqual(
      arrived.filter(({ status }) => status === 200).map(({ eventId }) => eventId),
      wanted,
      `the order of ${key}`,
    );
    const [first] = wanted;
    assert.ok(
      arrived.slice(0, 2).every(({ eventId }) => eventId === first),
      `nothing of ${key} overtakes its first event`,
    );
  }
}
