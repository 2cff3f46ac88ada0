import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from '../domain/destination.ts';
import { SimulatedWorld, webhookSettings } from '../testing/simulated-world.ts';

test('410 disables the subscription, holds the delivery and says so', async () => {
  const world = await SimulatedWorld.create();
  const { number } = await world.subscribe();
  world.network.react = () => ({ status: 410 });
  await world.publish();
  const disabled = world.engine.registry.byNumber(number);
  assert.equal(disabled?.status, 'disabled');
  assert.equal(disabled?.disabledReason, 'the receiver answered 410 Gone');
  assert.deepEqual(world.engine.disabled, [
    { subscription: disabled, reason: 'the receiver answered 410 Gone' },
  ]);
  const { status, reason } = await world.view(1);
  assert.equal(status, 'held');
  assert.equal(reason, 'the receiver answered 410 Gone, which disabled the subscription');
});

test('several 410 at once disable and tell once, and hold what else was on its way', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 3 });
  world.network.react = () => ({ status: 410, delayMs: 5 });
  await world.publishMany(10);
  await world.advance(5);
  assert.equal(world.engine.disabled.length, 1);
  assert.equal(world.telemetry.filter(({ event }) => event === 'subscription.disabled').length, 1);
  assert.equal(world.network.attempts.length, 3);
  for (let sequence = 1; sequence <= 10; sequence += 1) {
    assert.equal((await world.view(sequence)).status, 'held');
  }
});

test('a pause holds what is queued, not what is in flight, and resume sends the rest', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe({ maxInFlight: 2 });
  world.network.react = () => ({ status: 200, delayMs: 50 });
  await world.publishMany(5);
  await world.answer(world.pause(subscription));
  await world.advance(1_000);
  const states = async () =>
    Promise.all([1, 2, 3, 4, 5].map(async (sequence) => (await world.view(sequence)).status));
  assert.deepEqual(await states(), ['delivered', 'delivered', 'held', 'held', 'held']);
  assert.equal((await world.view(3)).reason, 'the subscription is paused');
  await world.answer(world.resume(subscription));
  await world.advance(1_000);
  assert.deepEqual(await states(), Array(5).fill('delivered'));
  assert.equal(world.network.attempts.length, 5);
});

test('what is published during a pause is held and sent on resume', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe();
  await world.pause(subscription);
  await world.publish();
  assert.equal((await world.view(1)).status, 'held');
  await world.answer(world.resume(subscription));
  await world.advance(20);
  assert.equal((await world.view(1)).status, 'delivered');
  assert.equal(world.records(1)[0]?.trigger, 'initial');
});

test('a failure that ends during a pause is held, a success counts', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe();
  world.network.react = ({ sequence }) => ({ status: sequence === 1 ? 500 : 200, delayMs: 50 });
  await world.publishMany(2);
  await world.answer(world.pause(subscription));
  await world.advance(50);
  assert.equal((await world.view(1)).status, 'held');
  assert.match(String((await world.view(1)).reason), /500.*; the subscription was paused/);
  assert.equal((await world.view(2)).status, 'delivered');
});

test('a resume that follows the pause at once leaves nothing held', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe({ maxInFlight: 1 });
  world.fates = (operation) => (operation === 'commit' ? { beforeMs: 5, afterMs: 5 } : {});
  const published = world.publishMany(4);
  await world.advance(10);
  await published;
  const paused = world.pause(subscription);
  const resumed = world.resume(subscription);
  await world.advance(500);
  await Promise.all([paused, resumed]);
  for (const sequence of [1, 2, 3, 4]) {
    assert.equal((await world.view(sequence)).status, 'delivered');
  }
});

test('a release that the store refuses is made again until it does not', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe();
  await world.pause(subscription);
  await world.publish();
  world.fates = (operation) => (operation === 'release' ? { fault: 'before' } : {});
  await assert.rejects(world.answer(world.resume(subscription)), { failure: 'busy' });
  await world.advance(3_000);
  assert.equal((await world.view(1)).status, 'held');
  world.fates = () => ({});
  await world.advance(1_500);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('what a crash left held for an active subscription is released after the start', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe();
  await world.pause(subscription);
  await world.publish();
  const change = { status: 'active', disabledReason: null } as const;
  await world.engine.registry.change(subscription.number, change);
  await world.crash();
  await world.advance(100);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('deleting cancels what is queued, waiting, held and in flight', async () => {
  const world = await SimulatedWorld.create();
  const first = await world.subscribe({ url: 'https://a.test/', maxInFlight: 1 });
  const second = await world.subscribe({ url: 'https://b.test/' });
  world.network.react = () => ({ status: 500, delayMs: 50 });
  await world.publishMany(2);
  await world.advance(50);
  await world.pause(second);
  await world.publish();
  await world.answer(world.engine.registry.delete(first.number));
  await world.answer(world.engine.registry.delete(second.number));
  await world.advance(10_000);
  for (const sequence of [1, 2, 3]) {
    for (const number of [first.number, second.number]) {
      const { status, reason } = await world.view(sequence, number);
      assert.equal(status, 'cancelled', `${sequence}/${number}`);
      assert.match(String(reason), /the subscription was deleted/);
    }
  }
});

test('a new target gets what is queued and what waits, the old one nothing more', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe({ url: 'https://old.test/', maxInFlight: 1 });
  world.network.react = ({ subscription: { destination } }) =>
    targetOf(destination) === 'https://old.test/' ? { status: 500, delayMs: 10 } : { status: 200 };
  await world.publishMany(3);
  const settings = { ...subscription, ...webhookSettings({ url: 'https://new.test/' }) };
  await world.answer(world.engine.registry.change(subscription.number, { settings }));
  await world.advance(20_000);
  const urls = world.network.attempts.map(({ job }) => targetOf(job.subscription.destination));
  assert.deepEqual(urls, [
    'https://old.test/',
    'https://new.test/',
    'https://new.test/',
    'https://new.test/',
  ]);
});
