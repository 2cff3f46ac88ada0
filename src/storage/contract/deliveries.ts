import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSame } from './checks.ts';
import { attempt, batch, createdAtOf, delivery, newEvent, START_AT } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeDeliveries(harness: StorageHarness): void {
  describe('journal: deliveries as a reader sees them', () => {
    const store = sharedStore(harness);
    describeOneView(store);
    describeAllOfAnEvent(store);
    describeTenants(store);
  });
}

function describeOneView(store: StoreUnderTest): void {
  it('implies a pending delivery from the event alone', async () => {
    await store.journal.commit(batch({ events: [newEvent({ sequence: 6, matched: [4] })] }));
    assertSame(await store.journal.delivery(1, 6, 4), {
      sequence: 6,
      subscription: 4,
      createdAt: createdAtOf(6),
      customId: null,
      status: 'pending',
      attempts: 0,
      orderingKey: null,
      nextAttemptAt: null,
      reason: null,
    });
  });

  it('implies delivered at the first try from an attempt without a row', async () => {
    const event = newEvent({ sequence: 11, customId: 'mine' });
    await store.journal.commit(batch({ events: [event], attempts: [attempt({ sequence: 11 })] }));
    await store.reopen();
    assertSame(await store.journal.delivery(1, 11, 1), {
      sequence: 11,
      subscription: 1,
      createdAt: createdAtOf(11),
      customId: 'mine',
      status: 'delivered',
      attempts: 1,
      orderingKey: null,
      nextAttemptAt: null,
      reason: null,
    });
  });

  it('believes a row before it believes attempts', async () => {
    const row = delivery({
      sequence: 21,
      attempts: 2,
      orderingKey: null,
      nextAttemptAt: START_AT + 99_000,
      reason: 'dns: no name',
    });
    const failed = attempt({ sequence: 21, outcome: 'failed' });
    await store.journal.commit(
      batch({
        events: [newEvent({ sequence: 21, customId: 'mine' })],
        attempts: [failed, { ...failed, number: 2 }],
        deliveries: [row],
      }),
    );
    assertSame(await store.journal.delivery(1, 21, 1), {
      sequence: 21,
      subscription: 1,
      createdAt: createdAtOf(21),
      customId: 'mine',
      status: 'waiting',
      attempts: 2,
      orderingKey: null,
      nextAttemptAt: START_AT + 99_000,
      reason: 'dns: no name',
    });
  });
}

function describeAllOfAnEvent(store: StoreUnderTest): void {
  it('lists the deliveries of an event by subscription, however each is known', async () => {
    const sequence = 31;
    const event = newEvent({
      sequence,
      matched: [11, 2, 30, 5],
      parked: [delivery({ sequence, subscription: 30, status: 'held', attempts: 0 })],
    });
    await store.journal.commit(
      batch({
        events: [event, newEvent({ sequence: 32, matched: [2] })],
        attempts: [
          attempt({ sequence, subscription: 11 }),
          attempt({ sequence, subscription: 2, outcome: 'failed' }),
        ],
        deliveries: [delivery({ sequence, subscription: 2, status: 'exhausted' })],
      }),
    );
    const views = await store.journal.deliveriesOf(1, sequence);
    assert.deepEqual(
      views.map((view) => [view.subscription, view.status, view.attempts]),
      [
        [2, 'exhausted', 1],
        [5, 'pending', 0],
        [11, 'delivered', 1],
        [30, 'held', 0],
      ],
    );
    const single = await Promise.all(
      [2, 5, 11, 30].map((n) => store.journal.delivery(1, sequence, n)),
    );
    assertSame(views, single);
  });

  it('knows no delivery to a subscription the event did not match', async () => {
    await store.journal.commit(batch({ events: [newEvent({ sequence: 41, matched: [1, 3] })] }));
    assert.equal(await store.journal.delivery(1, 41, 2), undefined);
    assert.equal(await store.journal.delivery(1, 42, 1), undefined);
    assert.deepEqual(await store.journal.deliveriesOf(1, 42), []);
  });
}

function describeTenants(store: StoreUnderTest): void {
  it('shows a tenant nothing of another', async () => {
    await store.journal.commit(
      batch({
        events: [
          newEvent({ sequence: 51, matched: [1, 2, 3] }),
          newEvent({ sequence: 52, tenant: 2, matched: [9] }),
        ],
        attempts: [attempt({ sequence: 51, subscription: 2 })],
        deliveries: [delivery({ sequence: 51, subscription: 3 })],
      }),
    );
    const { journal } = store;
    assert.equal(await journal.event(2, 51), undefined);
    assert.deepEqual(await journal.deliveriesOf(2, 51), []);
    const views = await Promise.all([1, 2, 3].map((number) => journal.delivery(2, 51, number)));
    assert.deepEqual(views, [undefined, undefined, undefined]);
    const events = await journal.listEvents(2, { limit: 10 });
    assert.deepEqual(
      events.items.map((event) => event.sequence),
      [52],
    );
    const deliveries = await journal.listDeliveries(2, { limit: 10 });
    assert.deepEqual(
      deliveries.items.map((view) => view.sequence),
      [52],
    );
  });

  it('keeps deliveries of other tenants out of a filtered list as well', async () => {
    await store.journal.commit(
      batch({
        events: [newEvent({ sequence: 61 }), newEvent({ sequence: 62, tenant: 3 })],
        deliveries: [
          delivery({ sequence: 61, status: 'exhausted' }),
          delivery({ sequence: 62, status: 'exhausted', tenant: 3 }),
        ],
      }),
    );
    const query = { status: 'exhausted', subscription: 1, limit: 10 } as const;
    const { items } = await store.journal.listDeliveries(3, query);
    assert.deepEqual(
      items.map((view) => view.sequence),
      [62],
    );
  });
}
