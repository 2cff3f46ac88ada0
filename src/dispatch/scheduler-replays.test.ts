import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_CHOICES, type Subscription } from '../domain/subscription.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT } from '../testing/simulated-world.ts';
import { Lane } from './lane.ts';
import { Scheduler } from './scheduler.ts';
import type { Work } from './work.ts';

interface Start {
  readonly lane: Lane;
  readonly work: Work;
  /** Live works that waited in the lane as it started. */
  readonly liveWaiting: number;
  readonly at: number;
}

/** Lanes under a scheduler whose attempts end when the test says so. */
class Yard {
  readonly clock = new SimulatedClock(START_AT);
  readonly starts: Start[] = [];
  readonly lanes: readonly Lane[];
  readonly scheduler: Scheduler;
  #sequence = 0;

  constructor(lanes: readonly Partial<Subscription>[], maxInFlight = 1_000) {
    this.lanes = lanes.map((settings, index) => new Lane(`lane ${index}`, owner(index, settings)));
    this.scheduler = new Scheduler({
      clock: this.clock,
      maxInFlight,
      start: (lane, work) => {
        const liveWaiting = lane.queue.length + (work.replay === null ? 1 : 0);
        this.starts.push({ lane, work, liveWaiting, at: this.clock.monotonic() });
        lane.running.add(work);
      },
      load: (lane) => {
        queueMicrotask(() => {
          for (const work of [lane.queue.peek(), lane.replays.peek()]) if (work) fill(work);
          this.offer(lane);
        });
      },
    });
  }

  lane(index = 0): Lane {
    const lane = this.lanes[index % this.lanes.length];
    assert.ok(lane);
    return lane;
  }

  push(lane: Lane, kind: 'live' | 'low', count = 1): void {
    for (let left = count; left > 0; left -= 1) {
      this.#sequence += 1;
      const work = workOf(this.#sequence, kind);
      lane.queueOf(work).push(work);
    }
    this.offer(lane);
  }

  offer(lane: Lane): void {
    this.scheduler.ready(lane);
    this.scheduler.pump();
  }

  end(lane: Lane): void {
    const [oldest] = lane.running;
    if (oldest === undefined) return;
    lane.running.delete(oldest);
    this.scheduler.ended(lane, oldest);
  }

  count(kind: 'live' | 'low', lane?: Lane): number {
    return this.starts.filter(
      (start) => kindOf(start.work) === kind && (lane === undefined || start.lane === lane),
    ).length;
  }
}

function owner(index: number, settings: Partial<Subscription>): Subscription {
  return {
    ...DEFAULT_CHOICES,
    eventTypes: ['**'],
    destination: { kind: 'webhook', url: `https://${index}.test/` },
    number: index + 1,
    id: `sub_${index}`,
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [],
    ...settings,
  };
}

function kindOf(work: Work): 'live' | 'low' {
  return work.replay === null ? 'live' : 'low';
}

function workOf(sequence: number, kind: 'live' | 'low'): Work {
  return {
    sequence,
    subscription: 1,
    tenant: 1,
    createdAt: START_AT,
    attempts: 0,
    attemptsBefore: 0,
    orderingKey: null,
    replay: kind === 'live' ? null : 1,
    trigger: kind === 'live' ? 'initial' : 'replay',
    stored: kind === 'low',
    content: null,
    cancelled: false,
  };
}

function fill(work: Work): void {
  const { sequence, tenant, createdAt } = work;
  work.content = {
    sequence,
    tenant,
    createdAt,
    customId: null,
    eventType: 'a',
    orderingKey: null,
    retry: true,
    body: new Uint8Array(100),
  };
}

test('an idle lane gives replays half its window, and live deliveries start at once', async () => {
  const yard = new Yard([{}]);
  yard.push(yard.lane(), 'low', 100);
  await yard.clock.advance(0);
  assert.equal(yard.count('low'), 8);
  yard.push(yard.lane(), 'live', 8);
  await yard.clock.advance(0);
  assert.equal(yard.count('live'), 8);
});

test('with live deliveries queued one start in five is a replay, and both get on', async () => {
  const yard = new Yard([{}]);
  yard.push(yard.lane(), 'live', 500);
  yard.push(yard.lane(), 'low', 500);
  for (let ended = 0; ended < 400; ended += 1) {
    yard.end(yard.lane());
    await yard.clock.advance(1);
  }
  const share = yard.count('low') / yard.starts.length;
  assert.ok(share <= 0.2 && share > 0.17, `${share}`);
});

test('a saturated node gives replays of an idle lane a fifth of its starts', async () => {
  const yard = new Yard([{}, {}], 10);
  yard.push(yard.lane(0), 'live', 300);
  yard.push(yard.lane(1), 'low', 300);
  await yard.clock.advance(0);
  for (let ended = 0; ended < 200; ended += 1) {
    const oldest = yard.starts.find(({ lane, work }) => lane.running.has(work));
    assert.ok(oldest);
    yard.end(oldest.lane);
    await yard.clock.advance(1);
  }
  const low = yard.count('low');
  assert.ok(low >= 30 && low <= yard.starts.length / 5 + 1, `${low} of ${yard.starts.length}`);
});

test('a trickle of live deliveries leaves a lane twenty replays a second', async () => {
  const yard = new Yard([{}]);
  yard.push(yard.lane(), 'low', 1_000);
  for (let round = 0; round < 10; round += 1) {
    yard.push(yard.lane(), 'live');
    for (let step = 0; step < 90; step += 1) {
      await yard.clock.advance(10);
      while (yard.lane().running.size > 0) yard.end(yard.lane());
    }
  }
  // At first the lane was idle: those that started before the first live one come on top.
  const low = yard.starts.filter(({ at, work }) => at > 900 && work.replay !== null).length;
  assert.ok(low >= 140 && low <= 8.1 * 20, `${low}`);
});

test('a rate limit keeps half its burst for the live delivery that comes next', async () => {
  const yard = new Yard([{ rateLimit: 10 }]);
  yard.push(yard.lane(), 'low', 100);
  await yard.clock.advance(0);
  assert.equal(yard.count('low'), 5);
  while (yard.lane().running.size > 0) yard.end(yard.lane());
  yard.push(yard.lane(), 'live', 4);
  await yard.clock.advance(0);
  assert.equal(yard.count('live'), 4);
  // An idle lane lets replays use the whole rate in the long run.
  for (let step = 0; step < 600; step += 1) {
    await yard.clock.advance(10);
    while (yard.lane().running.size > 0) yard.end(yard.lane());
  }
  assert.ok(yard.starts.length >= 60, `${yard.starts.length}`);
});

test('a replay that has to read its bytes first holds up no live delivery', async () => {
  const yard = new Yard([{}]);
  yard.push(yard.lane(), 'low', 3);
  const live = workOf(99, 'live');
  fill(live);
  yard.lane().queue.push(live);
  yard.offer(yard.lane());
  assert.deepEqual(
    yard.starts.map(({ work }) => work),
    [live],
  );
  await yard.clock.advance(0);
  assert.equal(yard.count('low'), 1);
});

const step = fc.oneof(
  fc.record({
    kind: fc.constantFrom('live' as const, 'low' as const),
    lane: fc.nat({ max: 2 }),
    count: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({
    kind: fc.constant('end' as const),
    lane: fc.nat({ max: 2 }),
    count: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({
    kind: fc.constant('pass' as const),
    lane: fc.constant(0),
    count: fc.constantFrom(0, 1, 60, 1_200),
  }),
);

test('for any mix: first in, first out, a fifth while live waits, and all is started', async () => {
  const limits = fc.record({
    maxInFlight: fc.constantFrom(1, 2, 16, 64),
    rateLimit: fc.constantFrom(null, null, 5, 100),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(limits, { minLength: 3, maxLength: 3 }),
      fc.constantFrom(1, 5, 40, 1_000),
      fc.array(step, { maxLength: 60 }),
      async (settings, maxInFlight, steps) => {
        const yard = new Yard(settings, maxInFlight);
        for (const { kind, lane, count } of steps) {
          if (kind === 'pass') await yard.clock.advance(count);
          else if (kind === 'end') for (let i = 0; i < count; i += 1) yard.end(yard.lane(lane));
          else yard.push(yard.lane(lane), kind, count);
          await yard.clock.advance(0);
        }
        await finish(yard);
        for (const lane of yard.lanes) assertOrder(yard, lane);
      },
    ),
    { numRuns: 150 },
  );
});

async function finish(yard: Yard): Promise<void> {
  let rounds = 0;
  while (yard.lanes.some((lane) => !lane.isIdle)) {
    for (const lane of yard.lanes) while (lane.running.size > 0) yard.end(lane);
    await yard.clock.advance(20);
    rounds += 1;
    assert.ok(rounds < 50_000, 'something never starts');
  }
}

function assertOrder(yard: Yard, lane: Lane): void {
  const starts = yard.starts.filter((start) => start.lane === lane);
  for (const kind of ['live', 'low'] as const) {
    const order = starts.filter(({ work }) => kindOf(work) === kind);
    const sequences = order.map(({ work }) => work.sequence);
    assert.deepEqual(
      sequences,
      sequences.toSorted((a, b) => a - b),
    );
  }
  let low = 0;
  let row = 0;
  let lastLow = -1;
  for (const [index, { work, liveWaiting }] of starts.entries()) {
    row = liveWaiting > 0 ? row + 1 : 0;
    low = liveWaiting > 0 ? low + (work.replay === null ? 0 : 1) : 0;
    assert.ok(low <= Math.ceil(row / 5), `${low} of ${row} starts were replays`);
    if (work.replay === null || liveWaiting === 0) continue;
    // Two replays in a row of starts with live works waiting have four live ones between them.
    const between = starts.slice(lastLow + 1, index);
    if (lastLow >= 0 && between.every((start) => start.liveWaiting > 0)) {
      assert.ok(between.length >= 4);
    }
    lastLow = index;
  }
}
