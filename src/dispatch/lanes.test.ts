import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LANE_QUEUE_DELIVERIES, MAX_QUEUED_DELIVERIES_PER_NODE } from '../domain/limits.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { EventContent, JournalStore } from '../storage/journal.ts';
import { createMemoryStorage } from '../storage/memory/store.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { SimulatedWorld, START_AT } from '../testing/simulated-world.ts';
import { wrapJournal } from '../testing/wrap-journal.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { freshWork, type Work } from './work.ts';

function contentOf(sequence: number, bytes = 100): EventContent {
  const body = new Uint8Array(bytes);
  const event = { sequence, tenant: 1, createdAt: START_AT, customId: null, eventType: 'a' };
  return { ...event, orderingKey: null, retry: true, body };
}

function workOf(sequence: number, bytes = 100): Work {
  const content = contentOf(sequence, bytes);
  return freshWork(content, 1, content);
}

async function setup(contents?: JournalStore['contents']) {
  const world = await SimulatedWorld.create();
  const subscribe = (url: string): Promise<Subscription> => world.subscribe({ url });
  const { journal } = createMemoryStorage();
  const clock = new SimulatedClock(START_AT);
  const ready: Lane[] = [];
  const lost: Work[] = [];
  const errors: unknown[] = [];
  const lanes = new Lanes({
    journal: wrapJournal(journal, contents === undefined ? {} : { contents }),
    clock,
    ready: (lane) => ready.push(lane),
    lost: (work) => lost.push(work),
    onError: (error) => errors.push(error),
  });
  return { lanes, subscribe, clock, ready, lost, errors };
}

test('a queue keeps the bytes of its first 512 deliveries, and drops those behind', async () => {
  const { lanes, subscribe } = await setup();
  const lane = lanes.of(await subscribe('https://a.test/'));
  for (let sequence = 1; sequence <= 600; sequence += 1) lanes.enqueue(lane, workOf(sequence));
  const hot = lane.queue.first(600).filter(({ content }) => content !== null);
  assert.equal(hot.length, 512);
  assert.equal(hot.at(-1)?.sequence, 512);
});

test('the node keeps 64 MiB of bytes, all lanes together, and room comes back', async () => {
  const { lanes, subscribe } = await setup();
  const mebibyte = 1024 * 1024;
  const [a, b] = [await subscribe('https://a.test/'), await subscribe('https://b.test/')];
  for (let sequence = 1; sequence <= 40; sequence += 1) {
    lanes.enqueue(lanes.of(a), workOf(sequence, mebibyte));
    lanes.enqueue(lanes.of(b), workOf(sequence, mebibyte));
  }
  const hotOf = (owner: Subscription) =>
    lanes
      .of(owner)
      .queue.first(100)
      .filter(({ content }) => content !== null).length;
  assert.equal(hotOf(a) + hotOf(b), 64);
  lanes.takeAll(lanes.of(a), 1);
  const late = workOf(99, mebibyte);
  lanes.enqueue(lanes.of(b), late);
  assert.notEqual(late.content, null);
});

test('the bytes that were dropped are read again, 64 at a time', async () => {
  const asked: number[] = [];
  const { lanes, subscribe, ready } = await setup(async (sequences) => {
    asked.push(sequences.length);
    return sequences.map((sequence) => contentOf(sequence));
  });
  const lane = lanes.of(await subscribe('https://a.test/'));
  const works = Array.from({ length: 100 }, (_, index) => freshWork(contentOf(index), 1, null));
  for (const work of works) lanes.enqueue(lane, work);
  lanes.load(lane);
  lanes.load(lane);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, [64]);
  assert.deepEqual(ready, [lane]);
  assert.equal(works.filter(({ content }) => content !== null).length, 64);
});

test('a delivery whose event is gone is taken out and given up', async () => {
  const { lanes, subscribe, lost } = await setup(async (sequences) =>
    sequences.filter((sequence) => sequence !== 2).map((sequence) => contentOf(sequence)),
  );
  const lane = lanes.of(await subscribe('https://a.test/'));
  const works = [1, 2, 3].map((sequence) => freshWork(contentOf(sequence), 1, null));
  for (const work of works) lanes.enqueue(lane, work);
  lanes.load(lane);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(lost, [works[1]]);
  assert.deepEqual(lane.queue.first(3), [works[0], works[2]]);
  assert.equal(lanes.queued, 2);
});

test('a read that fails is told and made again', async () => {
  let fails = true;
  const { lanes, subscribe, ready, errors, clock } = await setup(async (sequences) => {
    if (fails) throw new Error('no disk');
    return sequences.map((sequence) => contentOf(sequence));
  });
  const lane = lanes.of(await subscribe('https://a.test/'));
  lanes.enqueue(lane, freshWork(contentOf(1), 1, null));
  lanes.load(lane);
  await clock.advance(999);
  assert.equal(errors.length, 1);
  assert.deepEqual(ready, []);
  fails = false;
  await clock.advance(1);
  assert.deepEqual(ready, [lane]);
  lanes.load(lane);
  await clock.advance(0);
  assert.notEqual(lane.queue.peek()?.content, null);
});

test('neither a lane nor the node takes more than its limit', async () => {
  const { lanes, subscribe } = await setup();
  const work = freshWork(contentOf(1), 1, null);
  const perNode = MAX_QUEUED_DELIVERIES_PER_NODE / MAX_LANE_QUEUE_DELIVERIES;
  for (let number = 1; number <= perNode; number += 1) {
    const lane = lanes.of(await subscribe(`https://${number}.test/`));
    assert.ok(lanes.hasRoom);
    for (let left = MAX_LANE_QUEUE_DELIVERIES; left > 0; left -= 1) lanes.enqueue(lane, work);
    assert.equal(lanes.enqueue(lane, work), false);
  }
  assert.equal(lanes.hasRoom, false);
  assert.equal(lanes.queued, MAX_QUEUED_DELIVERIES_PER_NODE);
  assert.equal(lanes.enqueue(lanes.of(await subscribe('https://late.test/')), work), false);
});
