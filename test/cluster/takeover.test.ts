import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Subscription } from '../../src/domain/subscription.ts';
import type { TestNode } from './node.ts';
import { describeCluster, LEASE_MS, type ClusterWorld, type OpenCluster } from './world.ts';

const EVENTS = 1_000;
const MAX_IN_FLIGHT = 16;

await describeCluster('takeover', (open) => {
  test('survivors deliver all that a killed node left, whatever state it was in', (t) =>
    killedNode(t, open));
  test('a node that stops hands over at once, and nothing comes twice', (t) =>
    stoppedNode(t, open));
  test('when the adopter dies as well, the next one takes both', (t) => deadAdopter(t, open));
  test('a restart alone finds its own leftovers', (t) => restartAlone(t, open));
});

interface Wishes {
  /** Answers nothing at first: its deliveries are in flight and queued when the node dies. */
  readonly slow: Subscription;
  /** Fails at first: its deliveries wait for a retry. */
  readonly failing: Subscription;
  /** Paused: its deliveries are held. */
  readonly paused: Subscription;
}

async function subscribeAll(world: ClusterWorld, through: TestNode): Promise<Wishes> {
  const of = (eventType: string, more = {}) =>
    world.subscribe(through, {
      eventTypes: [eventType],
      url: `https://${eventType}.test/`,
      maxInFlight: MAX_IN_FLIGHT,
      ...more,
    });
  const slow = await of('slow');
  const failing = await of('failing', { retryScheduleSeconds: [3, 3, 3, 3] });
  const paused = await of('paused');
  await through.registry.change(paused.number, { status: 'paused' });
  return { slow, failing, paused };
}

/** Publishes through a node and kills it while nothing of it has been delivered. */
async function leaveBehind(world: ClusterWorld, victim: TestNode, wishes: Wishes) {
  const { slow, failing } = wishes;
  let isMended = false;
  world.targets.answer = ({ subscription, node }) => {
    if (node !== victim.name) return 200;
    if (subscription === failing.number) return isMended ? 200 : 404;
    return subscription === slow.number ? null : 200;
  };
  const third = Math.floor(EVENTS / 3);
  const ids = {
    slow: await victim.publishMany(EVENTS - 2 * third, { eventType: 'slow' }),
    failing: await victim.publishMany(third, { eventType: 'failing' }),
    paused: await victim.publishMany(third, { eventType: 'paused' }),
  };
  await world.until('all of one target have failed once', () => {
    return world.targets.byEvent(failing.number).size === third;
  });
  isMended = true;
  return ids;
}

function assertAllArrived(world: ClusterWorld, subscription: Subscription, ids: readonly string[]) {
  const arrived = world.targets.byEvent(subscription.number);
  assert.deepEqual([...arrived.keys()].toSorted(), ids.toSorted());
  for (const [id, arrivals] of arrived) {
    assert.equal(new Set(arrivals.map(({ body }) => body)).size, 1, `the bytes of ${id} changed`);
    assert.ok(arrivals[0]?.body.startsWith(`{"webhook_id":"${id}"`), arrivals[0]?.body);
  }
}

/** Counts per event how often it was delivered. */
function deliveredTwice(world: ClusterWorld, subscription: Subscription): number {
  const delivered = Map.groupBy(world.targets.delivered(subscription.number), (one) => one.eventId);
  return [...delivered.values()].filter((times) => times.length > 1).length;
}

async function nothingOpen(world: ClusterWorld, through: TestNode): Promise<void> {
  await world.until('every delivery is recorded as delivered', async () => {
    for (const status of ['pending', 'waiting', 'held', 'exhausted', 'cancelled'] as const) {
      const page = await through.storage.journal.listDeliveries(1, { status, limit: 1 });
      if (page.items.length > 0) return false;
    }
    return true;
  });
}

async function killedNode(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 3);
  const [a, b, c] = world.nodes;
  assert.ok(a && b && c);
  const wishes = await subscribeAll(world, a);
  const ids = await leaveBehind(world, a, wishes);
  const killedAt = performance.now();
  a.kill();
  await world.until('the survivors have sent the fresh ones', () => {
    return world.targets.delivered(wishes.slow.number).length === ids.slow.length;
  });
  const first = world.targets.arrivals.find(({ node }) => node !== 'a');
  t.diagnostic(`taken over after ${Math.round((first?.at ?? 0) - killedAt)} ms`);
  await world.until('the survivors have sent the retries', () => {
    return world.targets.delivered(wishes.failing.number).length >= ids.failing.length;
  });
  assert.equal(world.targets.byEvent(wishes.paused.number).size, 0, 'what is paused stays held');
  const resumed = { status: 'active', disabledReason: null, failingSince: null } as const;
  await b.registry.change(wishes.paused.number, resumed);
  await b.cluster.deliveries.release(wishes.paused.number);
  await nothingOpen(world, c);
  for (const name of ['slow', 'failing', 'paused'] as const) {
    assertAllArrived(world, wishes[name], ids[name]);
    assert.equal(deliveredTwice(world, wishes[name]), 0);
  }
  const inFlight = world.targets.arrivals.filter(
    ({ node, subscription }) => node === 'a' && subscription === wishes.slow.number,
  );
  assert.ok(inFlight.length <= MAX_IN_FLIGHT, 'no more than these may come twice');
  await world.until('the slot was given back', () =>
    [b, c].every((node) => node.membership.slots().length === 1),
  );
}

async function stoppedNode(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const [a, b] = world.nodes;
  assert.ok(a && b);
  const wishes = await subscribeAll(world, a);
  const ids = await leaveBehind(world, a, { ...wishes, slow: wishes.paused });
  await a.stop();
  const stoppedAt = performance.now();
  await world.until('the survivor has sent the retries', () => {
    return world.targets.delivered(wishes.failing.number).length === ids.failing.length;
  });
  await b.registry.change(wishes.paused.number, { status: 'active' });
  await b.cluster.deliveries.release(wishes.paused.number);
  await nothingOpen(world, b);
  for (const name of ['slow', 'failing', 'paused'] as const) {
    assertAllArrived(world, wishes[name], ids[name]);
    assert.equal(deliveredTwice(world, wishes[name]), 0);
  }
  const adopted = world.targets.arrivals.find(({ node }) => node === 'b');
  assert.ok((adopted?.at ?? 0) - stoppedAt < 3 * LEASE_MS + 3_000);
}

async function deadAdopter(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const [a, b] = world.nodes;
  assert.ok(a && b);
  const wishes = await subscribeAll(world, a);
  const ids = await leaveBehind(world, a, wishes);
  world.targets.answer = ({ node, subscription }) => {
    // The first adopter gets no answer either, and dies with all of it in memory.
    return node === 'c' || subscription !== wishes.slow.number ? 200 : null;
  };
  a.kill();
  await world.until('the first survivor has begun', () =>
    world.targets.arrivals.some(({ node }) => node === 'b'),
  );
  const c = await world.start();
  b.kill();
  await world.until('the last one has sent the fresh ones', () => {
    return world.targets.delivered(wishes.slow.number).length === ids.slow.length;
  });
  await c.registry.change(wishes.paused.number, { status: 'active' });
  await c.cluster.deliveries.release(wishes.paused.number);
  await nothingOpen(world, c);
  for (const name of ['slow', 'failing', 'paused'] as const) {
    assertAllArrived(world, wishes[name], ids[name]);
  }
  await world.until('both slots were given back', () => c.membership.slots().length === 1);
}

async function restartAlone(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 1);
  const [a] = world.nodes;
  assert.ok(a);
  const wishes = await subscribeAll(world, a);
  const ids = await leaveBehind(world, a, wishes);
  a.kill();
  const b = await world.start();
  await b.registry.change(wishes.paused.number, { status: 'active' });
  await b.cluster.deliveries.release(wishes.paused.number);
  await nothingOpen(world, b);
  for (const name of ['slow', 'failing', 'paused'] as const) {
    assertAllArrived(world, wishes[name], ids[name]);
    assert.equal(deliveredTwice(world, wishes[name]), 0);
  }
}
