/** The order by itself: limits that no engine test could fill, and a takeover without a cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_BLOCKED_DELIVERIES_PER_NODE, MAX_LANE_QUEUE_DELIVERIES } from '../domain/limits.ts';
import { liveSecret, type Subscription } from '../domain/subscription.ts';
import { batch, delivery, newEvent } from '../storage/contract/factories.ts';
import { createMemoryStorage } from '../storage/memory/store.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT, webhookSettings } from '../testing/simulated-world.ts';
import { Ordering } from './ordering.ts';
import { freshWork, storedWork, type Work } from './work.ts';

function setup() {
  const clock = new SimulatedClock(START_AT);
  const { journal } = createMemoryStorage();
  const placed: number[] = [];
  const ordering: Ordering = new Ordering({
    journal,
    writer: { flushed: () => Promise.resolve(), settle: () => undefined },
    soonest: () => clock.now(),
    clock,
    place: (work) => {
      if (ordering.admit(work) === 'go') placed.push(work.sequence);
    },
    placed: () => undefined,
    inFlight: () => [],
    claimed: () => [],
    stopped: () => false,
    onError: (error) => assert.fail(String(error)),
  });
  const open = async (number: number) => {
    ordering.follow(subscription(number));
    await clock.advance(0);
  };
  return { clock, journal, ordering, placed, open };
}

function subscription(number: number): Subscription {
  return {
    ...webhookSettings({ ordered: true }),
    number,
    id: `sub_${number}`,
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret('a secret of sixteen bytes')],
  };
}

function fresh(sequence: number, number = 1, orderingKey = 'a'): Work {
  const event = newEvent({ sequence, orderingKey });
  return freshWork(event, number, event);
}

test('what waits for its order waits without its bytes, and counts', async () => {
  const { ordering, open } = setup();
  await open(1);
  const [first, second] = [fresh(1), fresh(2)];
  assert.deepEqual([ordering.admit(first), ordering.admit(second)], ['go', 'kept']);
  assert.deepEqual([first.content !== null, second.content], [true, null]);
  assert.equal(ordering.blocked, 1);
  assert.equal(ordering.take(2, 1), second);
  assert.equal(ordering.take(2, 1), undefined);
  assert.equal(ordering.blocked, 0);
});

test('one subscription keeps as many as a lane in memory, all of them half a node', async () => {
  const { ordering, open } = setup();
  let number = 0;
  while (ordering.blocked < MAX_BLOCKED_DELIVERIES_PER_NODE) {
    number += 1;
    await open(number);
    assert.equal(ordering.admit(fresh(1, number)), 'go');
    for (let sequence = 2; sequence <= MAX_LANE_QUEUE_DELIVERIES + 1; sequence += 1) {
      assert.equal(ordering.admit(fresh(sequence, number)), 'kept');
    }
    assert.equal(ordering.admit(fresh(MAX_LANE_QUEUE_DELIVERIES + 2, number)), 'full');
  }
  assert.equal(number, MAX_BLOCKED_DELIVERIES_PER_NODE / MAX_LANE_QUEUE_DELIVERIES);
  await open(number + 1);
  assert.equal(ordering.admit(fresh(1, number + 1)), 'go', 'whose turn it is needs no room');
  assert.equal(ordering.admit(fresh(2, number + 1)), 'full');
  assert.equal(ordering.close(1).length, MAX_LANE_QUEUE_DELIVERIES);
  assert.equal(ordering.admit(fresh(2, number + 1)), 'kept');
});

test('one for which there was no room still comes before those behind it', async () => {
  const { ordering, placed, open } = setup();
  await open(1);
  for (const sequence of [1, 2, 3]) ordering.admit(fresh(sequence));
  // As if there had been none: it is in the store, and known by its place alone.
  ordering.take(2, 1);
  ordering.committed(batch({ deliveries: [delivery({ orderingKey: 'a', status: 'delivered' })] }));
  ordering.advance();
  assert.deepEqual(placed, []);
  assert.equal(ordering.admit(storedWork(delivery({ sequence: 2, orderingKey: 'a' }))), 'go');
});

test('a work that comes twice waits once', async () => {
  const { ordering, placed, open } = setup();
  await open(1);
  ordering.admit(fresh(1));
  ordering.admit(fresh(2));
  ordering.admit(fresh(2));
  assert.equal(ordering.blocked, 1);
  ordering.committed(batch({ deliveries: [delivery({ orderingKey: 'a', status: 'delivered' })] }));
  ordering.advance();
  assert.deepEqual([placed, ordering.blocked], [[2], 0]);
});

test('replayed events keep their order, and live ones do not wait for them', async () => {
  const { ordering, open } = setup();
  await open(1);
  const replayed = (sequence: number) =>
    storedWork(delivery({ sequence, orderingKey: 'a', status: 'pending', replay: 7 }));
  assert.equal(ordering.admit(replayed(1)), 'go');
  assert.equal(ordering.admit(replayed(2)), 'kept');
  assert.equal(ordering.admit(fresh(3)), 'go');
});

test('while a node is taken over nothing begins; then what it left has its place', async () => {
  const { clock, journal, ordering, placed, open } = setup();
  await open(1);
  const running = fresh(10, 1, 'b');
  assert.equal(ordering.admit(running), 'go');
  assert.ok(ordering.starts(running));
  const inLane = fresh(11);
  assert.equal(ordering.admit(inLane), 'go');
  ordering.hold();
  assert.equal(ordering.starts(inLane), false);
  assert.equal(ordering.admit(inLane), 'kept');
  assert.equal(ordering.admit(fresh(12, 1, 'b')), 'kept');
  // Its rows are ours now.
  const left = delivery({ sequence: 5, orderingKey: 'a' });
  await journal.commit(batch({ events: [newEvent({ sequence: 5 })], deliveries: [left] }));
  ordering.resume();
  await clock.advance(0);
  assert.deepEqual(placed, []);
  ordering.committed(batch({ deliveries: [{ ...left, status: 'exhausted' }] }));
  ordering.advance();
  assert.deepEqual(placed, [11]);
  ordering.committed(
    batch({ deliveries: [delivery({ sequence: 10, orderingKey: 'b', status: 'cancelled' })] }),
  );
  ordering.advance();
  assert.deepEqual(placed, [11], 'one that was cancelled in flight is still in flight');
});
