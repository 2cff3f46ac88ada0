import assert from 'node:assert/strict';
import { before as beforeAll, describe, it } from 'node:test';
import type {
  DeliveryPosition,
  DeliveryQuery,
  DeliveryView,
  EventQuery,
  EventRecord,
  JournalStore,
} from '../journal.ts';
import { allPages, assertSame, stored } from './checks.ts';
import { attempt, batch, createdAtOf, delivery, newEvent } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

/** More events than a store should look at for one page. */
const LONG_JOURNAL_EVENTS = 21_000;

export function describeJournalLists(harness: StorageHarness): void {
  describe('journal: lists', () => {
    describe('events', () => describeEventList(sharedStore(harness)));
    describe('deliveries', () => describeDeliveryList(sharedStore(harness)));
    describe('a long journal', () => describeLongJournal(sharedStore(harness)));
  });
}

async function sequencesOf(journal: JournalStore, query: Omit<EventQuery, 'before' | 'limit'>) {
  const found = await allPages<EventRecord, number>(2, (before) =>
    journal.listEvents(1, { ...query, before, limit: 2 }),
  );
  return found.map((event) => event.sequence);
}

function describeEventList(store: StoreUnderTest): void {
  const events = [
    newEvent({ sequence: 1, eventType: 'task.created', taskId: 't1', runId: 'r1' }),
    newEvent({ sequence: 2, eventType: 'task.completed', taskId: 't1', metadata: '{"k":"v"}' }),
    newEvent({ sequence: 4, eventType: 'task.completed', taskId: 't2', runId: 'r1' }),
    newEvent({ sequence: 9, eventType: 'task', runId: 'r2' }),
  ];

  beforeAll(async () => {
    await store.journal.commit(batch({ events }));
  });

  it('gives whole events, newest first', async () => {
    await store.reopen();
    const page = await store.journal.listEvents(1, { limit: 100 });
    assertSame(page.items, events.map(stored).toReversed());
  });

  it('filters by type, task, run and time, alone and together', async () => {
    const found = sequencesOf.bind(null, store.journal);
    assert.deepEqual(await found({}), [9, 4, 2, 1]);
    assert.deepEqual(await found({ eventType: 'task.completed' }), [4, 2]);
    assert.deepEqual(await found({ eventType: 'task' }), [9]);
    assert.deepEqual(await found({ taskId: 't1' }), [2, 1]);
    assert.deepEqual(await found({ runId: 'r1' }), [4, 1]);
    assert.deepEqual(await found({ runId: 'r1', eventType: 'task.completed' }), [4]);
    assert.deepEqual(await found({ taskId: 't2', runId: 'r2' }), []);
    assert.deepEqual(await found({ since: createdAtOf(2), until: createdAtOf(9) }), [4, 2]);
    assert.deepEqual(await found({ since: createdAtOf(9) }), [9]);
    assert.deepEqual(await found({ until: createdAtOf(1) }), []);
  });

  it('starts below the cursor, whether or not an event has that sequence', async () => {
    const below = async (before: number) => {
      const { items } = await store.journal.listEvents(1, { before, limit: 10 });
      return items.map((event) => event.sequence);
    };
    assert.deepEqual(await below(9), [4, 2, 1]);
    assert.deepEqual(await below(8), [4, 2, 1]);
    assert.deepEqual(await below(1), []);
  });
}

function describeDeliveryList(store: StoreUnderTest): void {
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
  const found = async (query: Omit<DeliveryQuery, 'limit'>) => {
    const { items } = await store.journal.listDeliveries(1, { ...query, limit: 100 });
    return items.map(({ sequence, subscription }) => `${sequence}/${subscription}`).join(' ');
  };

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
    const { items } = await store.journal.listDeliveries(1, { limit: 100 });
    const single = await Promise.all(
      items.map((view) => store.journal.delivery(1, view.sequence, view.subscription)),
    );
    assertSame(items, single);
    assert.equal(items.at(-1)?.customId, 'mine');
  });
}

function describeLongJournal(store: StoreUnderTest): void {
  it('finds a rare match at the far end of a long journal by following the pages', async () => {
    const events = Array.from({ length: LONG_JOURNAL_EVENTS }, (_, index) =>
      newEvent({
        sequence: index + 1,
        eventType: index === 1 ? 'rare' : 'common',
        matched: index === 2 ? [7] : [1],
      }),
    );
    const held = delivery({ status: 'held' });
    await store.journal.commit(batch({ events, deliveries: [held] }));
    const { journal } = store;
    const rare = await allPages<EventRecord, number>(5, (before) =>
      journal.listEvents(1, { eventType: 'rare', before, limit: 5 }),
    );
    assert.deepEqual(
      rare.map((event) => event.sequence),
      [2],
    );
    const deliveries = async (query: Omit<DeliveryQuery, 'limit' | 'before'>) => {
      const views = await allPages<DeliveryView, DeliveryPosition>(5, (before) =>
        journal.listDeliveries(1, { ...query, before, limit: 5 }),
      );
      return views.map((view) => [view.sequence, view.subscription]);
    };
    assert.deepEqual(await deliveries({ subscription: 7 }), [[3, 7]]);
    assert.deepEqual(await deliveries({ status: 'held' }), [[1, 1]]);
    assert.deepEqual(await deliveries({ status: 'delivered' }), []);
  });
}
