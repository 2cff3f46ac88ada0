import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LANE_QUEUE_DELIVERIES } from '../domain/limits.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';

const SHARERS = 250;

test('a long queue reads its bytes again from the store, and they are the same', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 16 });
  world.network.react = () => ({ status: 200, delayMs: 1 });
  await world.publishMany(700);
  assert.ok(!world.calls.includes('read'));
  await world.advance(500);
  assert.ok(world.calls.includes('read'));
  const seen = world.network.attempts.map(({ job }) => job);
  assert.deepEqual(
    seen.map(({ sequence }) => sequence),
    Array.from({ length: 700 }, (_, index) => index + 1),
  );
  for (const { sequence, body } of seen) {
    assert.deepEqual(body, world.data.journal.event(sequence)?.body);
  }
});

test('what a full lane has no room for waits in the store while the lane is full', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  // All to one URL, so that they share a lane, and each event fills it by that many.
  for (let number = 1; number <= SHARERS; number += 1) await world.subscribe({ maxInFlight: 1 });
  world.network.react = () => 'hang';
  const filling = MAX_LANE_QUEUE_DELIVERIES / SHARERS;
  await world.publishMany(filling);
  const first = world.clock.now();
  await world.publish();
  assert.equal(world.dispatcher.lane(1)?.queued, MAX_LANE_QUEUE_DELIVERIES);
  const parked = await world.view(filling + 1, SHARERS);
  assert.deepEqual([parked.status, parked.attempts], ['pending', 0]);
  assert.equal(parked.nextAttemptAt, first + 60_000);
  assert.equal(parked.reason, 'too many deliveries already wait in memory for this target');
  await world.advance(60_100);
  const again = await world.view(filling + 1, SHARERS);
  assert.equal(again.status, 'pending');
  assert.ok((again.nextAttemptAt ?? 0) >= first + 120_000);
});
