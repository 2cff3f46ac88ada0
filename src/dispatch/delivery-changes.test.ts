import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryStateError } from './delivery-control.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';

/** A world with one delivery, whose first try got this status. */
async function worldAfter(status: number, retryScheduleSeconds: readonly number[] = [60]) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({ retryScheduleSeconds });
  world.network.react = ({ attemptNumber }) => ({ status: attemptNumber === 1 ? status : 200 });
  await world.publish();
  return { world, subscription };
}

async function resend(world: SimulatedWorld, sequence = 1): Promise<void> {
  await world.answer(world.dispatcher.resend(await world.view(sequence)));
  await world.advance(20);
}

async function cancel(world: SimulatedWorld, sequence = 1): Promise<void> {
  await world.answer(world.dispatcher.cancel(await world.view(sequence)));
}

for (const [name, status, schedule] of [
  ['delivered', 200, []],
  ['exhausted', 500, []],
  ['waiting', 500, [60]],
] as const) {
  test(`resending one that is ${name} makes one more try at once`, async () => {
    const { world } = await worldAfter(status, schedule);
    assert.equal((await world.view(1)).status, name);
    await resend(world);
    await world.advance(120_000);
    assert.equal((await world.view(1)).status, 'delivered');
    const tries = world.records(1).map(({ number, trigger }) => [number, trigger]);
    assert.deepEqual(tries, [
      [1, 'initial'],
      [2, 'resend'],
    ]);
    const [first, second] = world.network.attempts;
    assert.equal(second?.job.eventId, first?.job.eventId);
    assert.deepEqual(second?.job.body, first?.job.body);
  });
}

test('resending one that was cancelled sends it after all', async () => {
  const { world } = await worldAfter(500);
  await cancel(world);
  await resend(world);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('one that is held stays with its paused subscription, and goes on with it', async () => {
  const { world, subscription } = await worldAfter(200);
  await world.pause(subscription);
  await world.publish();
  await resend(world, 2);
  assert.equal((await world.view(2)).status, 'held');
  await world.answer(world.resume(subscription));
  await world.advance(20);
  assert.equal((await world.view(2)).status, 'delivered');
});

test('one that is pending or in flight is not resent: it is on its way', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 1 });
  world.network.react = () => ({ status: 200, delayMs: 50 });
  await world.publishMany(2);
  for (const sequence of [1, 2]) {
    await assert.rejects(resend(world, sequence), DeliveryStateError);
  }
  await world.advance(200);
  assert.equal(world.network.attempts.length, 2);
  assert.equal((await world.view(2)).status, 'delivered');
});

test('people who resend at the same time get a try each, one after the other', async () => {
  const { world } = await worldAfter(500, []);
  world.network.react = () => ({ status: 500, delayMs: 2_000 });
  const view = await world.view(1);
  const wishes = Promise.all([1, 2, 3].map(() => world.dispatcher.resend(view)));
  await world.advance(10_000);
  const resent = await wishes;
  assert.deepEqual(
    resent.map(({ attempts }) => attempts),
    [1, 2, 3],
  );
  const tries = world.records(1).map(({ number, trigger }) => [number, trigger]);
  assert.deepEqual(tries, [
    [1, 'initial'],
    [2, 'resend'],
    [3, 'resend'],
    [4, 'resend'],
  ]);
  const starts = world.network.attempts.map(({ startedAt }) => startedAt);
  assert.ok(starts.every((at, index) => index < 2 || at - (starts[index - 1] ?? 0) >= 2_000));
});

test('a wish behind one that takes too long is refused, and makes no try later', async () => {
  const { world } = await worldAfter(500, []);
  world.network.react = () => 'hang';
  const view = await world.view(1);
  const wishes = Promise.allSettled([world.dispatcher.resend(view), world.dispatcher.resend(view)]);
  await world.advance(10_001);
  const [first, second] = await wishes;
  assert.equal(first.status, 'fulfilled');
  assert.ok(second.status === 'rejected' && second.reason instanceof DeliveryStateError);
  assert.equal(second.reason.status, 'sending');
  await world.advance(60_000);
  assert.equal(world.network.attempts.length, 2);
});

test('a wish behind one that is called off or held gets its turn', async () => {
  const { world, subscription } = await worldAfter(500, []);
  const view = await world.view(1);
  await world.answer(world.dispatcher.resend(view));
  const second = world.dispatcher.resend(view);
  await cancel(world);
  await world.answer(second);
  await world.answer(world.pause(subscription));
  await world.advance(20);
  const third = world.dispatcher.resend(view);
  await world.answer(third);
  await world.answer(world.resume(subscription));
  await world.advance(20);
  assert.deepEqual(
    world.records(1).map(({ trigger }) => trigger),
    ['initial', 'resend'],
  );
  assert.equal((await world.view(1)).status, 'delivered');
});

test('a retry that waits in its lane is replaced by its resend', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ maxInFlight: 1, retryScheduleSeconds: [1], timeoutMs: 5_000 });
  world.network.react = ({ sequence, attemptNumber }) =>
    sequence === 2 ? 'hang' : { status: attemptNumber === 1 ? 500 : 200 };
  await world.publish();
  await world.publish();
  await world.advance(1_500);
  await resend(world, 1);
  await world.advance(30_000);
  const tries = world.records(1).map(({ number, trigger }) => [number, trigger]);
  assert.deepEqual(tries, [
    [1, 'initial'],
    [2, 'resend'],
  ]);
});

test('what was seen before another try ended is not what decides', async () => {
  const { world } = await worldAfter(500, [1]);
  const seenBefore = await world.view(1);
  await world.advance(2_000);
  assert.equal((await world.view(1)).status, 'delivered');
  await assert.rejects(world.answer(world.dispatcher.cancel(seenBefore)), {
    message: "a delivery that is delivered can't be cancelled",
  });
  await world.answer(world.dispatcher.resend(seenBefore));
  await world.advance(20);
  assert.deepEqual(
    world.records(1).map(({ number }) => number),
    [1, 2, 3],
  );
});

test('a delivery that is cancelled in its queue is never attempted', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 1 });
  world.network.react = () => ({ status: 200, delayMs: 50 });
  await world.publishMany(2);
  await cancel(world, 2);
  await world.advance(1_000);
  const { status, reason } = await world.view(2);
  assert.deepEqual([status, reason], ['cancelled', 'cancelled on request']);
  assert.equal(world.network.attempts.length, 1);
});

test('a delivery that is cancelled while it waits is not tried again', async () => {
  const { world } = await worldAfter(500);
  await cancel(world);
  await world.advance(120_000);
  assert.equal((await world.view(1)).status, 'cancelled');
  assert.equal(world.network.attempts.length, 1);
});

test('a delivery that is cancelled in flight stays so, and the answer is recorded', async () => {
  for (const status of [200, 500]) {
    const world = await SimulatedWorld.create();
    await world.subscribe();
    world.network.react = () => ({ status, delayMs: 50 });
    await world.publish();
    assert.ok(world.dispatcher.isSending(1, 1));
    await cancel(world);
    assert.equal((await world.view(1)).status, 'cancelled');
    await world.advance(20_000);
    const view = await world.view(1);
    assert.deepEqual([view.status, view.attempts], ['cancelled', 1]);
    assert.equal(world.records(1)[0]?.responseStatus, status);
    assert.equal(world.network.attempts.length, 1);
  }
});

test('cancelling one in flight twice, or one that has ended, is refused', async () => {
  const { world } = await worldAfter(200);
  await assert.rejects(cancel(world, 1), { status: 'delivered' });
  world.network.react = () => ({ status: 200, delayMs: 50 });
  await world.publish();
  const view = await world.view(2);
  await world.answer(world.dispatcher.cancel(view));
  await assert.rejects(world.answer(world.dispatcher.cancel(view)), { status: 'cancelled' });
});

test('a change that the disk refuses is told to its caller and made later', async () => {
  const { world } = await worldAfter(500, [60]);
  world.fates = (operation) => (operation === 'commit' ? { fault: 'before' } : {});
  await assert.rejects(cancel(world), { failure: 'busy' });
  world.fates = () => ({});
  await world.advance(2_500);
  assert.equal((await world.view(1)).status, 'cancelled');
});

test('a change that fails before it is decided leaves the delivery on its way', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 1 });
  world.network.react = () => ({ status: 200, delayMs: 50 });
  await world.publishMany(2);
  world.fates = (operation) => (operation === 'read' ? { fault: 'before' } : {});
  await assert.rejects(cancel(world, 2), { failure: 'busy' });
  await world.advance(200);
  assert.equal((await world.view(2)).status, 'delivered');
});
