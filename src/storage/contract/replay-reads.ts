import assert from 'node:assert/strict';
import { before as beforeAll, describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { FinalDeliveryState } from '../../domain/delivery-state.ts';
import type { DeliveryPosition, DeliveryRecord } from '../journal.ts';
import type { Candidate, CandidateScan, ReplayStore } from '../replays.ts';
import { assertSame } from './checks.ts';
import { attempt, batch, createdAtOf, delivery, newEvent } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';
import { journalPlan, JournalWorld } from './journal-world.ts';

const MAX_CALLS = 200;
const MINUTE_MS = 60_000;
const FINAL = ['delivered', 'exhausted', 'cancelled'] as const;

export function describeReplayReads(harness: StorageHarness): void {
  describe('replays: what they read of the journal', () => {
    describe('events', () => describeCandidates(sharedStore(harness)));
    describe('random journals', () => describeModel(sharedStore(harness)));
    describe('bounds in time', () => describeRange(sharedStore(harness)));
    describe('deliveries as they stand', () => describeStandings(sharedStore(harness)));
    describe('deliveries of a replay', () => describeDeliveries(sharedStore(harness)));
  });
}

/** Follows `scannedTo` to the end. */
async function scanAll(
  replays: ReplayStore,
  tenant: number,
  scan: CandidateScan,
): Promise<Candidate[]> {
  const events: Candidate[] = [];
  let { after } = scan;
  for (let calls = 0; calls < MAX_CALLS; calls += 1) {
    const found = await replays.candidates(tenant, { ...scan, after });
    events.push(...found.events);
    if (found.scannedTo === scan.upTo) return events;
    assert.ok(found.scannedTo > after && found.scannedTo < scan.upTo, `stuck at ${after}`);
    after = found.scannedTo;
  }
  return assert.fail(`the scan had not ended after ${MAX_CALLS} calls`);
}

/** Of two tenants; 2/8 is there by a replay, the event did not match subscription 8. */
const EVENTS = [
  newEvent({
    sequence: 1,
    matched: [1, 2],
    eventType: 'a.b',
    taskId: 't',
    orderingKey: 'k',
    source: 4,
    metadata: '{"a":1}',
  }),
  newEvent({ sequence: 2, matched: [] }),
  newEvent({ sequence: 4, tenant: 2, matched: [9] }),
  newEvent({ sequence: 7, matched: [1, 2, 3] }),
  newEvent({ sequence: 9, matched: [2] }),
];
const DELIVERIES = [
  delivery({ sequence: 1, subscription: 2, status: 'exhausted' }),
  delivery({ sequence: 2, subscription: 8, status: 'cancelled' }),
  delivery({ sequence: 4, subscription: 9, tenant: 2, status: 'exhausted' }),
  delivery({ sequence: 7, subscription: 1, status: 'exhausted' }),
  delivery({ sequence: 7, subscription: 3, status: 'exhausted' }),
  delivery({ sequence: 9, subscription: 2, status: 'held' }),
];

function describeCandidates(store: StoreUnderTest): void {
  beforeAll(async () => {
    await store.journal.commit(batch({ events: EVENTS }));
    const attempts = [attempt({ sequence: 1, subscription: 1 })];
    await store.journal.commit(batch({ attempts, deliveries: DELIVERIES }));
  });
  const found = async (
    statuses: readonly FinalDeliveryState[],
    subscription: number | null = null,
    limit = 100,
  ) => {
    const scan = { after: 0, upTo: 50, limit, deliveries: { statuses, subscription } };
    const all = await scanAll(store.replays, 1, scan);
    return all.map((event) => `${event.sequence}: ${event.subscriptions.join()}`);
  };

  it('gives the events of one tenant between the bounds, in order, with all fields', async () => {
    await store.reopen();
    const scan = { after: 0, upTo: 50, limit: 100, deliveries: null };
    const all = await store.replays.candidates(1, scan);
    const mine = EVENTS.filter(({ tenant }) => tenant === 1);
    assertSame(all, { events: mine.map((event) => candidateOf(event, [])), scannedTo: 50 });
    const some = await scanAll(store.replays, 1, { ...scan, after: 1, upTo: 7 });
    assert.deepEqual(
      some.map(({ sequence }) => sequence),
      [2, 7],
    );
    for (const limit of [1, 2, 5, 6]) {
      assertSame(await scanAll(store.replays, 1, { ...scan, limit }), all.events);
    }
  });

  it('gives those with a delivery in a state, and which they are', async () => {
    assert.deepEqual(await found(['exhausted']), ['1: 2', '7: 1,3']);
    assert.deepEqual(await found(['cancelled', 'exhausted']), ['1: 2', '2: 8', '7: 1,3']);
    assert.deepEqual(await found(['delivered']), ['1: 1']);
    assert.deepEqual(await found(FINAL), ['1: 1,2', '2: 8', '7: 1,3']);
    for (const limit of [1, 2, 3]) {
      assert.deepEqual(await found(['cancelled', 'exhausted'], null, limit), [
        '1: 2',
        '2: 8',
        '7: 1,3',
      ]);
    }
  });

  it('gives those of one subscription alone', async () => {
    assert.deepEqual(await found(['exhausted'], 1), ['7: 1']);
    assert.deepEqual(await found(FINAL, 1), ['1: 1', '7: 1']);
    assert.deepEqual(await found(['exhausted'], 9), [], 'it belongs to another tenant');
    assert.deepEqual(await found(FINAL, 9), []);
  });
}

function candidateOf(
  event: ReturnType<typeof newEvent>,
  subscriptions: readonly number[],
): Candidate {
  const { sequence, createdAt, eventType, taskId, orderingKey, source, metadata } = event;
  return { sequence, createdAt, eventType, taskId, orderingKey, source, metadata, subscriptions };
}

function describeModel(store: StoreUnderTest): void {
  it('finds what the lists of deliveries show, whatever is asked', async () => {
    let last = 0;
    let tenant = 0;
    const statuses = fc.subarray([...FINAL], { minLength: 1 });
    const subscription = fc.constantFrom(null, 1, 3);
    const property = fc.asyncProperty(
      journalPlan,
      statuses,
      subscription,
      fc.integer({ min: 1, max: 7 }),
      async (plan, wanted, of, limit) => {
        tenant += 2;
        const world = new JournalWorld(plan, last, tenant);
        const after = last;
        last = Math.max(last, world.lastSequence);
        for (const part of world.batches()) await store.journal.commit(part);
        const deliveries = { statuses: wanted, subscription: of };
        const scan = { after, upTo: last, limit, deliveries };
        const events = await scanAll(store.replays, tenant, scan);
        const pairs = events.flatMap(({ sequence, subscriptions }) =>
          subscriptions.map((number) => `${sequence}/${number}`),
        );
        const expected = wanted
          .flatMap((status) =>
            world.matchingDeliveries(of === null ? { status } : { status, subscription: of }),
          )
          .toSorted((a, b) => a.sequence - b.sequence || a.subscription - b.subscription);
        assert.deepEqual(
          pairs,
          expected.map((view) => `${view.sequence}/${view.subscription}`),
        );
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });
}

function describeRange(store: StoreUnderTest): void {
  const events = Array.from({ length: 500 }, (_, index) => {
    const sequence = 10 + 2 * index;
    // A clock that steps back by up to ten seconds.
    return newEvent({ sequence, createdAt: createdAtOf(sequence) - (index % 7 === 0 ? 9_000 : 0) });
  });
  beforeAll(async () => {
    assertSame(await store.replays.range(0, Number.MAX_SAFE_INTEGER), { after: 0, upTo: 0 });
    await store.journal.commit(batch({ events }));
  });

  it('holds all events of the time asked for, and little else', async () => {
    const spans: [number, number][] = [
      [0, Number.MAX_SAFE_INTEGER],
      [createdAtOf(10), createdAtOf(11)],
      [createdAtOf(300), createdAtOf(420)],
      [createdAtOf(1_000), createdAtOf(99_999)],
    ];
    for (const [since, until] of spans) {
      const { after, upTo } = await store.replays.range(since, until);
      for (const { sequence, createdAt } of events) {
        const inside = sequence > after && sequence <= upTo;
        if (createdAt >= since && createdAt < until) assert.ok(inside, `${sequence} is left out`);
        const far = createdAt < since - 2 * MINUTE_MS || createdAt > until + 2 * MINUTE_MS;
        if (far) assert.ok(!inside, `${sequence} is far outside`);
      }
      assert.ok(upTo <= 10 + 2 * 499);
    }
  });

  it('is empty where there is nothing', async () => {
    for (const [since, until] of [
      [0, 1_000],
      [createdAtOf(100_000), createdAtOf(100_001)],
    ] as const) {
      const { after, upTo } = await store.replays.range(since, until);
      assert.equal(upTo - after, 0);
    }
  });
}

function describeStandings(store: StoreUnderTest): void {
  it('tells what stands in a row, what the event implies, and what is not there', async () => {
    const row = delivery({
      sequence: 5,
      subscription: 3,
      status: 'pending',
      attempts: 4,
      attemptsBefore: 4,
      replay: 77,
    });
    await store.journal.commit(
      batch({
        events: [newEvent({ sequence: 5, matched: [1, 2] }), newEvent({ sequence: 6 })],
        attempts: [attempt({ sequence: 5, subscription: 2 })],
        deliveries: [row],
      }),
    );
    await store.reopen();
    const positions = [ask(6, 1), ask(5, 3), ask(5, 2), ask(5, 1), ask(5, 9), ask(404, 1)];
    const implied = { attemptsBefore: 0, replay: null };
    assertSame(await store.replays.standings(positions), [
      { sequence: 6, subscription: 1, status: 'pending', attempts: 0, ...implied },
      standingOf(row),
      { sequence: 5, subscription: 2, status: 'delivered', attempts: 1, ...implied },
      { sequence: 5, subscription: 1, status: 'pending', attempts: 0, ...implied },
      undefined,
      undefined,
    ]);
    assertSame(await store.replays.standings([]), []);
  });
}

function ask(sequence: number, subscription: number): DeliveryPosition {
  return { sequence, subscription };
}

function standingOf(row: DeliveryRecord) {
  const { sequence, subscription, status, attempts, attemptsBefore, replay } = row;
  return { sequence, subscription, status, attempts, attemptsBefore, replay };
}

function describeDeliveries(store: StoreUnderTest): void {
  it('finds the rows that name a replay, page by page, whatever their state', async () => {
    const events = [2, 3, 5].map((sequence) => newEvent({ sequence, matched: [1, 2] }));
    const mine = [
      delivery({ sequence: 2, subscription: 1, status: 'pending', replay: 7 }),
      delivery({ sequence: 2, subscription: 2, status: 'delivered', replay: 7 }),
      delivery({ sequence: 5, subscription: 1, status: 'held', replay: 7 }),
    ];
    const others = [
      delivery({ sequence: 3, subscription: 1, status: 'pending', replay: 8 }),
      delivery({ sequence: 3, subscription: 2, status: 'pending' }),
    ];
    await store.journal.commit(batch({ events, deliveries: [...others, ...mine.toReversed()] }));
    await store.reopen();
    const found = (after: readonly [number, number], limit: number) =>
      store.replays.deliveries(7, { sequence: after[0], subscription: after[1] }, limit);
    assertSame(await found([0, 0], 10), mine);
    assertSame(await found([2, 1], 1), mine.slice(1, 2));
    assertSame(await found([2, 2], 10), mine.slice(2));
    assertSame(await found([5, 1], 10), []);
  });
}
