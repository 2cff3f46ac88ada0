import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { DeliveryStateError } from '../../src/dispatch/delivery-control.ts';
import { parseEventId } from '../../src/domain/ids.ts';
import { OwnerUnreachableError } from '../../src/storage/cluster.ts';
import type { DeliveryView } from '../../src/storage/journal.ts';
import type { TestNode } from './node.ts';
import { describeCluster, LEASE_MS, type ClusterWorld, type OpenCluster } from './world.ts';

await describeCluster('wishes for deliveries of other nodes', (open) => {
  test('the owner resends and cancels, whichever node is asked', (t) => askedElsewhere(t, open));
  test('what its state forbids is refused by the owner', (t) => refusedByOwner(t, open));
  test('of two nodes that are asked at the same time only one decides', (t) => askedTwice(t, open));
  test('what belongs to nobody is decided by whoever is asked', (t) => ownedByNobody(t, open));
  test('a dead owner is said to be, and soon somebody else decides', (t) => deadOwner(t, open));
  test('an owner that does not look gives no answer, and does nothing later', (t) =>
    silentOwner(t, open));
});

async function view(node: TestNode, id: string): Promise<DeliveryView> {
  const { sequence } = parseEventId(id) ?? assert.fail(id);
  const [delivery] = await node.storage.journal.deliveriesOf(1, sequence);
  return delivery ?? assert.fail(`no delivery of ${id}`);
}

/** One delivery of the first node that has failed and waits an hour for its retry. */
async function waiting(world: ClusterWorld, count = 1) {
  const [a, b] = world.nodes;
  assert.ok(a && b);
  const subscription = await world.subscribe(a, { retryScheduleSeconds: [3_600] });
  world.targets.answer = () => 404;
  const ids = await a.publishMany(count);
  await world.until('all have failed', async () => {
    const query = { status: 'waiting', subscription: subscription.number, limit: count } as const;
    return (await b.storage.journal.listDeliveries(1, query)).items.length === count;
  });
  world.targets.answer = () => 200;
  return { a, b, ids, id: ids[0] ?? '', subscription };
}

async function askedElsewhere(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const { b, ids, subscription } = await waiting(world, 2);
  const [first = '', second = ''] = ids;
  const resent = await b.cluster.deliveries.resend(await view(b, first));
  assert.equal(resent.status, 'pending');
  assert.equal(resent.subscription, subscription.number);
  await world.until('it was delivered', async () => (await view(b, first)).status === 'delivered');
  assert.equal(world.targets.sentBy('b'), 0, 'by its owner');
  const cancelled = await b.cluster.deliveries.cancel(await view(b, second));
  assert.equal(cancelled.status, 'cancelled');
  assert.equal((await view(b, second)).status, 'cancelled');
  // And one that never had a row: delivered at the first try.
  const [third = ''] = await (world.nodes[0] ?? assert.fail()).publishMany(1);
  await world.until(
    'the third is there',
    async () => (await view(b, third)).status === 'delivered',
  );
  await b.cluster.deliveries.resend(await view(b, third));
  await world.until('it came again', () => {
    return world.targets.byEvent(subscription.number).get(third)?.length === 2;
  });
  assert.equal(world.targets.sentBy('b'), 0);
}

async function refusedByOwner(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const { a, b, id } = await waiting(world);
  const seen = await view(b, id);
  await a.cluster.deliveries.cancel(seen);
  await assert.rejects(b.cluster.deliveries.cancel(seen), (error: unknown) => {
    assert.ok(error instanceof DeliveryStateError);
    assert.deepEqual([error.status, error.wanted], ['cancelled', 'cancelled']);
    return true;
  });
  // One that is in flight over there.
  world.targets.answer = () => null;
  const [flying = ''] = await a.publishMany(1);
  await world.until('it is in flight', () => world.targets.sentBy('a') === 2);
  await assert.rejects(b.cluster.deliveries.resend(await view(b, flying)), DeliveryStateError);
}

async function askedTwice(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 3);
  const { ids } = await waiting(world, 10);
  for (const id of ids) {
    const [seen, wishes] = [await view(world.nodes[0] ?? assert.fail(), id), world.nodes];
    const results = await Promise.allSettled(
      wishes.map((node) => node.cluster.deliveries.cancel(seen)),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  }
}

async function ownedByNobody(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 3);
  const { a, b, id, subscription } = await waiting(world);
  const [delivered = ''] = await a.publishMany(1);
  await world.until('one is delivered', async () => {
    return (await view(b, delivered)).status === 'delivered';
  });
  await a.stop();
  const others = world.nodes.slice(1);
  const free = () => others.every((node) => node.membership.slots().length === 1);
  await world.until('its slot is in no hand', async () => {
    const [row] = await slotsWithLeftovers(world);
    return free() && row === undefined;
  });
  // Moved with the takeover, so it has an owner again.
  await b.cluster.deliveries.cancel(await view(b, id));
  const seen = await view(b, delivered);
  world.targets.answer = () => null;
  const resends = await Promise.allSettled(
    others.map((node) => node.cluster.deliveries.resend(seen)),
  );
  assert.deepEqual(resends.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  await world.until('it came again, once', () => {
    return world.targets.byEvent(subscription.number).get(delivered)?.length === 2;
  });
  world.targets.answerAll(200);
  await world.until('the slot was given back', free);
}

async function slotsWithLeftovers(world: ClusterWorld): Promise<readonly object[]> {
  return world.query('select slot from node_slot where owner is null and has_leftovers');
}

async function deadOwner(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const { a, b, id } = await waiting(world);
  a.kill();
  const seen = await view(b, id);
  await world.until('its lease has ended', () => !a.membership.holdsLease);
  const early = b.cluster.deliveries.resend(seen);
  const said = await early.then(
    () => 'already taken over',
    (error: unknown) => error,
  );
  if (said !== 'already taken over') {
    assert.ok(said instanceof OwnerUnreachableError);
    assert.match(said.message, /out of touch|does not answer/);
    await world.until('somebody else decides', async () => {
      return b.cluster.deliveries.resend(seen).then(
        () => true,
        (error: unknown) => !(error instanceof OwnerUnreachableError),
      );
    });
  }
  await world.until('it was delivered', async () => (await view(b, id)).status === 'delivered');
  assert.ok(world.targets.sentBy('b') === 1);
}

async function silentOwner(t: TestContext, open: OpenCluster): Promise<void> {
  const world = await open(t, 2);
  const { a, b, id } = await waiting(world);
  // It keeps its lease, but does not look: as if it were stopping.
  await a.cluster.stop();
  const startedAt = performance.now();
  await assert.rejects(b.cluster.deliveries.cancel(await view(b, id)), (error: unknown) => {
    assert.ok(error instanceof OwnerUnreachableError);
    assert.match(error.message, /does not answer\. Nothing was changed/);
    return true;
  });
  assert.ok(performance.now() - startedAt >= LEASE_MS);
  await a.cluster.start();
  assert.equal((await view(b, id)).status, 'waiting');
  const asked = await b.cluster.deliveries.cancel(await view(b, id));
  assert.equal(asked.status, 'cancelled');
}
