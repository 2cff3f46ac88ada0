import assert from 'node:assert/strict';
import { before as beforeAll, describe, it } from 'node:test';
import type {
  DeliveryPosition,
  DeliveryQuery,
  DeliveryView,
  EventQuery,
  EventRecord,
} from '../journal.ts';
import { allPages, assertSame, stored } from './checks.ts';
import { attempt, batch, createdAtOf, delivery, newEvent } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

/** More events than a store should look at for one page. */
const LONG_JOURNAL_EVENTS = 21_000;

/** Small, so that lists have pages. */
const PAGE_LIMIT = 2;

export function describeJournalLists(harness: StorageHarness): void {
  describe('journal: lists', () => {
    describe('of events', () => describeEventList(sharedStore(harness)));
    describe('of deliveries', () => describeDeliveryList(sharedStore(harness)));
    describe('of a long journal', () => describeLongJournal(sharedStore(harness)));
  });
}

async function eventsOf(
  { journal }: StoreUnderTest,
  query: Omit<EventQuery, 'before' | 'limit'>,
): Promise<readonly EventRecord[]> {
  const limit = PAGE_LIMIT;
  return allPages<EventRecord, number>(limit, (before) =>
    journal.listEvents(1, { ...query, before, limit }),
  );
}

async function deliveriesOf(
  { journal }: StoreUnderTest,
  query: Omit<DeliveryQuery, 'limit'>,
): Promise<readonly DeliveryView[]> {
  const limit = PAGE_LIMIT;
  return allPages<DeliveryView, DeliveryPosition>(limit, (before = query.before) =>
    journal.listDeliveries(1, { ...query, before, limit }),
  );
}

function describeEventList(store: StoreUnderTest): void {
  const events = [
    newEvent({ sequence: 1, eventType: 'task.created', taskId: 't1', runId: 'r1' }),
    newEvent({ sequence: 2, eventType: 'task.completed', taskId: 't1', metadata: '{"k":"v"}' }),
    newEvent({ sequence: 4, eventType: 'task.completed', taskId: 't2', runId: 'r1' }),
    newEvent({ sequence: 9, eventType: 'task', runId: 'r2' }),
  ];
  const found = async (query: Omit<EventQuery, 'before' | 'limit'>) =>
    (await eventsOf(store, query)).map((event) => event.sequence);

  beforeAll(async () => {
    await store.journal.commit(batch({ events }));
  });

  it('gives whole events, newest first', async () => {
    await store.reopen();
    assertSame(await eventsOf(store, {}), events.map(stored).toReversed());
  });

  it('filters by type, task and run, alone and together', async () => {
    assert.deepEqual(await found({ eventType: 'task.completed' }), [4, 2]);
    assert.deepEqual(await found({ eventType: 'task' }), [9]);
    assert.deepEqual(await found({ taskId: 't1' }), [2, 1]);
    assert.deepEqual(await found({ runId: 'r1' }), [4, 1]);
    assert.deepEqual(await found({ runId: 'r1', eventType: 'task.completed' }), [4]);
    assert.deepEqual(await found({ taskId: 't2', runId: 'r2' }), []);
  });

  it('filters by time, from the first bound up to but not including the second', async () => {
    assert.deepEqual(await found({ since: createdAtOf(2), until: createdAtOf(9) }), [4, 2]);
    assert.deepEqual(await found({ since: createdAtOf(9) }), [9]);
    assert.deepEqual(await found({ until: createdAtOf(1) }), []);
  });

  it('starts below the cursor, whether or not an event has that sequence', async () => {
    const expected: [before: number, first: number | undefined][] = [
      [9, 4],
      [8, 4],
      [1, undefined],
    ];
    for (const [before, first] of expected) {
      const { items } = await store.journal.listEvents(1, { before, limit: 1 });
      assert.equal(items[0]?.sequence, first, `before ${before}`);
    }
  });
}

function describeDeliveryList(store: StoreUnderTest): void {
  const found = async (query: Omit<DeliveryQuery, 'limit'>) => {
    const views = await deliveriesOf(store, query);
    return views.map(({ sequence, subscription }) => `${sequence}/${subscription}`).join(' ');
  };

  beforeAll(async () => {
    await store.journal.commit(
      batch({
        events: [
          newEvent({ sequence: 1, matched: [1, 2, 3], customId: 'mine' }),
          newEvent({ sequence: 2, matched: [1, 3] }),
          newEvent({ sequence: 3, matched: [2] }),
        ],
        attempts: [attempt({ sequence: 1, subscription: 1 })],
        deliveries: [
          delivery({ sequence: 1, subscription: 2, status: 'delivered', attempts: 2 }),
          delivery({ sequence: 1, subscription: 3, status: 'held' }),
          delivery({ sequence: 2, subscription: 3, status: 'pending', attempts: 0 }),
        ],
      }),
    );
  });

  it('goes from the newest event and the highest subscription down', async () => {
    assert.equal(await found({}), '3/2 2/3 2/1 1/3 1/2 1/1');
    assert.equal(await found({ before: { sequence: 2, subscription: 3 } }), '2/1 1/3 1/2 1/1');
    assert.equal(await found({ before: { sequence: 1, subscription: 1 } }), '');
  });

  it('filters by status, whether it is stored or implied', async () => {
    assert.equal(await found({ status: 'pending' }), '3/2 2/3 2/1');
    assert.equal(await found({ status: 'delivered' }), '1/2 1/1');
    assert.equal(await found({ status: 'held' }), '1/3');
    assert.equal(await found({ status: 'exhausted' }), '');
  });

  it('filters by subscription, alone and with a status', async () => {
    assert.equal(await found({ subscription: 3 }), '2/3 1/3');
    assert.equal(await found({ subscription: 1, status: 'pending' }), '2/1');
    assert.equal(await found({ subscription: 8 }), '');
  });

  it('shows each delivery as it is shown alone', async () => {
    const views = await deliveriesOf(store, {});
    const single = await Promise.all(
      views.map((view) => store.journal.delivery(1, view.sequence, view.subscription)),
    );
    assertSame(views, single);
    assert.equal(views.at(-1)?.customId, 'mine');
  });
}

function describeLongJournal(store: StoreUnderTest): void {
  it('finds a rare match at the far end by following the pages', async () => {
    const events = Array.from({ length: LONG_JOURNAL_EVENTS }, (_, index) =>
      newEvent({ sequence: index + 1, matched: index === 2 ? [7] : [1] }),
    );
    events[1] = newEvent({ sequence: 2, eventType: 'rare', taskId: 'rare' });
    await store.journal.commit(batch({ events, deliveries: [delivery({ status: 'held' })] }));
    const rare = stored(newEvent({ sequence: 2, eventType: 'rare', taskId: 'rare' }));
    assertSame(await eventsOf(store, { eventType: 'rare' }), [rare]);
    assertSame(await eventsOf(store, { taskId: 'rare' }), [rare]);
    const found = async (query: Omit<DeliveryQuery, 'limit'>) =>
      (await deliveriesOf(store, query)).map((view) => [view.sequence, view.subscription]);
    assert.deepEqual(await found({ subscription: 7 }), [[3, 7]]);
    assert.deepEqual(await found({ status: 'held' }), [[1, 1]]);
    assert.deepEqual(await found({ status: 'delivered' }), []);
  });
}
