/** A replay in a cluster: one node runs it, and another one when that is gone. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { replayRequest } from '../../src/testing/simulated-world.ts';
import type { TestNode } from './node.ts';
import { describeCluster, type ClusterWorld, type OpenCluster } from './world.ts';

const EVENTS = 600;
const MAX_IN_FLIGHT = 16;

await describeCluster('replays of a cluster', (open) => {
  test('a survivor goes on with the replay of a killed node', (t) => killedNode(t, open));
  test('any node can call it off', (t) => calledOff(t, open));
});

/** Events accepted by all nodes, which one subscription has failed to take. */
async function failures(world: ClusterWorld, nodes: readonly TestNode[]) {
  const [first] = nodes;
  assert.ok(first !== undefined);
  const subscription = await world.subscribe(first, {
    retryScheduleSeconds: [],
    maxInFlight: MAX_IN_FLIGHT,
  });
  world.targets.answer = () => 422;
  const perNode = EVENTS / nodes.length;
  const ids = await Promise.all(nodes.map((node) => node.publishMany(perNode)));
  await world.until('all have failed', async () => {
    const rows = await world.query(`select from delivery where status = 'exhausted'`);
    return rows.length === EVENTS;
  });
  world.targets.answer = () => 200;
  return { subscription, ids: ids.flat() };
}

async function killedNode(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const [victim, survivor] = world.nodes;
  assert.ok(victim !== undefined && survivor !== undefined);
  const { subscription, ids } = await failures(world, [victim, survivor]);
  const request = replayRequest({ statuses: ['exhausted'] });
  const { number } = await victim.replays.create(1, request);
  const delivered = () => world.targets.delivered(subscription.number);
  await world.until('a part is replayed', () => delivered().length > 60);
  victim.kill();
  const before = delivered();
  const stored = await world.query(`select from attempt where trigger = 'replay'`);
  assert.ok(before.length < EVENTS, 'it was killed in the middle');
  assert.ok(before.every(({ node }) => node === victim.name));
  await world.until(
    'the survivor to be done with it',
    async () => (await survivor.replays.find(1, number))?.status === 'done',
    90_000,
  );
  const view = await survivor.replays.find(1, number);
  assert.deepEqual([view?.total, view?.done], [EVENTS, EVENTS]);
  const byEvent = Map.groupBy(delivered(), ({ eventId }) => eventId);
  assert.deepEqual([...byEvent.keys()].toSorted(), ids.toSorted());
  const twice = [...byEvent.values()].filter((times) => times.length > 1).length;
  const unsettled = before.length - stored.length + MAX_IN_FLIGHT;
  assert.ok(twice <= unsettled, `${twice} came twice, ${unsettled} were not settled`);
}

async function calledOff(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const [runner, other] = world.nodes;
  assert.ok(runner !== undefined && other !== undefined);
  await failures(world, [runner, other]);
  world.targets.answer = () => null;
  const request = replayRequest({ statuses: ['exhausted'] });
  const { number } = await runner.replays.create(1, request);
  await world.until('attempts hang', () => world.targets.arrivals.length > EVENTS);
  const cancelled = await other.replays.cancel(1, number);
  assert.equal(cancelled?.status, 'cancelled');
  await world.until('what waits is called off', async () => {
    const rows = await world.query(`select from delivery where status = 'pending'`);
    return rows.length <= MAX_IN_FLIGHT;
  });
  world.targets.answer = () => 200;
  world.targets.answerAll(200);
  await world.until('the runner has ended it', async () => {
    const stored = await other.storage.replays.find(1, number);
    return stored?.status === 'cancelled';
  });
  const view = await other.replays.find(1, number);
  assert.equal(view?.reason, 'cancelled on request');
  assert.ok(view.counts.cancelled > 0);
  const [row] = await world.query(`select from delivery where status = 'pending'`);
  assert.equal(row, undefined);
}
