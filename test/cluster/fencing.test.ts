import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseEventId } from '../../src/domain/ids.ts';
import { describeCluster, type ClusterWorld, type OpenCluster } from './world.ts';

const IN_FLIGHT = 8;
const EVENTS = 100;

await describeCluster('fencing', (open) => {
  test('a node that was out of touch for too long neither sends nor writes any more', (t) =>
    outOfTouch(t, open));
  test('a node that comes back in time goes on', (t) => backInTime(t, open));
  test('after an outage of the database nobody takes over from the living', (t) =>
    databaseOutage(t, open));
  test('an adopted slot that is taken with its adopter is fenced with it', (t) =>
    adopterOutOfTouch(t, open));
});

/** A node with deliveries in flight that nobody answers yet, and more in its queue. */
async function withQueue(world: ClusterWorld) {
  const [a] = world.nodes;
  assert.ok(a);
  const subscription = await world.subscribe(a, { maxInFlight: IN_FLIGHT });
  world.targets.answer = ({ node }) => (node === 'a' ? null : 200);
  const ids = await a.publishMany(EVENTS);
  await world.until('some are in flight', () => world.targets.sentBy('a') === IN_FLIGHT);
  return { a, subscription, ids };
}

async function assertDeliveredOnce(world: ClusterWorld, ids: readonly string[]): Promise<void> {
  const { storage } = world.alive[0] ?? assert.fail('nobody lives');
  for (const id of ids) {
    const { sequence } = parseEventId(id) ?? assert.fail(id);
    const deliveries = () => storage.journal.deliveriesOf(1, sequence);
    // It has arrived; what became of it may be in the next commit.
    await world.until(`${id} is recorded`, async () => {
      return (await deliveries()).every(({ status }) => status === 'delivered');
    });
    const [delivery, ...others] = await deliveries();
    assert.deepEqual([delivery?.status, delivery?.attempts, others], ['delivered', 1, []]);
  }
}

async function outOfTouch(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const { a, subscription, ids } = await withQueue(world);
  a.network.stall();
  await world.until('its lease has run out', () => !a.membership.holdsLease);
  world.targets.answerAll(200);
  await world.until('the other one has delivered all', () => {
    return world.targets.delivered(subscription.number).length === EVENTS;
  });
  assert.equal(world.targets.sentBy('a'), IN_FLIGHT, 'room in its lane, but no lease');
  a.network.resume();
  await world.until('it has noticed', () => a.broken !== undefined);
  assert.match(String(a.broken), /taken over/);
  assert.equal(world.targets.sentBy('a'), IN_FLIGHT);
  await assertDeliveredOnce(world, ids);
}

async function backInTime(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 1);
  const { a, subscription, ids } = await withQueue(world);
  a.network.stall();
  await world.until('its lease has run out', () => !a.membership.holdsLease);
  world.targets.answer = () => 200;
  world.targets.answerAll(200);
  await world.until('its attempts have ended', () => {
    return a.dispatcher.lane(subscription.number)?.inFlight === 0;
  });
  assert.equal(world.targets.sentBy('a'), IN_FLIGHT);
  a.network.resume();
  await world.until('it has sent the rest', () => world.targets.sentBy('a') === EVENTS);
  await world.until('and recorded it', async () => {
    const pending = { status: 'pending', subscription: subscription.number, limit: 1 } as const;
    return (await a.storage.journal.listDeliveries(1, pending)).items.length === 0;
  });
  assert.equal(a.broken, undefined);
  await assertDeliveredOnce(world, ids);
}

async function databaseOutage(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const before = world.nodes.map((node) => node.membership.slots());
  for (const { network } of world.nodes) network.stall();
  await world.until('all leases have run out', () =>
    world.nodes.every((node) => !node.membership.holdsLease),
  );
  for (const { network } of world.nodes) network.resume();
  await world.until('all hold theirs again', () =>
    world.nodes.every((node) => node.membership.holdsLease),
  );
  for (const node of world.nodes) await node.publishMany(1);
  const after = world.nodes.map((node) => node.membership.slots());
  assert.deepEqual(after, before);
  assert.deepEqual(
    world.nodes.map(({ broken }) => broken),
    [undefined, undefined],
  );
}

async function adopterOutOfTouch(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const { a, subscription, ids } = await withQueue(world);
  const [, b] = world.nodes;
  assert.ok(b);
  world.targets.answer = ({ node }) => (node === 'c' ? 200 : null);
  a.kill();
  await world.until('the adopter is at it', () => world.targets.sentBy('b') === IN_FLIGHT);
  const c = await world.start();
  b.network.stall();
  await world.until('the third has delivered all', () => {
    return world.targets.delivered(subscription.number).length === EVENTS;
  });
  // What the adopter was sending ends now, and it wants to write that down.
  world.targets.answerAll(500);
  b.network.resume();
  await world.until('the adopter has noticed', () => b.broken !== undefined);
  await world.until('the slots were given back', () => c.membership.slots().length === 1);
  await assertDeliveredOnce(world, ids);
}
