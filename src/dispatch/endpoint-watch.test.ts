import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld } from '../testing/simulated-world.ts';

const HOUR_MS = 3_600_000;

async function failingWorld() {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ retryScheduleSeconds: [] });
  world.network.react = () => ({ status: 404 });
  const stored = () => world.data.control.subscriptions.get(number)?.failingSince;
  const seen = () => {
    const current = world.engine.registry.byNumber(number);
    assert.ok(current);
    return world.dispatcher.failingSince(current);
  };
  return { world, number, stored, seen };
}

test('a short run of failures is known, but not stored', async () => {
  const { world, stored, seen } = await failingWorld();
  const since = world.clock.now();
  await world.publish();
  await world.advance(59_000);
  await world.publish();
  assert.equal(seen(), since);
  assert.equal(stored(), null);
  world.network.react = () => ({ status: 200 });
  await world.publish();
  assert.equal(seen(), null);
});

test('a run of a minute is stored with its beginning, and one success clears it', async () => {
  const { world, stored, seen } = await failingWorld();
  const since = world.clock.now();
  await world.publish();
  await world.advance(60_000);
  await world.publish();
  assert.equal(stored(), since);
  await world.crash();
  assert.equal(seen(), since);
  world.network.react = () => ({ status: 200 });
  await world.publish();
  assert.equal(stored(), null);
  assert.equal(seen(), null);
});

test('five days of nothing but failures disable a subscription and hold the rest', async () => {
  const { world, number } = await failingWorld();
  for (let day = 0; day < 5; day += 1) {
    await world.publish();
    assert.equal(world.engine.registry.byNumber(number)?.status, 'active', `day ${day}`);
    await world.advance(24 * HOUR_MS);
  }
  await world.publish();
  const disabled = world.engine.registry.byNumber(number);
  assert.equal(disabled?.status, 'disabled');
  assert.equal(disabled?.disabledReason, 'all its attempts have failed for five days');
  assert.equal(world.engine.disabled.length, 1);
  await world.publish();
  assert.equal((await world.view(7)).status, 'held');
});

test('one success within the five days begins the count anew', async () => {
  const { world, number } = await failingWorld();
  for (let day = 0; day < 8; day += 1) {
    world.network.react = () => ({ status: day === 3 ? 200 : 404 });
    await world.publish();
    await world.advance(24 * HOUR_MS);
  }
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
});

test('a subscription that was resumed is not disabled again for its past', async () => {
  const { world, number } = await failingWorld();
  for (let day = 0; day < 6; day += 1) {
    await world.publish();
    await world.advance(24 * HOUR_MS);
  }
  const disabled = world.engine.registry.byNumber(number);
  assert.equal(disabled?.status, 'disabled');
  await world.answer(world.resume(disabled));
  await world.publish();
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
});

test('failures that come now and then never disable a subscription', async () => {
  const { world, number } = await failingWorld();
  for (let day = 0; day < 12; day += 3) {
    await world.publish();
    await world.advance(3 * 24 * HOUR_MS);
  }
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
  for (let day = 0; day < 12; day += 1) {
    world.network.react = () => ({ status: day % 4 === 3 ? 200 : 404 });
    await world.publish();
    await world.advance(24 * HOUR_MS);
  }
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
});

test('a process that comes back after a week does not count the days it was away', async () => {
  const { world, number, stored } = await failingWorld();
  await world.publish();
  await world.advance(HOUR_MS);
  await world.publish();
  assert.notEqual(stored(), null);
  await world.advance(7 * 24 * HOUR_MS);
  await world.crash();
  await world.publish();
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
});

test('a run of failures goes on through restarts', async () => {
  const { world, number } = await failingWorld();
  for (let day = 0; day < 5; day += 1) {
    for (let part = 0; part < 4; part += 1) {
      await world.publish();
      await world.advance(6 * HOUR_MS);
    }
    await world.crash();
  }
  await world.publish();
  assert.equal(world.engine.registry.byNumber(number)?.status, 'disabled');
});

test('a new target begins anew', async () => {
  const { world, number, seen } = await failingWorld();
  for (let day = 0; day < 5; day += 1) {
    await world.publish();
    await world.advance(24 * HOUR_MS);
  }
  await world.engine.registry.change(number, (current) => ({
    settings: { ...current, destination: { kind: 'webhook', url: 'https://new.test/' } },
    failingSince: null,
  }));
  assert.equal(seen(), null);
  const since = world.clock.now();
  await world.publish();
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
  assert.equal(seen(), since);
});

test('a success counts although the store did not take it, and is stored later', async () => {
  const { world, stored, seen } = await failingWorld();
  await world.publish();
  await world.advance(60_000);
  await world.publish();
  const since = stored();
  assert.notEqual(since, null);
  world.controlFate = () => ({ fault: 'before' });
  world.network.react = () => ({ status: 200 });
  await world.publish();
  assert.equal(seen(), null);
  assert.equal(stored(), since);
  world.controlFate = () => ({});
  await world.publish();
  assert.equal(stored(), null);
});

test('an attempt that outlasts a pause does not count against what comes after it', async () => {
  const { world, number } = await failingWorld();
  for (let day = 0; day < 5; day += 1) {
    if (day === 4) world.network.react = () => ({ status: 404, delayMs: 1_000 });
    await world.publish();
    if (day < 4) await world.advance(24 * HOUR_MS);
  }
  const current = world.engine.registry.byNumber(number);
  assert.ok(current);
  await world.answer(world.pause(current));
  await world.advance(26 * HOUR_MS);
  await world.answer(world.resume(current));
  world.network.react = () => ({ status: 404 });
  await world.publish();
  assert.equal(world.engine.registry.byNumber(number)?.status, 'active');
});

test('a success on another node ends the run of failures on this one', async () => {
  const { world, number, seen } = await failingWorld();
  const { registry } = world.engine;
  await world.publish();
  await world.advance(60_000);
  await world.publish();
  const stored = world.data.control.subscriptions.get(number);
  assert.ok(stored?.failingSince);
  const updatedAt = stored.updatedAt + 1;
  world.data.control.subscriptions.set(number, { ...stored, failingSince: null, updatedAt });
  await registry.refresh([number]);
  assert.equal(seen(), null);
  await world.advance(5 * 24 * HOUR_MS);
  await world.publish();
  assert.equal(registry.byNumber(number)?.status, 'active');
});
