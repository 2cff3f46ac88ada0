/** What publishers and receivers may wish: no other try of an event, or no more events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld } from '../testing/simulated-world.ts';

async function answeringWorld(status: number, wish?: string) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({ retryScheduleSeconds: [10, 10], maxInFlight: 1 });
  world.network.react = () => ({ status, ...(wish === undefined ? {} : { wish }) });
  const statusNow = () => world.engine.registry.byNumber(subscription.number)?.status;
  return { world, subscription, statusNow };
}

test('an event that is not to be retried has one try, and says why it is over', async () => {
  const { world } = await answeringWorld(500);
  await world.publish({ retry: false });
  await world.advance(60_000);
  const { status, attempts, reason, nextAttemptAt } = await world.view(1);
  assert.deepEqual([status, attempts, nextAttemptAt], ['exhausted', 1, null]);
  assert.equal(
    reason,
    'the receiver answered 500 Internal Server Error; the event was published with "retry": false',
  );
  assert.equal(world.records(1)[0]?.nextAttemptAt, null);
});

test('it keeps its one try through a crash, and a resend gives it one more', async () => {
  const { world } = await answeringWorld(500);
  world.network.react = () => 'hang';
  await world.publish({ retry: false });
  await world.crash();
  world.network.react = () => ({ status: 500 });
  await world.advance(60_000);
  assert.deepEqual(
    world.records(1).map(({ number }) => number),
    [1],
  );
  await world.answer(world.dispatcher.resend(await world.view(1)));
  await world.advance(60_000);
  assert.deepEqual([(await world.view(1)).status, world.records(1).length], ['exhausted', 2]);
});

test('its try that ends during a pause, or is answered 410, is not made again', async () => {
  const { world, subscription } = await answeringWorld(500);
  world.network.react = ({ sequence }) => ({ status: sequence === 1 ? 500 : 410, delayMs: 50 });
  await world.publish({ retry: false });
  await world.answer(world.pause(subscription));
  await world.advance(100);
  await world.answer(world.resume(subscription));
  await world.publish({ retry: false });
  await world.advance(100);
  for (const sequence of [1, 2]) {
    assert.equal((await world.view(sequence)).status, 'exhausted', `${sequence}`);
  }
});

test('one that was held before its try still has it', async () => {
  const { world, subscription } = await answeringWorld(200);
  await world.answer(world.pause(subscription));
  await world.publish({ retry: false });
  await world.answer(world.resume(subscription));
  await world.advance(20);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('a receiver that aborts ends this delivery and nothing else', async () => {
  const { world, statusNow } = await answeringWorld(422, 'abort');
  await world.publishMany(2);
  await world.advance(60_000);
  for (const sequence of [1, 2]) {
    const { status, attempts, reason } = await world.view(sequence);
    assert.deepEqual([status, attempts], ['exhausted', 1]);
    assert.equal(
      reason,
      'the receiver answered 422 Unprocessable Content with "webhook-delivery: abort"',
    );
    assert.equal(world.records(sequence)[0]?.failureReason, 'aborted');
  }
  assert.equal(statusNow(), 'active');
});

test('to abort on a success, or in an unknown word, changes nothing', async () => {
  const { world } = await answeringWorld(200, 'abort');
  await world.publish();
  assert.equal((await world.view(1)).status, 'delivered');
  world.network.react = () => ({ status: 500, wish: 'stop it' });
  await world.publish();
  assert.equal((await world.view(2)).status, 'waiting');
});

test('a receiver that only aborts is not given up for failing', async () => {
  const { world, subscription, statusNow } = await answeringWorld(422, 'abort');
  for (let day = 0; day < 8; day += 1) {
    await world.publish();
    await world.advance(86_400_000);
  }
  assert.equal(statusNow(), 'active');
  assert.equal(world.dispatcher.failingSince(subscription), null);
});

test('a receiver that fails and disables gets no more; what was on its way is held', async () => {
  const { world, statusNow } = await answeringWorld(500, 'disable');
  world.network.react = () => ({ status: 500, wish: 'disable', delayMs: 5 });
  await world.publishMany(3);
  await world.advance(60_000);
  assert.equal(statusNow(), 'disabled');
  assert.equal(world.network.attempts.length, 1);
  const why = 'the receiver answered 500 Internal Server Error with "webhook-delivery: disable"';
  assert.deepEqual(
    world.engine.disabled.map(({ reason }) => reason),
    [why],
  );
  assert.equal((await world.view(1)).reason, `${why}, which disabled the subscription`);
  for (const sequence of [1, 2, 3]) assert.equal((await world.view(sequence)).status, 'held');
});

test('a receiver that takes an event and disables has it, and gets no more', async () => {
  const { world, subscription, statusNow } = await answeringWorld(200);
  world.network.react = () => ({ status: 200, wish: 'disable', delayMs: 5 });
  await world.publishMany(2);
  await world.advance(1_000);
  assert.equal(statusNow(), 'disabled');
  assert.deepEqual(
    [(await world.view(1)).status, (await world.view(2)).status],
    ['delivered', 'held'],
  );
  world.network.react = () => ({ status: 200 });
  await world.answer(world.resume(subscription));
  await world.advance(20);
  assert.equal((await world.view(2)).status, 'delivered');
});

test('while the store does not take that it is disabled, nothing more is sent anyway', async () => {
  const { world, statusNow } = await answeringWorld(200);
  world.network.react = () => ({ status: 410, delayMs: 5 });
  world.controlFate = () => ({ fault: 'before' });
  await world.publishMany(3);
  await world.advance(5_000);
  await world.publish();
  await world.advance(5_000);
  assert.deepEqual([statusNow(), world.network.attempts.length], ['active', 1]);
  assert.equal(world.engine.disabled.length, 0);
  world.controlFate = () => ({});
  await world.advance(1_100);
  assert.equal(statusNow(), 'disabled');
  assert.equal(world.engine.disabled.length, 1);
  for (const sequence of [1, 2, 3, 4]) assert.equal((await world.view(sequence)).status, 'held');
});

test('a person who changes it meanwhile has the last word', async () => {
  const { world, subscription, statusNow } = await answeringWorld(200);
  world.network.react = () => ({ status: 410, delayMs: 5 });
  world.controlFate = () => ({ fault: 'before' });
  await world.publishMany(2);
  await world.advance(500);
  world.controlFate = () => ({});
  world.network.react = () => ({ status: 200 });
  await world.answer(world.resume(subscription));
  await world.advance(5_000);
  assert.equal(statusNow(), 'active');
  for (const sequence of [1, 2]) assert.equal((await world.view(sequence)).status, 'delivered');
});
