import assert from 'node:assert/strict';
import { before as beforeAll, describe, it } from 'node:test';
import type { DeliveryRecord, DuePosition } from '../journal.ts';
import { assertSame } from './checks.ts';
import { batch, delivery, FIRST_DUE, newEvent, START_AT } from './factories.ts';
import { freshStore, sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeJournalDue(harness: StorageHarness): void {
  describe('journal: due deliveries', () => {
    describe('in order', () => describeOrder(sharedStore(harness)));
    describe('who is due', () => describeWhoIsDue(freshStore(harness)));
    describe('release of held ones', () => describeRelease(freshStore(harness)));
    describe('unfinished ones', () => describeUnfinished(freshStore(harness)));
  });
}

function positionOf(row: DeliveryRecord): DuePosition {
  const { nextAttemptAt, sequence, subscription } = row;
  return { dueAt: nextAttemptAt ?? Number.NaN, sequence, subscription };
}

function held(sequence: number, subscription: number): DeliveryRecord {
  return delivery({ sequence, subscription, status: 'held', reason: 'it is paused' });
}

/** A delivery due that many milliseconds after the start. */
function dueIn(offsetMs: number, sequence: number, subscription: number): DeliveryRecord {
  return delivery({ sequence, subscription, nextAttemptAt: START_AT + offsetMs });
}

function describeOrder(store: StoreUnderTest): void {
  // Written in the order they fall due.
  const rows = [
    dueIn(100, 9, 1),
    dueIn(200, 1, 2),
    dueIn(200, 3, 1),
    dueIn(200, 3, 2),
    dueIn(200, 12, 1),
    dueIn(300, 2, 1),
  ];
  const events = [1, 2, 3, 9, 12].map((sequence) => newEvent({ sequence, matched: [1, 2] }));

  beforeAll(async () => {
    assert.equal(await store.journal.nextDueAt(FIRST_DUE), null);
    await store.journal.commit(batch({ events, deliveries: rows.toReversed() }));
  });

  it('orders by instant, then sequence, then subscription, with all fields', async () => {
    await store.reopen();
    assertSame(await store.journal.due(FIRST_DUE, START_AT + 300, 100), rows);
  });

  it('includes what is due at the bound and leaves out what comes after', async () => {
    assertSame(await store.journal.due(FIRST_DUE, START_AT + 200, 100), rows.slice(0, 5));
    assertSame(await store.journal.due(FIRST_DUE, START_AT + 199, 100), rows.slice(0, 1));
    assertSame(await store.journal.due(FIRST_DUE, START_AT + 99, 100), []);
  });

  it('starts strictly after the position, wherever among equal instants it is', async () => {
    for (const [index, row] of rows.entries()) {
      const found = await store.journal.due(positionOf(row), START_AT + 300, 2);
      assertSame(found, rows.slice(index + 1, index + 3), `after row ${index}`);
    }
  });

  it('names the earliest instant past the position', async () => {
    assert.equal(await store.journal.nextDueAt(FIRST_DUE), rows[0]?.nextAttemptAt);
    for (const [index, row] of rows.entries()) {
      const found = await store.journal.nextDueAt(positionOf(row));
      assert.equal(found, rows[index + 1]?.nextAttemptAt ?? null, `after row ${index}`);
    }
  });
}

function describeWhoIsDue(store: StoreUnderTest): void {
  it('never shows a delivery that waits for no try', async () => {
    const final = (['held', 'delivered', 'exhausted', 'cancelled'] as const).map((status, index) =>
      delivery({ status, subscription: index + 1 }),
    );
    const matched = final.map((row) => row.subscription);
    await store.journal.commit(batch({ events: [newEvent({ matched })], deliveries: final }));
    assertSame(await store.journal.due(FIRST_DUE, Number.MAX_SAFE_INTEGER, 100), []);
    assert.equal(await store.journal.nextDueAt(FIRST_DUE), null);
  });

  it('shows scheduled and waiting deliveries of every tenant', async () => {
    const scheduled = delivery({ attempts: 0, reason: null });
    const waiting = delivery({ sequence: 2, tenant: 2 });
    const events = [newEvent({ parked: [scheduled] }), newEvent({ sequence: 2, tenant: 2 })];
    await store.journal.commit(batch({ events, deliveries: [waiting] }));
    assertSame(await store.journal.due(FIRST_DUE, START_AT + 60_000, 100), [scheduled, waiting]);
  });

  it('follows a delivery to its new instant and forgets the old one', async () => {
    const first = dueIn(100, 1, 1);
    const moved = { ...first, nextAttemptAt: START_AT + 900, attempts: 2 };
    await store.journal.commit(batch({ events: [newEvent()], deliveries: [first] }));
    await store.journal.commit(batch({ deliveries: [moved] }));
    assertSame(await store.journal.due(FIRST_DUE, START_AT + 899, 100), []);
    assert.equal(await store.journal.nextDueAt(FIRST_DUE), START_AT + 900);
    const settled = { ...moved, nextAttemptAt: null, status: 'delivered' as const };
    await store.journal.commit(batch({ deliveries: [settled] }));
    assert.equal(await store.journal.nextDueAt(FIRST_DUE), null);
  });
}

function describeRelease(store: StoreUnderTest): void {
  const now = START_AT + 77_000;

  it('releases at most so many held deliveries of that subscription and counts them', async () => {
    const sequences = [1, 2, 3, 4, 5];
    const events = sequences.map((sequence) => newEvent({ sequence, matched: [1, 2] }));
    const deliveries = sequences.flatMap((sequence) => [held(sequence, 1), held(sequence, 2)]);
    await store.journal.commit(batch({ events, deliveries }));
    assert.equal(await store.journal.releaseHeld(1, now, 2), 2);
    assert.equal((await store.journal.due(FIRST_DUE, now, 100)).length, 2);
    assert.equal(await store.journal.releaseHeld(1, now, 3), 3);
    assert.equal(await store.journal.releaseHeld(1, now, 3), 0);
    const released = await store.journal.due(FIRST_DUE, now, 100);
    assert.deepEqual(
      released.map(({ sequence, subscription }) => [sequence, subscription]),
      sequences.map((sequence) => [sequence, 1]),
    );
    assert.equal((await store.journal.delivery(1, 1, 2))?.status, 'held');
  });

  it('makes a released delivery pending and due now, for good', async () => {
    const row = held(1, 1);
    await store.journal.commit(batch({ events: [newEvent({ parked: [row] })] }));
    assert.equal(await store.journal.releaseHeld(1, now, 10), 1);
    await store.reopen();
    const released = { ...row, status: 'pending', nextAttemptAt: now, reason: null };
    const [found] = await store.journal.due(FIRST_DUE, now, 10);
    assertSame({ ...found, updatedAt: row.updatedAt }, released);
  });

  it('touches no delivery that is not held', async () => {
    const rows = (['waiting', 'pending', 'exhausted', 'cancelled', 'delivered'] as const).map(
      (status, index) => delivery({ sequence: index + 1, status }),
    );
    const events = rows.map(({ sequence }) => newEvent({ sequence }));
    await store.journal.commit(
      batch({ events: [...events, newEvent({ sequence: 9 })], deliveries: rows }),
    );
    assert.equal(await store.journal.releaseHeld(1, now, 100), 0);
    const views = await Promise.all(rows.map((row) => store.journal.delivery(1, row.sequence, 1)));
    assert.deepEqual(
      views.map((view) => view?.status),
      rows.map((row) => row.status),
    );
  });
}

function describeUnfinished(store: StoreUnderTest): void {
  it('gives the rows of one subscription that are not over, in order of sequence', async () => {
    const states = ['waiting', 'delivered', 'held', 'exhausted', 'pending', 'cancelled'] as const;
    const rows = Array.from({ length: 18 }, (_, index) =>
      delivery({
        sequence: 18 - index,
        status: states[index % states.length] ?? 'held',
        orderingKey: index % 2 === 0 ? 'a' : null,
      }),
    );
    const events = rows.map(({ sequence }) => newEvent({ sequence, matched: [1, 2] }));
    const other = held(3, 2);
    await store.journal.commit(
      batch({ events: [...events, newEvent({ sequence: 99 })], deliveries: [...rows, other] }),
    );
    const wanted = rows.filter(({ status }) => ['waiting', 'held', 'pending'].includes(status));
    const inOrder = wanted.toSorted((a, b) => a.sequence - b.sequence);
    await store.reopen();
    assertSame(await store.journal.unfinished(1, 0, 100), inOrder);
    assertSame(await store.journal.unfinished(2, 0, 100), [other]);
    assertSame(await store.journal.unfinished(3, 0, 100), []);
    for (const limit of [1, 2, 4]) {
      const found: DeliveryRecord[] = [];
      let page: readonly DeliveryRecord[];
      do {
        page = await store.journal.unfinished(1, found.at(-1)?.sequence ?? 0, limit);
        found.push(...page);
      } while (page.length === limit);
      assertSame(found, inOrder, `${limit} at a time`);
    }
  });
}
