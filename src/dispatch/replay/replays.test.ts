import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordId } from '../../domain/ids.ts';
import { MAX_REPLAYS_PER_TENANT } from '../../domain/limits.ts';
import { replayRequest, SimulatedWorld, TENANT } from '../../testing/simulated-world.ts';
import { ReplayOverError, TooManyReplaysError } from '../replay-control.ts';

const SETTLE_MS = 500;

/** A world in which one subscription has failed to take some events, and they are exhausted. */
async function worldWithFailures(events: number) {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe({ retryScheduleSeconds: [] });
  world.network.react = () => ({ status: 422 });
  await world.publishMany(events);
  await world.advance(SETTLE_MS);
  world.network.react = () => ({ status: 200 });
  world.network.attempts.length = 0;
  return { world, subscription };
}

function sent(world: SimulatedWorld): string[] {
  return world.network.attempts.map(({ job }) => `${job.sequence}/${job.subscription.number}`);
}

test('what has failed is tried again, with the same id and the next number', async () => {
  const { world } = await worldWithFailures(3);
  const { number, status } = await world.replay({ statuses: ['exhausted'] });
  assert.equal(status, 'planned');
  await world.advance(SETTLE_MS);
  assert.deepEqual(sent(world), ['1/1', '2/1', '3/1']);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.total, view.done, view.reason], ['done', 3, 3, null]);
  const counts = { taken: 3, skipped: 0, delivered: 3, failed: 0, cancelled: 0 };
  assert.deepEqual(view.counts, counts);
  assert.deepEqual(
    world.records(2).map(({ number: one, trigger, outcome }) => [one, trigger, outcome]),
    [
      [1, 'initial', 'failed'],
      [2, 'replay', 'succeeded'],
    ],
  );
  assert.equal((await world.view(2)).status, 'delivered');
});

test('recovering again finds nothing left to recover', async () => {
  const { world } = await worldWithFailures(3);
  await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.total, view.done], ['done', 0, 0]);
  assert.equal(world.network.attempts.length, 3);
});

test('a replayed delivery that fails has its whole schedule again', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ retryScheduleSeconds: [10, 20] });
  world.network.react = () => ({ status: 422 });
  await world.publish();
  await world.advance(60_000);
  assert.equal((await world.view(1)).status, 'exhausted');
  const { number } = await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.done, view.counts.failed], ['done', 1, 1]);
  assert.equal((await world.view(1)).status, 'waiting');
  await world.advance(60_000);
  assert.equal((await world.view(1)).status, 'exhausted');
  assert.deepEqual(
    world.records(1).map(({ trigger }) => trigger),
    ['initial', 'retry', 'retry', 'replay', 'retry', 'retry'],
  );
});

test('events are routed anew, to subscriptions that are younger than they are', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ eventTypes: ['task.*'] });
  await world.publish({ eventType: 'task.completed' });
  await world.publish({ eventType: 'order.paid', orderingKey: 'k' });
  await world.advance(SETTLE_MS);
  world.network.attempts.length = 0;
  const young = await world.subscribe({ eventTypes: ['order.*'], url: 'https://young.test/' });
  const { number } = await world.replay();
  await world.advance(SETTLE_MS);
  assert.deepEqual(sent(world), ['1/1', `2/${young.number}`]);
  assert.equal((await world.replayView(number)).total, 2);
  const view = await world.view(2, young.number);
  assert.deepEqual([view.status, view.attempts, view.orderingKey], ['delivered', 1, 'k']);
});

test('of a range, a type, a task and one subscription alone', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe();
  const { number: second } = await world.subscribe({ url: 'https://second.test/' });
  const begin = world.clock.now();
  for (const [eventType, taskId] of [
    ['task.done', 'a'],
    ['task.done', 'b'],
    ['order.paid', 'b'],
    ['task.done', 'b'],
  ] as const) {
    await world.advance(1_000);
    await world.publish({ eventType, taskId });
  }
  await world.advance(SETTLE_MS);
  const replayed = async (overrides: Parameters<SimulatedWorld['replay']>[0]) => {
    world.network.attempts.length = 0;
    await world.replay(overrides);
    await world.advance(SETTLE_MS);
    return sent(world).join(' ');
  };
  const only = { subscription: second };
  assert.equal(await replayed({ ...only, eventTypes: ['task.*'] }), '1/2 2/2 4/2');
  assert.equal(await replayed({ ...only, taskId: 'b' }), '2/2 3/2 4/2');
  const range = { since: begin + 2_000, until: begin + 4_000 };
  assert.equal(await replayed({ ...only, ...range }), '2/2 3/2');
  assert.equal(await replayed({ taskId: 'a' }), '1/1 1/2');
});

test('what is on its way anyway is skipped and counted as such', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const paused = await world.subscribe({ url: 'https://paused.test/' });
  await world.subscribe({ url: 'https://slow.test/', maxInFlight: 1, retryScheduleSeconds: [60] });
  world.network.react = ({ sequence }) =>
    sequence === 1 ? { status: 422 } : { status: 200, delayMs: 5_000 };
  await world.pause(paused);
  // At the slow one: 1 waits for its retry, 2 is being sent, 3 is queued.
  await world.publishMany(3);
  const { number } = await world.replay();
  await world.advance(SETTLE_MS);
  const view = await world.replayView(number);
  assert.deepEqual([view.status, view.done, view.counts.skipped], ['done', 6, 6]);
  await world.advance(120_000);
  assert.equal(world.records(2, 2).length, 1);
});

test('the same replay twice at once sends nothing twice', async () => {
  const { world } = await worldWithFailures(100);
  world.network.react = () => ({ status: 200, delayMs: 200 });
  const first = world.engine.replays.create(TENANT, replayRequest());
  const second = world.engine.replays.create(TENANT, replayRequest());
  const [one, other] = await world.answer(Promise.all([first, second]));
  await world.advance(100);
  assert.equal(new Set(sent(world)).size, world.network.attempts.length);
  await world.advance(60_000);
  const views = [await world.replayView(one.number), await world.replayView(other.number)];
  const delivered = views.reduce((sum, view) => sum + view.counts.delivered, 0);
  assert.equal(world.network.attempts.length, delivered);
  for (const { counts, done, total } of views) {
    assert.equal(done, 100);
    assert.equal(total, 100);
    assert.equal(counts.delivered + counts.skipped, 100);
  }
});

test('a bounded number of deliveries is on its way at a time', async () => {
  const { world, subscription } = await worldWithFailures(1_000);
  world.network.react = () => ({ status: 200, delayMs: 1_000 });
  await world.replay();
  let most = 0;
  for (let step = 0; step < 40; step += 1) {
    await world.advance(250);
    const lane = world.dispatcher.lane(subscription.number);
    most = Math.max(most, (lane?.queued ?? 0) + (lane?.inFlight ?? 0));
  }
  assert.ok(most <= 256 && most > 200, `${most} at a time`);
});

test('a dry run counts and is stored, and sends nothing', async () => {
  const { world } = await worldWithFailures(40);
  const { replays } = world.engine;
  const dry = await world.answer(
    replays.dryRun(TENANT, replayRequest({ statuses: ['exhausted'] })),
  );
  assert.deepEqual([dry.status, dry.dryRun, dry.total, dry.done], ['planned', true, 40, 0]);
  await world.crash();
  await world.advance(10_000);
  const found = await world.replayView(dry.number);
  assert.deepEqual([found.status, found.total, found.done], ['planned', 40, 0]);
  assert.equal(world.network.attempts.length, 0);
  await assert.rejects(
    world.answer(world.engine.replays.cancel(TENANT, dry.number)),
    ReplayOverError,
  );
});

test('a tenant has so many at once and no more, and another tenant its own', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const subscription = await world.subscribe();
  const tasks = Array.from({ length: MAX_REPLAYS_PER_TENANT }, (_, index) => `task_${index}`);
  for (const taskId of tasks) await world.publish({ taskId });
  await world.advance(SETTLE_MS);
  // A replay to a paused subscription waits.
  await world.pause(subscription);
  for (const taskId of tasks) await world.replay({ taskId });
  await world.advance(SETTLE_MS);
  await assert.rejects(world.replay(), TooManyReplaysError);
  const dry = world.engine.replays.dryRun(TENANT, replayRequest());
  await assert.rejects(world.answer(dry), TooManyReplaysError);
  const other = await world.answer(world.engine.replays.create(TENANT + 1, replayRequest()));
  await world.advance(SETTLE_MS);
  const found = await world.answer(world.engine.replays.find(TENANT + 1, other.number));
  assert.equal(found?.status, 'done');
});

test('the list is newest first and knows how far each one is', async () => {
  const { world } = await worldWithFailures(2);
  const first = await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  const second = await world.replay({ statuses: ['exhausted'] });
  await world.advance(SETTLE_MS);
  const { items } = await world.answer(world.engine.replays.list(TENANT, { limit: 10 }));
  assert.deepEqual(
    items.map(({ number, status, done }) => [number, status, done]),
    [
      [second.number, 'done', 0],
      [first.number, 'done', 2],
    ],
  );
});

test('a live event starts at once, however much is being replayed', async () => {
  const { world } = await worldWithFailures(500);
  world.network.react = () => ({ status: 200, delayMs: 200 });
  await world.replay({ statuses: ['exhausted'] });
  for (let event = 0; event < 10; event += 1) {
    await world.advance(370);
    const waiting = 500 - world.network.attempts.length;
    assert.ok(waiting > 0, 'the replay still runs');
    await world.publish();
    const last = world.network.attempts.at(-1);
    assert.equal(last?.job.sequence, 501 + event);
    assert.equal(last.startedAt, world.clock.now());
  }
});

test('a replay knows which source a subscription takes events of', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const sourceId = recordId('src', 5, 4);
  const inbound = (source: number, dedupe: string) =>
    ({ source, sourceId: recordId('src', 5, source), providerEventId: null, dedupe }) as const;
  await world.publish();
  await world.publish({ inbound: inbound(4, 'a') });
  await world.publish({ inbound: inbound(5, 'b') });
  await world.publish({ inbound: inbound(4, 'c') });
  const { number } = await world.subscribe({ sourceId });
  await world.replay({ subscription: number });
  await world.advance(SETTLE_MS);
  assert.deepEqual(sent(world).toSorted(), [`2/${number}`, `4/${number}`]);
});
