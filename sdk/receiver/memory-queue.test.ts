import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import { manualClock } from '../contract/manual-clock.ts';
import type { ManualClock } from '../contract/manual-clock.ts';
import { signal } from '../contract/signal.ts';
import { DEFAULT_RETRY_DELAYS_MS, memoryQueue } from './memory-queue.ts';
import type { MemoryQueueOptions } from './memory-queue.ts';
import type { Queue } from './queue.ts';

const event = (id: string): WebhookEvent => ({
  webhook_id: id,
  event_type: 'a',
  timestamp: '',
  data: {},
});

interface Setup {
  readonly queue: Queue;
  readonly clock: ManualClock;
  readonly gaveUp: string[];
}

function setup(run: (id: string) => Promise<void>, options: MemoryQueueOptions = {}): Setup {
  const clock = manualClock(0);
  const gaveUp: string[] = [];
  const queue = memoryQueue({ clock, ...options });
  queue.consume?.({
    begin: (taken) => () => run(taken.webhook_id),
    giveUp: (lost, error) => gaveUp.push(`${lost.webhook_id}: ${String(error)}`),
  });
  return { queue, clock, gaveUp };
}

/** Lets every promise that can go on go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('push returns before the event is worked on; drain waits for the end', async () => {
  const ran: string[] = [];
  const { queue, clock } = setup(async (id) => {
    ran.push(id);
  });
  await queue.push(event('a'));
  assert.deepEqual(ran, []);
  clock.advance(0);
  await queue.drain?.();
  assert.deepEqual(ran, ['a']);
});

test('no more than the allowed number run at once, and all of them run', async () => {
  const gate = signal();
  let running = 0;
  let most = 0;
  const ran = new Set<string>();
  const work = async (id: string) => {
    running += 1;
    most = Math.max(most, running);
    await gate.given;
    running -= 1;
    ran.add(id);
  };
  const { queue, clock } = setup(work, { concurrency: 3 });
  const ids = Array.from({ length: 3000 }, (_, at) => `evt_${at}`);
  await Promise.all(ids.map((id) => queue.push(event(id))));
  clock.advance(0);
  await settle();
  assert.equal(running, 3);
  gate.give();
  await queue.drain?.();
  assert.equal(most, 3);
  assert.deepEqual([...ran], ids);
});

test('a full queue refuses, and takes again once there is room', async () => {
  const gate = signal();
  const { queue, clock } = setup(() => gate.given, { maxEvents: 2 });
  await queue.push(event('a'));
  await queue.push(event('b'));
  await assert.rejects(queue.push(event('c')), /holds 2 events/);
  gate.give();
  clock.advance(0);
  await queue.drain?.();
  await queue.push(event('c'));
  clock.advance(0);
  await queue.drain?.();
});

test('a failing event is tried again after each delay, then given up', async () => {
  const at: number[] = [];
  const { queue, clock, gaveUp } = setup(async () => {
    at.push(clock.now());
    throw new Error('no');
  });
  await queue.push(event('a'));
  clock.advance(0);
  for (const delay of DEFAULT_RETRY_DELAYS_MS) {
    await settle();
    clock.advance(delay);
  }
  await queue.drain?.();
  assert.deepEqual(at, [0, 1_000, 11_000, 71_000]);
  assert.deepEqual(gaveUp, ['a: Error: no']);
  assert.equal(clock.waiting, 0);
});

test('an event that waits for its retry holds up no other, but counts as held', async () => {
  const ran: string[] = [];
  let failing = true;
  const work = async (id: string) => {
    ran.push(id);
    if (id === 'bad' && failing) throw new Error('no');
  };
  const { queue, clock, gaveUp } = setup(work, { concurrency: 1, maxEvents: 2 });
  await queue.push(event('bad'));
  await queue.push(event('good'));
  clock.advance(0);
  await settle();
  assert.deepEqual(ran, ['bad', 'good']);
  await queue.push(event('third'));
  await assert.rejects(queue.push(event('fourth')));
  failing = false;
  const drained = queue.drain?.();
  clock.advance(1_000);
  await drained;
  assert.deepEqual(ran, ['bad', 'good', 'third', 'bad']);
  assert.deepEqual(gaveUp, []);
});

test('a queue belongs to one receiver, and to one at all', async () => {
  const { queue } = setup(async () => {});
  assert.throws(() => queue.consume?.({ begin: () => async () => {}, giveUp() {} }), /already/);
  await assert.rejects(memoryQueue().push(event('a')), /no receiver/);
});
