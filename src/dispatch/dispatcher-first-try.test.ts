import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld } from '../testing/simulated-world.ts';

test('a fresh delivery starts when its commit is durable, without reading the store', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  await world.advance(100);
  world.calls.length = 0;
  world.fates = (operation) => (operation === 'commit' ? { afterMs: 20 } : {});
  const published = world.engine.publish({ tenant: 1, eventType: 'a', dataText: '{}' });
  await world.advance(19);
  assert.equal(world.network.attempts.length, 0);
  await world.advance(1);
  assert.equal((await published).kind, 'accepted');
  assert.equal(world.network.attempts.length, 1);
  assert.deepEqual([...new Set(world.calls)], ['commit']);
});

test('a success at the first try writes one attempt and no delivery row', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  await world.publish();
  assert.equal(world.row(1), undefined);
  const [attempt, ...others] = world.records(1);
  assert.deepEqual(others, []);
  assert.equal(attempt?.number, 1);
  assert.equal(attempt?.trigger, 'initial');
  assert.equal(attempt?.outcome, 'succeeded');
  assert.equal(attempt?.responseStatus, 200);
  assert.equal((await world.view(1)).status, 'delivered');
});

test('every matching subscription gets the same bytes under the same id', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ url: 'https://a.test/' });
  await world.subscribe({ url: 'https://b.test/' });
  await world.subscribe({ eventTypes: ['order.*'] });
  const result = await world.publish({ dataText: '{"n" : 1}' });
  const jobs = world.network.attempts.map(({ job }) => job);
  assert.equal(jobs.length, 2);
  assert.equal(new Set(jobs.map(({ eventId }) => eventId)).size, 1);
  assert.equal(result.kind === 'accepted' && result.id, jobs[0]?.eventId);
  for (const { body } of jobs) assert.deepEqual(body, world.data.journal.event(1)?.body);
});

test("a publisher's own id is what the receiver sees", async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  await world.publish({ id: 'order-7' });
  assert.equal(world.network.attempts[0]?.job.eventId, 'order-7');
});

test('an event that nothing matches is stored and attempted by nobody', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ eventTypes: ['order.*'] });
  const result = await world.publish({ eventType: 'task.completed' });
  assert.equal(result.kind === 'accepted' && result.deliveries, 0);
  assert.equal(world.network.attempts.length, 0);
  assert.deepEqual(world.data.journal.event(1)?.matched, []);
});

test('each attempt is told as one wide event with all that is known', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  world.network.react = () => ({ status: 200, delayMs: 30 });
  await world.publish();
  await world.advance(30);
  const [told] = world.telemetry;
  assert.ok(told?.event === 'attempt.ended');
  assert.equal(told.status, 'delivered');
  assert.equal(told.ageMs, 30);
  assert.equal(told.attempt.durationMs, 30);
  assert.equal(told.eventType, 'task.completed');
});

test('a destination that throws fails its own delivery and stops nobody else', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ url: 'https://odd.test/' });
  await world.subscribe({ url: 'https://fine.test/' });
  world.network.react = ({ subscription }) => {
    if (subscription.number === 1) throw new TypeError('this secret is no key');
    return { status: 200 };
  };
  await world.publish();
  assert.equal((await world.view(1, 1)).status, 'waiting');
  assert.equal(world.records(1, 1)[0]?.failureReason, 'connect');
  assert.equal((await world.view(1, 2)).status, 'delivered');
  assert.match(String(world.engine.errors), /this secret is no key/);
});

test('an event for later waits in the store until its time', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  await world.publish({ deliverAt: world.clock.now() + 60_000 });
  assert.equal((await world.view(1)).status, 'waiting');
  await world.advance(59_999);
  assert.equal(world.network.attempts.length, 0);
  await world.advance(10);
  assert.equal(world.network.attempts.length, 1);
  assert.equal(world.records(1)[0]?.trigger, 'initial');
  assert.equal((await world.view(1)).status, 'delivered');
});
