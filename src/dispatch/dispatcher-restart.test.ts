import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld } from '../testing/simulated-world.ts';

function tried(world: SimulatedWorld): number[] {
  return world.network.attempts.map(({ job }) => job.sequence);
}

test('after a crash exactly the deliveries that were pending are made', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 3 });
  world.network.react = ({ sequence }) => (sequence <= 2 ? { status: 200 } : 'hang');
  await world.publishMany(8);
  await world.advance(50);
  assert.deepEqual(tried(world), [1, 2, 3, 4, 5]);
  world.network.attempts.length = 0;
  world.network.react = () => ({ status: 200 });
  await world.crash();
  await world.advance(1_000);
  assert.deepEqual(tried(world), [3, 4, 5, 6, 7, 8]);
  for (let sequence = 1; sequence <= 8; sequence += 1) {
    assert.equal(world.records(sequence).length, 1);
  }
});

test('what waits for its retry goes on with its count after a crash', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ retryScheduleSeconds: [60] });
  world.network.react = ({ attemptNumber }) => ({ status: attemptNumber === 1 ? 500 : 200 });
  await world.publish();
  await world.crash();
  await world.advance(59_000);
  assert.equal(world.network.attempts.length, 1);
  await world.advance(2_000);
  assert.equal((await world.view(1)).status, 'delivered');
  assert.deepEqual(
    world.records(1).map(({ number, trigger }) => [number, trigger]),
    [
      [1, 'initial'],
      [2, 'retry'],
    ],
  );
});

test('new events do not wait for the recovery of old ones', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 1 });
  world.network.react = () => 'hang';
  await world.publishMany(5);
  await world.subscribe({ url: 'https://other.test/', eventTypes: ['new'] });
  world.fates = (operation) => (operation === 'unsettled' ? { beforeMs: 60_000 } : {});
  world.network.react = () => ({ status: 200 });
  await world.crash();
  await world.publish({ eventType: 'new' });
  assert.equal((await world.view(6, 2)).status, 'delivered');
  assert.equal((await world.view(1)).status, 'pending');
  assert.equal(world.data.journal.state.lowWaterMark, 0);
  await world.advance(61_000);
  assert.equal((await world.view(5)).status, 'delivered');
});

test('a recovery whose read fails begins it anew', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  world.network.react = () => 'hang';
  await world.publishMany(3);
  world.network.react = () => ({ status: 200 });
  world.fates = (operation) => (operation === 'unsettled' ? { fault: 'before' } : {});
  await world.crash();
  await world.advance(2_500);
  assert.equal((await world.view(1)).status, 'pending');
  assert.ok(world.engine.errors.length > 0);
  world.fates = () => ({});
  await world.advance(1_500);
  for (const sequence of [1, 2, 3]) {
    assert.equal((await world.view(sequence)).status, 'delivered');
  }
});

test('the stored low-water mark follows what is decided and spares the next start', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  world.network.react = ({ sequence }) => (sequence === 3 ? 'hang' : { status: 200 });
  await world.publishMany(5);
  await world.advance(2_000);
  await world.publish();
  await world.publish();
  assert.equal(world.data.journal.state.lowWaterMark, 2);
  await world.advance(20_000);
  await world.publish();
  await world.publish();
  assert.ok(world.data.journal.state.lowWaterMark >= 7);
});

test('stop lets attempts end, stores what came of them and starts no more', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ maxInFlight: 2 });
  world.network.react = () => ({ status: 200, delayMs: 5_000 });
  await world.publishMany(4);
  const stopped = world.dispatcher.stop();
  assert.equal(world.dispatcher.overload(), 'the server is shutting down');
  await world.advance(5_000);
  await stopped;
  assert.deepEqual(tried(world), [1, 2]);
  assert.equal((await world.view(2)).status, 'delivered');
  assert.equal((await world.view(3)).status, 'pending');
});

test('stop breaks off after 15 s what still hangs, and the next start tries it anew', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ timeoutMs: 60_000 });
  world.network.react = () => 'hang';
  await world.publish();
  const stopped = world.dispatcher.stop();
  assert.equal(world.dispatcher.stop(), stopped);
  await world.advance(14_999);
  assert.equal(world.network.inFlight.length, 1);
  await world.advance(1);
  await stopped;
  assert.equal(world.network.inFlight.length, 0);
  assert.deepEqual(world.records(1), []);
  world.network.react = () => ({ status: 200 });
  await world.crash();
  await world.advance(10);
  assert.equal((await world.view(1)).status, 'delivered');
  assert.equal(world.network.attempts[1]?.job.attemptNumber, 1);
});

test('stop ends even when the disk takes nothing more', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  world.network.react = () => ({ status: 200, delayMs: 10 });
  await world.publish();
  world.fates = () => ({ fault: 'before', failure: 'full' });
  const stopped = world.dispatcher.stop();
  await world.advance(100);
  await stopped;
  assert.match(String(world.engine.errors.at(-1)), /disk refused/);
});

test('an event whose commit only seemed to fail is delivered without a restart', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  world.fates = (operation) => (operation === 'commit' ? { fault: 'after' } : {});
  const first = await world.publish({ idempotencyKey: 'k' });
  assert.equal(first.kind, 'unavailable');
  assert.equal(world.network.attempts.length, 0);
  world.fates = () => ({});
  const second = await world.publish({ idempotencyKey: 'k' });
  assert.equal(second.kind, 'duplicate');
  await world.advance(10);
  assert.equal(world.network.attempts.length, 1);
  assert.equal((await world.view(1)).status, 'delivered');
});
