import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_RETRY_AFTER_MS } from '../domain/limits.ts';
import { nextAttempt } from '../domain/retry-policy.ts';
import { START_AT, SimulatedWorld } from '../testing/simulated-world.ts';

/** The loader gathers for a few milliseconds what falls due at about the same time. */
const GATHER_MS = 10;

test('a failure waits until the instant that the policy draws', async () => {
  for (const random of [0, 0.3, 0.99]) {
    const world = await SimulatedWorld.create({ unit: random });
    const { retryScheduleSeconds: schedule } = await world.subscribe();
    world.network.react = () => ({ status: 500 });
    await world.publish();
    const { status, nextAttemptAt, attempts, reason } = await world.view(1);
    assert.equal(status, 'waiting');
    const expected = nextAttempt({ now: START_AT, attempt: 1, schedule, random });
    assert.equal(nextAttemptAt, expected.kind === 'at' && expected.at);
    assert.equal(world.records(1)[0]?.nextAttemptAt, nextAttemptAt);
    assert.equal(attempts, 1);
    assert.equal(reason, 'the receiver answered 500 Internal Server Error');
  }
});

test('it is tried again at that instant, not before, with the same bytes and id', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ retryScheduleSeconds: [5, 300] });
  world.network.react = ({ attemptNumber }) => ({ status: attemptNumber < 3 ? 500 : 204 });
  await world.publish();
  await world.advance(4_999);
  assert.equal(world.network.attempts.length, 1);
  await world.advance(GATHER_MS);
  assert.equal(world.network.attempts.length, 2);
  await world.advance(299_000);
  assert.equal(world.network.attempts.length, 2);
  await world.advance(2_000);
  const jobs = world.network.attempts.map(({ job }) => job);
  assert.deepEqual(
    jobs.map(({ attemptNumber }) => attemptNumber),
    [1, 2, 3],
  );
  assert.equal(new Set(jobs.map(({ eventId }) => eventId)).size, 1);
  assert.equal(new Set(jobs.map(({ body }) => Buffer.from(body).toString('hex'))).size, 1);
  assert.deepEqual(
    world.records(1).map(({ trigger, outcome }) => [trigger, outcome]),
    [
      ['initial', 'failed'],
      ['retry', 'failed'],
      ['retry', 'succeeded'],
    ],
  );
  assert.equal((await world.view(1)).status, 'delivered');
});

test('Retry-After moves the next try later, never earlier', async () => {
  const asked = { later: '60', earlier: '1', date: new Date(START_AT + 90_000).toUTCString() };
  const expected = { later: 60_000, earlier: 5_000, date: 90_000 };
  for (const name of ['later', 'earlier', 'date'] as const) {
    const world = await SimulatedWorld.create({ unit: 0.5 });
    await world.subscribe();
    world.network.react = () => ({ status: 503, retryAfter: asked[name] });
    await world.publish();
    assert.equal((await world.view(1)).nextAttemptAt, START_AT + expected[name], name);
  }
});

test('a Retry-After of a year is cut to ten hours, and one of nonsense is ignored', async () => {
  for (const [retryAfter, delayMs] of [
    ['31536000', MAX_RETRY_AFTER_MS],
    ['soon', 5_000],
  ] as const) {
    const world = await SimulatedWorld.create({ unit: 0.5 });
    await world.subscribe();
    world.network.react = () => ({ status: 429, retryAfter });
    await world.publish();
    assert.equal((await world.view(1)).nextAttemptAt, START_AT + delayMs);
  }
});

test('a schedule of two steps allows three tries and then exhausts the delivery', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ retryScheduleSeconds: [1, 2] });
  world.network.react = () => ({ reset: 'request' });
  await world.publish();
  await world.advance(60_000);
  assert.equal(world.network.attempts.length, 3);
  const { status, attempts, nextAttemptAt, reason } = await world.view(1);
  assert.deepEqual([status, attempts, nextAttemptAt], ['exhausted', 3, null]);
  assert.equal(reason, 'the connection broke; no try of the retry schedule is left');
});

test('an empty schedule means one try', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ retryScheduleSeconds: [] });
  world.network.react = () => 'hang';
  await world.publish();
  await world.advance(15_000);
  assert.equal((await world.view(1)).status, 'exhausted');
  assert.equal(world.records(1)[0]?.failureReason, 'timeout');
});

test('steps of no time at all are tried at once, each one once', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ retryScheduleSeconds: [0, 0, 0] });
  world.network.react = () => ({ status: 500 });
  await world.publish();
  await world.advance(100);
  assert.deepEqual(
    world.network.attempts.map(({ job }) => job.attemptNumber),
    [1, 2, 3, 4],
  );
  assert.equal((await world.view(1)).status, 'exhausted');
});

test('what fails while the disk is full is stored once there is room again', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ retryScheduleSeconds: [60] });
  world.network.react = () => ({ status: 500, delayMs: 10 });
  await world.publish();
  world.fates = () => ({ fault: 'before', failure: 'full' });
  await world.advance(5_000);
  assert.deepEqual(world.records(1), []);
  world.fates = () => ({});
  await world.advance(2_000);
  assert.equal(world.records(1).length, 1);
  assert.equal((await world.view(1)).nextAttemptAt, START_AT + 10 + 60_000);
});
