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
