import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld } from '../testing/simulated-world.ts';

const HOUR_SECONDS = 3_600;

/** One that fails holds up so many others of its key. */
async function blockedWorld(others: number) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({
    ordered: true,
    retryScheduleSeconds: [HOUR_SECONDS],
  });
  world.network.react = ({ sequence, attemptNumber }) => ({
    status: sequence === 1 && attemptNumber === 1 ? 500 : 200,
  });
  await world.publishMany(1 + others, { orderingKey: 'a' });
  return { world, subscription };
}

function tried(world: SimulatedWorld): number[] {
  return world.network.attempts.map(({ job }) => job.sequence);
}

/** The numbers from 1 on. */
function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test('after a minute they have rows, and the low-water mark goes on without them', async () => {
  const { world } = await blockedWorld(5);
  await world.advance(59_000);
  assert.equal(world.row(3), undefined);
  await world.advance(2_000);
  for (const sequence of [2, 3, 4, 5, 6]) {
    const { status, attempts } = await world.view(sequence);
    assert.deepEqual([status, attempts], ['pending', 0]);
    assert.notEqual(world.row(sequence), undefined);
  }
  await world.publishMany(2, { orderingKey: 'b' });
  await world.advance(2_000);
  await world.publish({ orderingKey: 'b' });
  assert.ok(world.data.journal.state.lowWaterMark >= 6);
});

test('their rows change nothing: each is tried once, in order, when its turn comes', async () => {
  const { world } = await blockedWorld(4_000);
  await world.advance(HOUR_SECONDS * 1_000 - 10);
  assert.deepEqual(tried(world), [1]);
  // One that takes no time at all would not let the simulated clock see each step.
  world.fates = (operation) => (operation === 'commit' ? { beforeMs: 2 } : {});
  await world.advance(20_000);
  assert.deepEqual(tried(world), [1, ...upTo(4_001)]);
  assert.equal((await world.view(4_001)).status, 'delivered');
  await world.advance(HOUR_SECONDS * 1_000);
  assert.equal(world.network.attempts.length, 4_002);
});

test('after a crash they wait on, from their rows', async () => {
  const { world } = await blockedWorld(5);
  await world.advance(70_000);
  await world.crash();
  await world.advance(60_000);
  assert.deepEqual(tried(world), [1]);
  await world.advance(HOUR_SECONDS * 1_000);
  assert.deepEqual(tried(world), [1, 1, 2, 3, 4, 5, 6]);
});

test('one that is cancelled is left out, one that is cancelled and resent comes once', async () => {
  const { world } = await blockedWorld(3);
  await world.advance(70_000);
  for (const sequence of [2, 3]) {
    await world.answer(world.dispatcher.cancel(await world.view(sequence)));
  }
  await world.answer(world.dispatcher.resend(await world.view(3)));
  await world.advance(HOUR_SECONDS * 1_000);
  assert.deepEqual(tried(world), [1, 1, 3, 4]);
  assert.equal((await world.view(2)).status, 'cancelled');
});

test('whatever happens while their rows are being written, each is tried once', async () => {
  for (let beforeMs = 0; beforeMs <= 40; beforeMs += 4) {
    for (const change of ['order off', 'pause', 'first cancelled'] as const) {
      const { world, subscription } = await blockedWorld(3);
      await world.advance(59_990);
      world.fates = (operation) =>
        operation === 'commit' || operation === 'due' ? { beforeMs: 12, afterMs: 12 } : {};
      await world.advance(10 + beforeMs);
      const { registry } = world.engine;
      let changed: Promise<unknown>;
      if (change === 'order off') {
        changed = registry.change(subscription.number, (current) => ({
          settings: { ...current, ordered: false },
        }));
      } else if (change === 'pause') {
        changed = world.pause(subscription).then(() => world.resume(subscription));
      } else changed = world.dispatcher.cancel(await world.view(1));
      await world.advance(500);
      await changed;
      world.fates = () => ({});
      await world.advance(2 * HOUR_SECONDS * 1_000);
      const later = tried(world).filter((sequence) => sequence > 1);
      assert.deepEqual(later, [2, 3, 4], `${change} after ${beforeMs} ms`);
    }
  }
});
