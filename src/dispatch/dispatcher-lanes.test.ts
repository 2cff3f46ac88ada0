import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from '../domain/destination.ts';
import { MAX_IN_FLIGHT_PER_NODE } from '../domain/limits.ts';
import type { AttemptJob } from '../destinations/destination.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';

const BAD = 'https://bad.test/';
const GOOD = 'https://good.test/';

function isBad({ subscription }: AttemptJob): boolean {
  return targetOf(subscription.destination) === BAD;
}

test('ten failures in a row open the breaker, and no more tries are spent', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ url: BAD, maxInFlight: 1 });
  world.network.react = () => ({ status: 500, delayMs: 1 });
  await world.publishMany(30);
  await world.advance(20_000);
  assert.equal(world.network.attempts.length, 10);
  const lane = world.dispatcher.lane(number);
  assert.equal(lane?.breaker, 'open');
  // Twenty that were never tried and ten whose retry fell due.
  assert.equal(lane.queued, 30);
  const [told] = world.telemetry.filter(({ event }) => event === 'breaker.changed');
  assert.ok(told?.event === 'breaker.changed');
  assert.deepEqual([told.phase, told.target], ['open', BAD]);
  assert.equal(told.probeAt, lane.probeAt);
});

test('one probe tries the target again: when it fails the breaker opens for longer', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ url: BAD, maxInFlight: 1, retryScheduleSeconds: [] });
  world.network.react = () => ({ status: 500, delayMs: 1 });
  await world.publishMany(30);
  await world.advance(29_000);
  assert.equal(world.network.attempts.length, 10);
  await world.advance(2_000);
  assert.equal(world.network.attempts.length, 11);
  await world.advance(58_000);
  assert.equal(world.network.attempts.length, 11);
  await world.advance(2_000);
  assert.equal(world.network.attempts.length, 12);
  assert.equal(world.dispatcher.lane(number)?.breaker, 'open');
});

test('a probe that succeeds closes the breaker and everything that waited flows', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ url: BAD, retryScheduleSeconds: [5, 5, 5] });
  world.network.react = () => ({ status: 500, delayMs: 1 });
  await world.publishMany(40);
  await world.advance(10_000);
  world.network.react = () => ({ status: 200, delayMs: 1 });
  await world.advance(31_000);
  const lane = world.dispatcher.lane(number);
  assert.deepEqual([lane?.breaker, lane?.queued, lane?.inFlight], ['closed', 0, 0]);
  for (let sequence = 1; sequence <= 40; sequence += 1) {
    assert.equal((await world.view(sequence)).status, 'delivered');
  }
});

test('a probe whose delivery is held meanwhile does not leave the breaker half open', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({ url: BAD, maxInFlight: 1 });
  world.network.react = () => ({ status: 500, delayMs: 1 });
  await world.publishMany(30);
  await world.advance(20_000);
  await world.answer(world.pause(subscription));
  await world.advance(60_000);
  world.network.react = () => ({ status: 200, delayMs: 1 });
  await world.answer(world.resume(subscription));
  await world.advance(600_000);
  assert.equal((await world.view(30)).status, 'delivered');
});

test('429 and timeouts shrink the window, success grows it again', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe({ maxInFlight: 32 });
  const window = () => world.dispatcher.lane(number)?.window;
  world.network.react = () => ({ status: 200, delayMs: 10 });
  await world.publishMany(60);
  assert.equal(window(), 16);
  await world.advance(50);
  assert.equal(window(), 32);
  world.network.react = ({ sequence }) => ({ status: sequence === 61 ? 429 : 200, delayMs: 10 });
  await world.publish();
  await world.advance(20);
  assert.equal(window(), 16);
  world.network.react = ({ sequence }) => (sequence === 62 ? 'hang' : { status: 200, delayMs: 10 });
  await world.publish();
  await world.advance(15_000);
  assert.equal(window(), 8);
});

test('a target that hangs holds no more than its window while the others flow', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ url: BAD });
  await world.subscribe({ url: GOOD });
  world.network.react = (job) => (isBad(job) ? 'hang' : { status: 200, delayMs: 5 });
  await world.publishMany(300);
  await world.advance(500);
  const bad = world.network.attempts.filter(({ job }) => isBad(job));
  assert.equal(bad.length, 16);
  assert.equal(world.network.attempts.length - bad.length, 300);
});

test('rate_limit allows one second of it at once and then that many a second', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ rateLimit: 5 });
  await world.publishMany(30);
  assert.equal(world.network.attempts.length, 5);
  await world.advance(1_000);
  assert.equal(world.network.attempts.length, 10);
  await world.advance(3_000);
  assert.equal(world.network.attempts.length, 25);
  await world.advance(1_000);
  assert.equal(world.network.attempts.length, 30);
});

test('a rate_limit that is lifted takes effect at once', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe({ rateLimit: 1 });
  await world.publishMany(10);
  assert.equal(world.network.attempts.length, 1);
  const settings = { ...subscription, rateLimit: null };
  await world.answer(world.engine.registry.change(subscription.number, { settings }));
  assert.equal(world.network.attempts.length, 10);
});

test('two subscriptions to one URL share a lane', async () => {
  const world = await SimulatedWorld.create();
  const [first, second] = [await world.subscribe(), await world.subscribe()];
  world.network.react = () => 'hang';
  await world.publishMany(20);
  assert.deepEqual(world.dispatcher.lane(first.number), world.dispatcher.lane(second.number));
  assert.equal(world.dispatcher.lane(first.number)?.inFlight, 16);
});

test('the node has no more in flight than it may, all lanes together', async () => {
  const world = await SimulatedWorld.create();
  const lanes = MAX_IN_FLIGHT_PER_NODE / 16 + 2;
  for (let lane = 0; lane < lanes; lane += 1) {
    await world.subscribe({ url: `https://${lane}.test/`, timeoutMs: 1_000 });
  }
  world.network.react = () => 'hang';
  await world.publishMany(16);
  await world.advance(10);
  assert.equal(world.network.inFlight.length, MAX_IN_FLIGHT_PER_NODE);
  await world.advance(1_000);
  assert.equal(world.network.attempts.length, lanes * 16);
});

test('an idle lane is forgotten after a while, one with an open breaker is not', async () => {
  const world = await SimulatedWorld.create();
  const good = await world.subscribe({ url: GOOD });
  const bad = await world.subscribe({ url: BAD, retryScheduleSeconds: [] });
  world.network.react = (job) => ({ status: isBad(job) ? 500 : 200 });
  await world.publishMany(10);
  await world.advance(130_000);
  assert.equal(world.dispatcher.lane(good.number), undefined);
  assert.equal(world.dispatcher.lane(bad.number)?.breaker, 'open');
});

test('a subscription that moved on is still found when its former lane is forgotten', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe({ url: GOOD });
  await world.publish();
  const settings = { ...subscription, destination: { kind: 'webhook', url: BAD } } as const;
  await world.engine.registry.change(subscription.number, { settings });
  world.network.react = () => ({ status: 200, delayMs: 200_000 });
  await world.publish();
  await world.advance(150_000);
  assert.equal(world.dispatcher.lane(subscription.number)?.inFlight, 1);
});
