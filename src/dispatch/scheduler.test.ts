import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subscription } from '../domain/subscription.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { SimulatedWorld, START_AT } from '../testing/simulated-world.ts';
import { Lane } from './lane.ts';
import { Scheduler } from './scheduler.ts';
import { freshWork, type Work } from './work.ts';

const KIB = 1_024;

/** A scheduler that starts attempts, which end when the test says so. */
class Bench {
  readonly started: Lane[] = [];
  readonly loads: Lane[] = [];
  readonly scheduler: Scheduler;

  constructor(maxInFlight: number) {
    this.scheduler = new Scheduler({
      clock: new SimulatedClock(START_AT),
      maxInFlight,
      start: (lane, started) => {
        lane.running.add(started);
        this.started.push(lane);
      },
      load: (lane) => this.loads.push(lane),
    });
  }

  /** Ends the oldest attempt of the lane. */
  end(lane: Lane): void {
    const [oldest] = lane.running;
    assert.ok(oldest);
    lane.running.delete(oldest);
    this.scheduler.ended(lane, oldest);
  }

  endAll(lane: Lane): void {
    while (lane.running.size > 0) this.end(lane);
  }

  starts(lane: Lane): number {
    return this.started.filter((other) => other === lane).length;
  }
}

async function subscriptions(count: number): Promise<Subscription[]> {
  const world = await SimulatedWorld.create();
  const made: Subscription[] = [];
  for (let index = 0; index < count; index += 1) {
    made.push(await world.subscribe({ url: `https://${index}.test/` }));
  }
  return made;
}

function work(sequence: number, bytes: number): Work {
  const event = {
    sequence,
    tenant: 1,
    createdAt: START_AT,
    customId: null,
    eventType: 'a',
    orderingKey: null,
    retry: true,
    body: new Uint8Array(bytes),
  };
  return freshWork(event, 1, event);
}

async function lanes(works: readonly { count: number; bytes?: number }[]): Promise<Lane[]> {
  const owners = await subscriptions(works.length);
  return works.map(({ count, bytes = 100 }, index) => {
    const owner = owners[index];
    assert.ok(owner);
    const lane = new Lane(`lane ${index}`, owner);
    for (let sequence = 1; sequence <= count; sequence += 1) lane.queue.push(work(sequence, bytes));
    return lane;
  });
}

test('a lane with ten deliveries is not kept waiting by one with a thousand', async () => {
  const [long, short] = await lanes([{ count: 1_000 }, { count: 10 }]);
  assert.ok(long && short);
  const bench = new Bench(4);
  bench.scheduler.ready(long);
  bench.scheduler.pump();
  bench.scheduler.ready(short);
  while (bench.starts(short) < 10) {
    const [busy] = [long, short].filter((lane) => lane.running.size > 0);
    assert.ok(busy);
    bench.end(busy);
  }
  assert.ok(bench.starts(long) < 60, `the long one had ${bench.starts(long)} starts by then`);
});

test('a lane saves nothing up while the node is full', async () => {
  const [hog, first, second] = await lanes([{ count: 16 }, { count: 500 }, { count: 500 }]);
  assert.ok(hog && first && second);
  const bench = new Bench(17);
  bench.scheduler.ready(hog);
  bench.scheduler.pump();
  bench.scheduler.ready(first);
  bench.scheduler.ready(second);
  bench.scheduler.pump();
  for (let turn = 0; turn < 100; turn += 1) {
    bench.end(first.running.size > 0 ? first : second);
  }
  const before = [bench.starts(first), bench.starts(second)] as const;
  assert.ok(Math.abs(before[0] - before[1]) <= 1, `${before.join(' and ')} starts`);
  bench.scheduler.stop();
  bench.endAll(hog);
  assert.ok(first.deficit <= 16 && second.deficit <= 16);
});

test('large bodies pay for their size', async () => {
  const [large, small] = await lanes([{ count: 20, bytes: 60 * KIB }, { count: 20 }]);
  assert.ok(large && small);
  const bench = new Bench(17);
  bench.scheduler.ready(large);
  bench.scheduler.ready(small);
  bench.scheduler.pump();
  assert.deepEqual([bench.starts(large), bench.starts(small)], [1, 16]);
});

test('a body that costs more than a quantum is sent all the same', async () => {
  const [lane] = await lanes([{ count: 2, bytes: 1_024 * KIB }]);
  assert.ok(lane);
  const bench = new Bench(10);
  bench.scheduler.ready(lane);
  bench.scheduler.pump();
  assert.equal(bench.starts(lane), 2);
});

test('no more is started than the node may have in flight', async () => {
  const all = await lanes([{ count: 20 }, { count: 20 }, { count: 20 }]);
  const bench = new Bench(25);
  for (const lane of all) bench.scheduler.ready(lane);
  bench.scheduler.pump();
  assert.equal(bench.started.length, 25);
  assert.equal(bench.scheduler.inFlight, 25);
});

test('a long run of starts lets the event loop go on in between', async () => {
  const all = await lanes(Array.from({ length: 40 }, () => ({ count: 16 })));
  const bench = new Bench(2_000);
  for (const lane of all) bench.scheduler.ready(lane);
  bench.scheduler.pump();
  assert.equal(bench.started.length, 256);
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.equal(bench.started.length, 640);
});

test('a delivery without its bytes has them read and holds up no other lane', async () => {
  const [cold, warm] = await lanes([{ count: 1 }, { count: 1 }]);
  assert.ok(cold && warm);
  const head = cold.queue.peek();
  assert.ok(head);
  head.content = null;
  const bench = new Bench(10);
  bench.scheduler.ready(cold);
  bench.scheduler.ready(warm);
  bench.scheduler.pump();
  assert.deepEqual(bench.loads, [cold]);
  assert.deepEqual(bench.started, [warm]);
});

test('once stopped it starts nothing more', async () => {
  const [lane] = await lanes([{ count: 20 }]);
  assert.ok(lane);
  const bench = new Bench(10);
  bench.scheduler.stop();
  bench.scheduler.ready(lane);
  bench.scheduler.pump();
  assert.deepEqual(bench.started, []);
});
