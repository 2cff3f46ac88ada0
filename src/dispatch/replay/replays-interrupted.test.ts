import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalFate } from '../../testing/faulty-journal.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedWorld, TENANT } from '../../testing/simulated-world.ts';
import { ReplayOverError } from '../replay-control.ts';

const SETTLE_MS = 500;

async function worldWithFailures(events: number, maxInFlight = 256) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({ retryScheduleSeconds: [], maxInFlight });
  world.network.react = () => ({ status: 422 });
  await world.publishMany(events);
  await world.advance(5_000);
  world.network.react = () => ({ status: 200, delayMs: 50 });
  world.network.attempts.length = 0;
  return { world, subscription };
}

function timesSent(world: SimulatedWorld): Map<number, number> {
  const times = new Map<number, number>();
  for (const { job } of world.network.attempts) {
    times.set(job.sequence, (times.get(job.sequence) ?? 0) + 1);
  }
  return times;
}

for (const afterMs of [0, 60, 1_000, 3_000, 8_000]) {
  test(`killed after ${afterMs} ms, it goes on and repeats only what was in flight`, async () => {
    const { world } = await worldWithFailures(1_500);
    const { number } = await world.replay({ statuses: ['exhausted'] });
    await world.advance(afterMs);
    const inFlight = world.network.inFlight.length;
    await world.crash();
    await world.advance(60_000);
    const times = timesSent(world);
    assert.equal(times.size, 1_500);
    const repeated = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
    // Those in flight, and those whose end was not committed yet.
    assert.ok(repeated <= inFlight + 8, `${repeated} repeated, ${inFlight} were in flight`);
    const view = await world.replayView(number);
    assert.deepEqual([view.status, view.total, view.done], ['done', 1_500, 1_500]);
    const { taken, skipped, delivered, failed, cancelled } = view.counts;
    assert.deepEqual(
      { taken, skipped, delivered, failed, cancelled },
      { taken: 1_500, skipped: 0, delivered: 1_500, failed: 0, cancelled: 0 },
    );
  });
}

test('stopped and started again it goes on, and says so in between', async () => {
  const { world } = await worldWithFailures(1_500);
  world.network.react = () => ({ status: 200, delayMs: 500 });
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(1_000);
  const stopping = Promise.all([world.engine.replays.stop(), world.dispatcher.stop()]);
  await world.advance(2_000);
  await stopping;
  const stored = world.data.replays.get(number);
  assert.equal(stored?.status, 'running');
  assert.ok(stored.cursor > 0 && stored.cursor < 1_500, `at ${stored.cursor}`);
  await world.crash();
  await world.advance(60_000);
  assert.equal((await world.replayView(number)).done, 1_500);
  assert.equal(world.network.attempts.length, 1_500);
});

test('cancelled, it takes no more on and calls off what was not attempted', async () => {
  const { world } = await worldWithFailures(1_000, 4);
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(1_000);
  const inFlight = world.network.inFlight.length;
  assert.ok(inFlight > 0);
  const view = await world.answer(world.engine.replays.cancel(TENANT, number));
  assert.equal(view?.status, 'cancelled');
  const attempts = world.network.attempts.length;
  await world.advance(60_000);
  assert.equal(world.network.attempts.length, attempts);
  const ended = await world.replayView(number);
  assert.deepEqual([ended.status, ended.reason], ['cancelled', 'cancelled on request']);
  const { taken, delivered, cancelled } = ended.counts;
  assert.equal(delivered, attempts);
  assert.equal(delivered + cancelled, taken);
  assert.ok(taken < 1_000 && cancelled > 100, `${taken} taken, ${cancelled} called off`);
  const first = await world.view(attempts + 1);
  assert.equal(first.status, 'cancelled');
  assert.match(first.reason ?? '', /^rpl_\w+ was called off: cancelled on request$/);
  assert.equal((await world.view(1_000)).status, 'exhausted');
  await assert.rejects(world.answer(world.engine.replays.cancel(TENANT, number)), ReplayOverError);
});

test('a cancellation outlives the process that was asked for it', async () => {
  const { world } = await worldWithFailures(1_000, 4);
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(1_000);
  // The store is written to; the deliveries are not called off before the process dies.
  world.fates = (operation) => (operation === 'commit' ? { beforeMs: 60_000 } : {});
  await world.answer(world.engine.replays.cancel(TENANT, number));
  world.fates = () => ({});
  const attempts = world.network.attempts.length;
  const inFlight = world.network.inFlight.length;
  await world.crash();
  await world.advance(60_000);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.reason], ['cancelled', 'cancelled on request']);
  const pending = [...world.data.journal.deliveries()].filter(({ status }) => status === 'pending');
  assert.equal(pending.length, 0);
  // What its dispatcher had loaded before the replay was looked at may have started.
  assert.ok(world.network.attempts.length <= attempts + inFlight + 4);
});

test('a paused subscription holds its replayed deliveries, and others go on', async () => {
  const { world, subscription } = await worldWithFailures(600);
  const other = await world.subscribe({ url: 'https://other.test/', retryScheduleSeconds: [] });
  await world.pause(subscription);
  const { number } = await world.replay();
  await world.advance(60_000);
  const toOther = world.network.attempts.filter(
    ({ job }) => job.subscription.number === other.number,
  );
  assert.equal(toOther.length, 600);
  assert.equal(world.network.attempts.length, 600);
  const waiting = await world.replayView(number);
  assert.deepEqual([waiting.status, waiting.done, waiting.total], ['running', 600, 1_200]);
  assert.equal((await world.view(1)).status, 'held');
  await world.answer(world.resume(subscription));
  await world.advance(60_000);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.done, view.total], ['done', 1_200, 1_200]);
  assert.equal(world.records(1)[1]?.trigger, 'replay');
});

test('held ones are called off with their replay', async () => {
  const { world, subscription } = await worldWithFailures(300);
  await world.pause(subscription);
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  await world.answer(world.engine.replays.cancel(TENANT, number));
  await world.advance(SETTLE_MS);
  const { status, counts } = await world.replayView(number);
  assert.deepEqual([status, counts.cancelled], ['cancelled', 300]);
  await world.answer(world.resume(subscription));
  await world.advance(60_000);
  assert.equal(world.network.attempts.length, 0);
});

test('without its subscription it ends, with a reason', async () => {
  const { world, subscription } = await worldWithFailures(1_000, 4);
  const wanted = { subscription: subscription.number, statuses: ['exhausted'] } as const;
  const { number } = await world.replay(wanted);
  await world.advance(1_000);
  await world.answer(world.engine.registry.delete(subscription.number));
  await world.advance(60_000);
  const { status, reason, done, counts } = await world.replayView(number);
  assert.deepEqual([status, reason], ['cancelled', 'the subscription was deleted']);
  assert.equal(done, counts.taken);
});

test('a person who resends or cancels one of its deliveries takes it over', async () => {
  const { world, subscription } = await worldWithFailures(3);
  await world.pause(subscription);
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  await world.answer(world.dispatcher.resend(await world.view(1)));
  await world.answer(world.dispatcher.cancel(await world.view(2)));
  await world.advance(SETTLE_MS);
  await world.answer(world.resume(subscription));
  await world.advance(SETTLE_MS);
  const { status, counts } = await world.replayView(number);
  assert.equal(status, 'done');
  const expected = { taken: 3, skipped: 1, delivered: 1, failed: 0, cancelled: 1 };
  assert.deepEqual(counts, expected);
  assert.equal((await world.view(2)).status, 'cancelled');
});

test('a store that refuses now and then delays it, and nothing is lost or doubled', async () => {
  const { world } = await worldWithFailures(700);
  const random = new SeededRandom(7);
  const { number } = await world.replay({ statuses: ['exhausted'] });
  world.fates = (): JournalFate => {
    return random.unit() < 0.15 ? { fault: 'before' } : { afterMs: 3 };
  };
  await world.advance(60_000);
  world.fates = () => ({});
  await world.advance(60_000);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.done, view.total], ['done', 700, 700]);
  assert.equal(world.network.attempts.length, 700);
});
