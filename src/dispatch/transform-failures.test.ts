import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld } from '../testing/simulated-world.ts';

const URL = 'https://receiver.test/hook';
const FAILED = { transformFailed: 'the transform failed: the result is nothing', delayMs: 1 };

test('a transform that fails is retried on the schedule, and repaired by a resend', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ url: URL, retryScheduleSeconds: [5], transform: 'data.gone' });
  world.network.react = () => FAILED;
  await world.publish();
  await world.advance(10_000);
  assert.deepEqual(
    world
      .records(1)
      .map(({ outcome, failureReason, detail, responseStatus }) => [
        outcome,
        failureReason,
        detail,
        responseStatus,
      ]),
    Array.from({ length: 2 }, () => ['failed', 'transform_failed', FAILED.transformFailed, null]),
  );
  const exhausted = await world.view(1);
  assert.equal(exhausted.status, 'exhausted');
  assert.match(exhausted.reason ?? '', /^the transform failed: the result is nothing; no try/);
  world.network.react = () => ({ status: 200 });
  await world.answer(world.dispatcher.resend(exhausted));
  await world.advance(1_000);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('a transform that fails says nothing about its target: the breaker stays closed', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ url: URL, retryScheduleSeconds: [] });
  world.network.react = () => FAILED;
  await world.publishMany(40);
  await world.advance(1_000);
  assert.equal(world.network.attempts.length, 40);
  assert.equal(world.dispatcher.lane(number)?.breaker, 'closed');
});

test('a probe whose transform fails probes nothing, and the next one does', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ url: URL, maxInFlight: 1, retryScheduleSeconds: [] });
  world.network.react = () => ({ status: 500, delayMs: 1 });
  await world.publishMany(13);
  await world.advance(29_000);
  assert.equal(world.dispatcher.lane(number)?.breaker, 'open');
  assert.equal(world.network.attempts.length, 10);
  // The probe after the cool-down.
  world.network.react = (job) => (job.sequence === 11 ? FAILED : { status: 200, delayMs: 1 });
  await world.advance(2_000);
  assert.equal((await world.view(11)).status, 'exhausted');
  assert.equal((await world.view(12)).status, 'delivered');
  assert.equal((await world.view(13)).status, 'delivered');
  assert.equal(world.dispatcher.lane(number)?.breaker, 'closed');
});
