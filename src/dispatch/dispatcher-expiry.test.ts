import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPIRED } from '../domain/subscription-expiry.ts';
import { SimulatedWorld, webhookSettings } from '../testing/simulated-world.ts';

const LIFE_MS = 60_000;

/** A subscription that lives for a minute from the beginning of the world. */
async function mortalWorld(overrides: Parameters<typeof webhookSettings>[0] = {}) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const expiresAt = world.clock.now() + LIFE_MS;
  const subscription = await world.subscribe({ expiresAt, ...overrides });
  const now = () => {
    const current = world.engine.registry.byNumber(subscription.number);
    return [current?.status, current?.disabledReason];
  };
  /** As PATCH does it. */
  const live = async (until: number | null) => {
    await world.engine.registry.change(subscription.number, (current) => ({
      settings: { ...current, expiresAt: until },
      ...(current.disabledReason === EXPIRED ? { status: 'active', disabledReason: null } : {}),
    }));
    await world.dispatcher.release(subscription.number);
  };
  return { world, subscription, expiresAt, now, live };
}

async function matched(world: SimulatedWorld): Promise<number> {
  const result = await world.publish();
  assert.ok(result.kind === 'accepted');
  return result.deliveries;
}

test('up to its last millisecond it gets events, from its end on it matches nothing', async () => {
  const { world, now } = await mortalWorld();
  await world.advance(LIFE_MS - 1);
  assert.equal(await matched(world), 1);
  assert.deepEqual(now(), ['active', null]);
  await world.advance(1);
  assert.equal(await matched(world), 0);
  assert.deepEqual(now(), ['disabled', EXPIRED]);
  assert.deepEqual(
    world.engine.disabled.map(({ reason }) => reason),
    [EXPIRED],
  );
});

test('its end holds what is queued, waits, is scheduled, or fails in flight', async () => {
  const { world } = await mortalWorld({ maxInFlight: 1, retryScheduleSeconds: [300] });
  world.network.react = ({ sequence }) =>
    sequence === 1 ? { status: 500 } : { status: 500, delayMs: 10_000 };
  await world.publish();
  await world.publish({ deliverAt: world.clock.now() + LIFE_MS + 5_000 });
  await world.advance(LIFE_MS - 5_000);
  await world.publishMany(2);
  await world.advance(400_000);
  assert.equal(world.network.attempts.length, 2);
  for (const sequence of [1, 2, 3, 4]) {
    assert.equal((await world.view(sequence)).status, 'held', `${sequence}`);
  }
});

test('a success that comes after its end still counts', async () => {
  const { world } = await mortalWorld();
  world.network.react = () => ({ status: 200, delayMs: 10_000 });
  await world.advance(LIFE_MS - 5_000);
  await world.publish();
  await world.advance(20_000);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('one that ended while no process ran is over at the start', async () => {
  const { world, now } = await mortalWorld({ retryScheduleSeconds: [10] });
  world.network.react = () => 'hang';
  await world.publishMany(2);
  world.engine.kill();
  await world.advance(LIFE_MS);
  world.network.react = () => ({ status: 200 });
  await world.crash();
  assert.equal(await matched(world), 0);
  await world.advance(60_000);
  assert.deepEqual(now(), ['disabled', EXPIRED]);
  assert.equal(world.network.attempts.length, 2);
  for (const sequence of [1, 2]) assert.equal((await world.view(sequence)).status, 'held');
});

test('a later end before the end keeps it alive, an earlier one ends it', async () => {
  const { world, expiresAt, now, live } = await mortalWorld();
  await world.advance(LIFE_MS - 10);
  await world.answer(live(expiresAt + LIFE_MS));
  await world.advance(LIFE_MS);
  assert.deepEqual(now(), ['active', null]);
  await world.answer(live(world.clock.now() + 5));
  await world.advance(5);
  assert.deepEqual(now(), ['disabled', EXPIRED]);
});

test('one that is revived matches again, and what it held comes first, in order', async () => {
  const { world, now, live } = await mortalWorld({ ordered: true, maxInFlight: 1 });
  world.network.react = () => ({ status: 500, delayMs: 1_000 });
  await world.advance(LIFE_MS - 500);
  await world.publishMany(3);
  await world.advance(10_000);
  world.network.react = () => ({ status: 200, delayMs: 100 });
  const revived = live(null);
  await world.answer(revived);
  assert.deepEqual(now(), ['active', null]);
  assert.equal(await matched(world), 1);
  await world.advance(2_000);
  assert.deepEqual(
    world.network.attempts.map(({ job }) => job.sequence),
    [1, 1, 2, 3, 4],
  );
});

test('while the store does not take its end, nothing is matched or sent all the same', async () => {
  const { world, now } = await mortalWorld({ retryScheduleSeconds: [LIFE_MS / 1_000] });
  world.network.react = () => ({ status: 500 });
  await world.publish();
  world.controlFate = () => ({ fault: 'before' });
  await world.advance(LIFE_MS + 20_000);
  assert.deepEqual(now(), ['active', null]);
  assert.equal(await matched(world), 0);
  assert.equal(world.network.attempts.length, 1);
  assert.equal((await world.view(1)).status, 'held');
  world.controlFate = () => ({});
  await world.advance(1_100);
  assert.deepEqual(now(), ['disabled', EXPIRED]);
});

test('a paused one stays paused, and matches nothing new', async () => {
  const { world, subscription, now } = await mortalWorld();
  await world.pause(subscription);
  assert.equal(await matched(world), 1);
  await world.advance(LIFE_MS);
  assert.deepEqual(now(), ['paused', null]);
  assert.equal(await matched(world), 0);
  assert.equal(world.engine.disabled.length, 0);
});

test('others of the tenant are matched as before', async () => {
  const { world } = await mortalWorld();
  const other = await world.subscribe({ url: 'https://other.test/' });
  await world.advance(LIFE_MS);
  assert.equal(await matched(world), 1);
  assert.equal((await world.view(1, other.number)).status, 'delivered');
});

test('a thousand ends need one timer', async () => {
  const world = await SimulatedWorld.create();
  const before = world.clock.pendingTimers;
  for (let number = 1; number <= 1_000; number += 1) {
    await world.subscribe({ expiresAt: world.clock.now() + 1_000 + ((number * 7) % 1_000) });
  }
  assert.equal(world.clock.pendingTimers, before + 1);
  await world.advance(1_500);
  const alive = Array.from({ length: 1_000 }, (_, index) =>
    world.engine.registry.byNumber(index + 1),
  ).filter((subscription) => subscription?.status === 'active');
  assert.equal(alive.length, 499);
  await world.advance(1_000);
  assert.equal(world.engine.disabled.length, 1_000);
});
