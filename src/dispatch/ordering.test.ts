import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from '../domain/destination.ts';
import type { Subscription } from '../domain/subscription.ts';
import { SimulatedWorld, webhookSettings } from '../testing/simulated-world.ts';

/** No jitter; one retry after five minutes unless the test says otherwise. */
async function orderedWorld(overrides: Parameters<typeof webhookSettings>[0] = {}) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({
    ordered: true,
    retryScheduleSeconds: [300],
    ...overrides,
  });
  return { world, subscription };
}

function publish(world: SimulatedWorld, ...keys: readonly (string | undefined)[]): Promise<void> {
  const each = keys.map((orderingKey) => world.publishMany(1, { orderingKey }));
  return Promise.all(each).then(() => undefined);
}

/** The sequences that were attempted, in the order they were. */
function tried(world: SimulatedWorld): number[] {
  return world.network.attempts.map(({ job }) => job.sequence);
}

function change(world: SimulatedWorld, subscription: Subscription, overrides: object) {
  const { number } = subscription;
  return world.answer(
    world.engine.registry.change(number, (current) => ({
      settings: { ...current, ...overrides },
    })),
  );
}

test('events of one key go one after the other, each when the one before is stored', async () => {
  const { world } = await orderedWorld();
  world.network.react = () => ({ status: 200, delayMs: 100 });
  world.fates = (operation) => (operation === 'commit' ? { beforeMs: 5, afterMs: 5 } : {});
  const published = publish(world, 'a', 'a', 'a');
  await world.advance(1_000);
  await published;
  assert.deepEqual(tried(world), [1, 2, 3]);
  const starts = world.network.attempts.map(({ startedAt }) => startedAt);
  for (const [index, at] of starts.slice(1).entries()) {
    assert.ok(at - (starts[index] ?? at) >= 110, 'an attempt and its commit lie between');
  }
});

test('keys do not wait for each other, and events without a key share a line', async () => {
  const { world } = await orderedWorld();
  world.network.react = () => 'hang';
  await publish(world, 'a', 'b', undefined, 'a', undefined, 'c');
  assert.deepEqual(tried(world), [1, 2, 3, 6]);
});

test('a retry that waits blocks its key and no other', async () => {
  const { world } = await orderedWorld();
  world.network.react = ({ sequence, attemptNumber }) => ({
    status: sequence === 1 && attemptNumber === 1 ? 500 : 200,
  });
  await publish(world, 'a', 'a', 'b', 'b');
  await world.advance(299_000);
  assert.deepEqual(tried(world), [1, 3, 4]);
  await world.advance(2_000);
  assert.deepEqual(tried(world), [1, 3, 4, 1, 2]);
});

test('an exhausted delivery lets the next one go', async () => {
  const { world } = await orderedWorld({ retryScheduleSeconds: [] });
  world.network.react = ({ sequence }) => ({ status: sequence === 1 ? 500 : 200 });
  await publish(world, 'a', 'a');
  assert.deepEqual(tried(world), [1, 2]);
  assert.equal((await world.view(1)).status, 'exhausted');
});

test('a subscription without order goes on as ever', async () => {
  const { world } = await orderedWorld({ ordered: false });
  world.network.react = () => 'hang';
  await publish(world, 'a', 'a', 'a');
  assert.deepEqual(tried(world), [1, 2, 3]);
});

test('after a crash retries that wait come before what was never tried', async () => {
  const { world } = await orderedWorld();
  world.network.react = ({ sequence }) => (sequence === 1 ? { status: 500 } : 'hang');
  await publish(world, 'a', 'a', 'b', 'b');
  await world.crash();
  world.network.react = () => ({ status: 200 });
  world.network.attempts.length = 0;
  await publish(world, 'a', 'c');
  // The sixth has a key of its own, and comes whenever it likes.
  const triedOthers = () => tried(world).filter((sequence) => sequence !== 6);
  await world.advance(200_000);
  assert.deepEqual(triedOthers(), [3, 4]);
  assert.equal(tried(world).length, 3);
  await world.advance(101_000);
  assert.deepEqual(triedOthers(), [3, 4, 1, 2, 5]);
});

test('new events wait for the recovery of old ones, other subscriptions do not', async () => {
  const { world } = await orderedWorld();
  await world.subscribe({ url: 'https://other.test/' });
  world.network.react = () => 'hang';
  await publish(world, 'a', 'a');
  world.fates = (operation) => (operation === 'unsettled' ? { beforeMs: 60_000 } : {});
  world.network.react = () => ({ status: 200 });
  await world.crash();
  world.network.attempts.length = 0;
  await publish(world, 'a', 'b');
  const mine = () =>
    world.network.attempts.filter(({ job }) => job.subscription.ordered).map((seen) => seen.job);
  assert.deepEqual(mine(), []);
  assert.deepEqual(tried(world), [3, 4]);
  await world.advance(61_000);
  assert.deepEqual(
    mine().map(({ sequence }) => sequence),
    [1, 2, 3, 4].toSorted((a, b) => order(a) - order(b)),
  );
});

/** Of the test above: 1 and 4 begin, 2 and 3 follow. */
function order(sequence: number): number {
  return [1, 4, 2, 3].indexOf(sequence);
}

test('nothing goes before the store has told what is unfinished, however it refuses', async () => {
  const { world } = await orderedWorld();
  world.network.react = () => ({ status: 500 });
  await publish(world, 'a', 'a');
  world.fates = (operation) => (operation === 'unfinished' ? { fault: 'before' } : {});
  await world.crash();
  world.network.react = () => ({ status: 200 });
  await publish(world, 'a', 'b');
  await world.advance(400_000);
  assert.deepEqual(tried(world), [1]);
  world.fates = () => ({});
  await world.advance(1_100);
  assert.deepEqual(
    tried(world).toSorted((a, b) => a - b),
    [1, 1, 2, 3, 4],
  );
  assert.deepEqual(
    tried(world).filter((sequence) => sequence !== 4),
    [1, 1, 2, 3],
  );
});

test('what ends while the store is being asked is not waited for', async () => {
  const { world, subscription } = await orderedWorld({ ordered: false });
  world.network.react = ({ sequence, attemptNumber }) =>
    attemptNumber === 1 && sequence === 1 ? { status: 500 } : { status: 200, delayMs: 30 };
  await publish(world, 'a');
  await world.answer(world.dispatcher.resend(await world.view(1)));
  await world.advance(6);
  world.fates = (operation) => (operation === 'unfinished' ? { afterMs: 100 } : {});
  await change(world, subscription, { ordered: true });
  await publish(world, 'a');
  await world.advance(90);
  assert.deepEqual(tried(world), [1, 1]);
  assert.equal((await world.view(1)).status, 'delivered');
  await world.advance(100);
  assert.deepEqual(tried(world), [1, 1, 2]);
});

test('while the store takes nothing, the next one waits; then it goes', async () => {
  const { world } = await orderedWorld();
  world.network.react = () => ({ status: 200, delayMs: 10 });
  await publish(world, 'a', 'a');
  world.fates = (operation) => (operation === 'commit' ? { fault: 'after' } : {});
  await world.advance(5_000);
  assert.deepEqual(tried(world), [1]);
  world.fates = () => ({});
  await world.advance(1_100);
  assert.deepEqual(tried(world), [1, 2]);
});

test('order holds over commits that the queue is cut into', async () => {
  const { world } = await orderedWorld();
  world.fates = (operation) => (operation === 'commit' ? { beforeMs: 5 } : {});
  const published = world.publishMany(2_500, { orderingKey: 'a' });
  await world.advance(100);
  await published;
  await world.advance(60_000);
  assert.deepEqual(
    tried(world),
    Array.from({ length: 2_500 }, (_, index) => index + 1),
  );
});

test('a pause holds everything in order, and nothing overtakes what was held', async () => {
  const { world, subscription } = await orderedWorld({ retryScheduleSeconds: [1] });
  world.network.react = ({ attemptNumber }) => ({
    status: attemptNumber === 1 ? 500 : 200,
    delayMs: 10,
  });
  await publish(world, 'a', 'a', 'a');
  await world.answer(world.pause(subscription));
  await publish(world, 'a');
  await world.advance(1_000);
  for (const sequence of [1, 2, 3, 4]) assert.equal((await world.view(sequence)).status, 'held');
  world.network.react = () => ({ status: 200, delayMs: 10 });
  world.fates = (operation) => (operation === 'release' ? { beforeMs: 500 } : {});
  const resumed = world.resume(subscription);
  await publish(world, 'a');
  await world.advance(2_000);
  await resumed;
  assert.deepEqual(tried(world), [1, 1, 2, 3, 4, 5]);
});

test('a resume in the middle of an attempt waits for its end', async () => {
  const { world, subscription } = await orderedWorld();
  world.network.react = () => ({ status: 200, delayMs: 1_000 });
  await publish(world, 'a', 'a');
  await world.answer(world.pause(subscription));
  await world.answer(world.resume(subscription));
  await publish(world, 'a');
  await world.advance(900);
  assert.deepEqual(tried(world), [1]);
  await world.advance(5_000);
  assert.deepEqual(tried(world), [1, 2, 3]);
});

test('a cancelled delivery makes way, one in flight when its attempt has ended', async () => {
  const { world } = await orderedWorld();
  world.network.react = ({ sequence }) =>
    sequence === 1 ? { status: 500, delayMs: 1_000 } : { status: 200 };
  await publish(world, 'a', 'a', 'a');
  await world.answer(world.dispatcher.cancel(await world.view(2)));
  await world.answer(world.dispatcher.cancel(await world.view(1)));
  assert.deepEqual(tried(world), [1]);
  await world.advance(1_000);
  assert.deepEqual(tried(world), [1, 3]);
  for (const sequence of [1, 2]) assert.equal((await world.view(sequence)).status, 'cancelled');
});

test('cancelling a retry that waits lets the next one go at once', async () => {
  const { world } = await orderedWorld();
  world.network.react = ({ sequence }) => ({ status: sequence === 1 ? 500 : 200 });
  await publish(world, 'a', 'a');
  await world.advance(10);
  await world.answer(world.dispatcher.cancel(await world.view(1)));
  assert.deepEqual(tried(world), [1, 2]);
});

test('one that is resent joins the order again, before those that come after it', async () => {
  const { world } = await orderedWorld({ retryScheduleSeconds: [] });
  world.network.react = ({ sequence }) => ({
    status: sequence === 1 ? 500 : 200,
    delayMs: 1_000,
  });
  await publish(world, 'a', 'a', 'a', 'a');
  await world.advance(1_500);
  assert.deepEqual(tried(world), [1, 2]);
  world.network.react = () => ({ status: 200, delayMs: 1_000 });
  await world.answer(world.dispatcher.resend(await world.view(1)));
  await world.advance(10_000);
  assert.deepEqual(tried(world), [1, 2, 1, 3, 4]);
});

test('a resend holds up the next one from its decision on', async () => {
  const { world } = await orderedWorld({ retryScheduleSeconds: [], maxInFlight: 1 });
  world.network.react = ({ sequence, attemptNumber }) =>
    sequence === 1 && attemptNumber === 1 ? { status: 500 } : { status: 200, delayMs: 100 };
  await publish(world, 'a');
  // Of another key, in the way of what follows.
  await publish(world, 'b', 'a');
  await world.advance(80);
  world.fates = (operation) => (operation === 'commit' ? { beforeMs: 5, afterMs: 60 } : {});
  const resent = world.dispatcher.resend(await world.view(1));
  // The disk has it, and its announcement is on its way, when the other key's attempt ends.
  await world.advance(30);
  assert.equal((await world.view(1)).status, 'pending');
  assert.deepEqual(tried(world), [1, 2]);
  await world.advance(1_000);
  await resent;
  assert.deepEqual(tried(world), [1, 2, 1, 3]);
});

test('what a query meets before its announcement comes after the events before it', async () => {
  const { world } = await orderedWorld({ eventTypes: ['mine'] });
  const other = await world.subscribe({ eventTypes: ['other'] });
  world.network.react = () => 'hang';
  // Keeps the loader awake while the commit below is on the disk and not announced.
  for (let inMs = 10; inMs < 200; inMs += 10) {
    const deliverAt = world.clock.now() + inMs;
    await world.publishMany(1, { eventType: 'other', deliverAt });
  }
  await world.advance(50);
  world.fates = (operation) => (operation === 'commit' ? { afterMs: 100 } : {});
  const mine = { eventType: 'mine', orderingKey: 'a' };
  const published = Promise.all([
    world.publishMany(1, mine),
    world.publishMany(1, { ...mine, deliverAt: world.clock.now() + 1 }),
  ]);
  const triedBy = (number: number) =>
    world.network.attempts
      .filter(({ job }) => job.subscription.number === number)
      .map(({ job }) => job.sequence);
  await world.advance(90);
  assert.ok(triedBy(other.number).length > 10, 'the loader is awake');
  assert.deepEqual(triedBy(1), []);
  await world.advance(200);
  await published;
  assert.deepEqual(triedBy(1), [20]);
});

test('a scheduled event takes its place when it comes due', async () => {
  const { world } = await orderedWorld();
  const deliverAt = world.clock.now() + 10_000;
  await world.publishMany(1, { orderingKey: 'a', deliverAt });
  await publish(world, 'a');
  await world.crash();
  await publish(world, 'a');
  assert.deepEqual(tried(world), [2, 3]);
  world.network.react = () => ({ status: 200, delayMs: 1_000 });
  await world.advance(9_990);
  await publish(world, 'a', 'a');
  await world.advance(10_000);
  assert.deepEqual(tried(world), [2, 3, 4, 1, 5]);
});

test('deleting a subscription cancels what waits for its order', async () => {
  const { world, subscription } = await orderedWorld();
  world.network.react = () => ({ status: 500 });
  await publish(world, 'a', 'a', 'a');
  await world.answer(world.engine.registry.delete(subscription.number));
  await world.advance(400_000);
  for (const sequence of [1, 2, 3]) {
    assert.equal((await world.view(sequence)).status, 'cancelled');
  }
  assert.equal(world.dispatcher.overload(), undefined);
  assert.deepEqual(tried(world), [1]);
});

test('order that is switched on counts from then on, for what is on its way too', async () => {
  const { world, subscription } = await orderedWorld({ ordered: false, maxInFlight: 2 });
  world.network.react = ({ sequence, attemptNumber }) => ({
    status: sequence === 1 && attemptNumber === 1 ? 500 : 200,
    delayMs: 1_000,
  });
  await publish(world, 'a', 'a', 'a', 'b', 'a');
  assert.deepEqual(tried(world), [1, 2]);
  await change(world, subscription, { ordered: true });
  await world.advance(299_000);
  // Both in flight run to their end; then 3 waits for the retry of 1.
  assert.deepEqual(tried(world), [1, 2, 4]);
  await world.advance(10_000);
  assert.deepEqual(tried(world), [1, 2, 4, 1, 3, 5]);
});

test('order that is switched off lets everything go at once', async () => {
  const { world, subscription } = await orderedWorld();
  world.network.react = ({ attemptNumber }) => ({ status: attemptNumber === 1 ? 500 : 200 });
  await publish(world, 'a', 'a', 'a');
  assert.deepEqual(tried(world), [1]);
  await change(world, subscription, { ordered: false });
  await world.advance(10);
  assert.deepEqual(tried(world), [1, 2, 3]);
});

test('a new target gets what waits, in order, when the old one has answered', async () => {
  const { world, subscription } = await orderedWorld({ url: 'https://old.test/' });
  world.network.react = () => ({ status: 200, delayMs: 1_000 });
  await publish(world, 'a', 'a', 'b', 'a');
  await change(world, subscription, { destination: { kind: 'webhook', url: 'https://new.test/' } });
  await world.advance(500);
  assert.deepEqual(tried(world), [1, 3]);
  await world.advance(5_000);
  const urls = world.network.attempts.map(({ job }) => [
    job.sequence,
    targetOf(job.subscription.destination),
  ]);
  assert.deepEqual(urls, [
    [1, 'https://old.test/'],
    [3, 'https://old.test/'],
    [2, 'https://new.test/'],
    [4, 'https://new.test/'],
  ]);
});

test('who waits for whom can be asked', async () => {
  const { world, subscription } = await orderedWorld();
  world.network.react = () => ({ status: 500 });
  await publish(world, 'a', 'a', 'b', 'a');
  const waits = async (sequence: number) => world.dispatcher.waitsFor(await world.view(sequence));
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map(waits)), [undefined, 1, undefined, 1]);
  await world.answer(world.pause(subscription));
  assert.deepEqual(await waits(2), undefined);
});
