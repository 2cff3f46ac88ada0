/** What the owner of a subscription chooses, and that a change counts for what is queued. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subscription, SubscriptionSettings } from '../domain/subscription.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';

async function worldOfOne(overrides: Parameters<SimulatedWorld['subscribe']>[0] = {}) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  return { world, subscription: await world.subscribe(overrides) };
}

function change(
  world: SimulatedWorld,
  { number }: Subscription,
  settings: Partial<SubscriptionSettings>,
) {
  return world.answer(
    world.engine.registry.change(number, (current) => ({ settings: { ...current, ...settings } })),
  );
}

/** Milliseconds between the starts of one subscription's attempts. */
function gaps(world: SimulatedWorld, number: number): number[] {
  const starts = world.network.attempts
    .filter(({ job }) => job.subscription.number === number)
    .map(({ startedAt }) => startedAt);
  return starts.slice(1).map((at, index) => at - (starts[index] ?? at));
}

test('a new retry schedule counts for the next failure, also of one in flight', async () => {
  const { world, subscription } = await worldOfOne({ retryScheduleSeconds: [10, 1_000] });
  world.network.react = () => ({ status: 500, delayMs: 1_000 });
  await world.publish();
  await change(world, subscription, { retryScheduleSeconds: [60, 600] });
  await world.advance(1_000);
  assert.equal((await world.view(1)).nextAttemptAt, world.clock.now() + 60_000);
  await change(world, subscription, { retryScheduleSeconds: [60] });
  await world.advance(62_000);
  assert.equal((await world.view(1)).status, 'exhausted');
});

test('a new timeout counts for the attempts that start from then on', async () => {
  const { world, subscription } = await worldOfOne({ timeoutMs: 30_000, maxInFlight: 1 });
  world.network.react = () => 'hang';
  await world.publishMany(2);
  await change(world, subscription, { timeoutMs: 1_000 });
  await world.advance(29_999);
  assert.equal(world.network.attempts.length, 1);
  await world.advance(1_100);
  assert.equal(world.network.attempts.length, 2);
  assert.equal(world.records(2)[0]?.durationMs, 1_000);
});

test('new headers go with what was queued before', async () => {
  const { world, subscription } = await worldOfOne({ maxInFlight: 1, headers: { 'x-stage': '1' } });
  world.network.react = () => ({ status: 200, delayMs: 100 });
  await world.publishMany(3);
  await change(world, subscription, { headers: { 'x-stage': '2' } });
  await world.advance(1_000);
  const sent = world.network.attempts.map(({ job }) => job.subscription.headers['x-stage']);
  assert.deepEqual(sent, ['1', '2', '2']);
});

test('max_in_flight that grows lets more of the queue go, and that shrinks lets less', async () => {
  const { world, subscription } = await worldOfOne({ maxInFlight: 1 });
  world.network.react = () => ({ status: 200, delayMs: 1_000 });
  await world.publishMany(20);
  assert.equal(world.network.inFlight.length, 1);
  await change(world, subscription, { maxInFlight: 5 });
  await world.advance(1_500);
  assert.equal(world.network.inFlight.length, 5);
  await change(world, subscription, { maxInFlight: 2 });
  await world.advance(2_000);
  assert.equal(world.network.inFlight.length, 2);
});

test('a rate limit spaces what was queued before it, until it is lifted', async () => {
  const { world, subscription } = await worldOfOne({ maxInFlight: 1 });
  world.network.react = () => ({ status: 200, delayMs: 50 });
  await world.publishMany(30);
  await change(world, subscription, { rateLimit: 2 });
  await world.advance(10_000);
  const spaced = gaps(world, subscription.number);
  assert.ok(spaced.length >= 20 && spaced.length <= 23, `${spaced.length}`);
  assert.ok(spaced.slice(4).every((gap) => gap === 500));
  await change(world, subscription, { rateLimit: 4 });
  await world.advance(1_000);
  assert.ok(gaps(world, subscription.number).length - spaced.length >= 4);
  await change(world, subscription, { rateLimit: null });
  await world.advance(1_000);
  assert.equal(world.network.attempts.length, 30);
});

test('a limit below one a second is kept, too', async () => {
  const { world, subscription } = await worldOfOne({ rateLimit: 0.2 });
  await world.publishMany(4);
  await world.advance(20_000);
  assert.deepEqual(gaps(world, subscription.number), [5_000, 5_000, 5_000]);
});

test('two subscriptions to one target are each spaced by their own limit', async () => {
  const { world, subscription: slow } = await worldOfOne({ rateLimit: 1 });
  const fast = await world.subscribe({ rateLimit: 10 });
  const free = await world.subscribe();
  world.network.react = () => ({ status: 200, delayMs: 5 });
  await world.publishMany(100);
  await world.advance(5_000);
  const count = ({ number }: Subscription) =>
    world.network.attempts.filter(({ job }) => job.subscription.number === number).length;
  assert.equal(count(free), 100);
  assert.ok(Math.abs(count(fast) - 60) <= 1, `${count(fast)}`);
  assert.ok(Math.abs(count(slow) - 6) <= 1, `${count(slow)}`);
  // Whoever changes last changes nothing for the others.
  await change(world, free, { rateLimit: 1_000 });
  await change(world, fast, { rateLimit: 20 });
  await world.advance(1_000);
  assert.ok(Math.abs(count(fast) - 80) <= 2, `${count(fast)}`);
  assert.ok(Math.abs(count(slow) - 7) <= 1, `${count(slow)}`);
});

test('two subscriptions to one target each keep to their own max_in_flight', async () => {
  const { world, subscription: narrow } = await worldOfOne({ maxInFlight: 2 });
  await world.subscribe({ maxInFlight: 10 });
  world.network.react = () => 'hang';
  await world.publishMany(30);
  const inFlight = (number: number) =>
    world.network.inFlight.filter(({ job }) => job.subscription.number === number).length;
  assert.deepEqual([inFlight(narrow.number), inFlight(2)], [2, 10]);
});

test('resuming releases what was held in the order in which it came', async () => {
  const { world, subscription } = await worldOfOne({ maxInFlight: 1 });
  await world.pause(subscription);
  await world.publishMany(2_500);
  world.network.react = () => ({ status: 200, delayMs: 1 });
  await world.answer(world.resume(subscription));
  await world.advance(10_000);
  assert.deepEqual(
    world.network.attempts.map(({ job }) => job.sequence),
    Array.from({ length: 2_500 }, (_, index) => index + 1),
  );
});

test('one whose target has yet to pass its challenge holds like a paused one', async () => {
  const { world, subscription } = await worldOfOne();
  await world.engine.registry.change(subscription.number, { status: 'pending_challenge' });
  await world.publishMany(2);
  await world.crash();
  await world.advance(1_000);
  assert.equal(world.network.attempts.length, 0);
  const { status, reason } = await world.view(1);
  assert.deepEqual([status, reason], ['held', 'the subscription is pending_challenge']);
  await world.answer(world.resume(subscription));
  await world.advance(100);
  assert.equal((await world.view(2)).status, 'delivered');
});
