/** What is old goes with all that belongs to it, and nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryState } from '../../domain/delivery-state.ts';
import type { Removal, RemovalOrder, RemovalPosition } from '../retention.ts';
import { dayOf } from '../tenant-data.ts';
import { assertSame } from './checks.ts';
import {
  attempt,
  batch,
  createdAtOf,
  dedupeKey,
  delivery,
  FIRST_DUE,
  newEvent,
} from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

const MAX_CHUNKS = 200;

type Wanted = Omit<RemovalOrder, 'after'>;

export function describeRetention(harness: StorageHarness): void {
  describe('retention', () => {
    const store = freshStore(harness);
    describe('what goes', () => describeRemoved(store));
    describe('what is left of it', () => describeTraces(store));
    describe('what stays', () => describeKept(store));
    describe('chunks', () => describeChunks(store));
  });
}

/** Follows `next` to the end. @returns what was removed, in chunks. */
async function removeAll(store: StoreUnderTest, wanted: Wanted): Promise<Removal[]> {
  const removals: Removal[] = [];
  let after: RemovalPosition | undefined;
  do {
    assert.ok(removals.length < MAX_CHUNKS, 'the removal does not end');
    const removal = await store.storage.retention.removeOld({ ...wanted, after });
    removals.push(removal);
    after = removal.next;
  } while (after !== undefined);
  return removals;
}

/** Removes the events up to this sequence, of one tenant or of all. */
async function removeTo(
  store: StoreUnderTest,
  last: number,
  tenant: number | null = null,
): Promise<number> {
  const removals = await removeAll(store, { tenant, createdBefore: createdAtOf(last + 1) });
  return removals.reduce((sum, { events }) => sum + events, 0);
}

/** Sequences of the events that are stored, of two tenants. */
async function left(store: StoreUnderTest): Promise<number[]> {
  const pages = await Promise.all(
    [1, 2].map((tenant) => store.journal.listEvents(tenant, { limit: 250 })),
  );
  return pages
    .flatMap(({ items }) => items.map(({ sequence }) => sequence))
    .toSorted((a, b) => a - b);
}

/** Events that were delivered at the first try. */
async function storeDelivered(store: StoreUnderTest, ...sequences: number[]): Promise<void> {
  const events = sequences.map((sequence) => newEvent({ sequence }));
  const attempts = sequences.map((sequence) => attempt({ sequence }));
  await store.journal.commit(batch({ events, attempts }));
}

function describeRemoved(store: StoreUnderTest): void {
  it('takes what is older than the instant, with attempts, deliveries and keys', async () => {
    const events = [1, 2, 3].map((sequence) =>
      newEvent({ sequence, matched: [1, 2], dedupe: [dedupeKey(`k${sequence}`)] }),
    );
    const attempts = [1, 2, 3].map((sequence) => attempt({ sequence }));
    const deliveries = [1, 2, 3].map((sequence) =>
      delivery({ sequence, subscription: 2, status: 'exhausted' }),
    );
    await store.journal.commit(batch({ events, attempts, deliveries, lowWaterMark: 3 }));
    assert.equal(await removeTo(store, 2), 2);
    assert.deepEqual(await left(store), [3]);
    for (const sequence of [1, 2]) {
      assert.equal(await store.journal.event(1, sequence), undefined);
      assertSame(await store.journal.attempts(sequence, 1), []);
      assertSame(await store.journal.deliveriesOf(1, sequence), []);
      const key = dedupeKey(`k${sequence}`).hash;
      assert.equal(await store.journal.sequenceOfKey(1, key), undefined);
    }
    const exhausted = await store.journal.listDeliveries(1, { status: 'exhausted', limit: 10 });
    assert.deepEqual(
      exhausted.items.map(({ sequence }) => sequence),
      [3],
    );
    assertSame(await store.journal.contents([1, 2]), []);
    assert.equal((await store.journal.attempts(3, 1)).length, 1);
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('k3').hash), 3);
  });

  it('takes held deliveries along, and those that nobody matched', async () => {
    const held = delivery({ sequence: 1, status: 'held' });
    const events = [
      newEvent({ sequence: 1, parked: [held] }),
      newEvent({ sequence: 2, matched: [] }),
    ];
    await store.journal.commit(batch({ events, lowWaterMark: 2 }));
    assert.equal(await removeTo(store, 5), 2);
    assert.equal(await store.journal.releaseHeld(1, createdAtOf(9), 10), 0);
  });

  it('frees the keys: the same event published again is a new one', async () => {
    const dedupe = [dedupeKey('order-1')];
    const event = newEvent({ sequence: 1, matched: [], dedupe });
    await store.journal.commit(batch({ events: [event], lowWaterMark: 1 }));
    await removeTo(store, 1);
    const again = newEvent({ sequence: 2, matched: [], dedupe });
    assert.deepEqual(await store.journal.commit(batch({ events: [again] })), []);
    const third = newEvent({ sequence: 3, matched: [], dedupe });
    const [refused] = await store.journal.commit(batch({ events: [third] }));
    assert.equal(refused?.existing.sequence, 2);
  });

  it('takes what was settled, also above the low-water mark', async () => {
    await storeDelivered(store, 1, 2);
    assert.equal((await store.journal.state()).lowWaterMark, 0);
    assert.equal(await removeTo(store, 2), 2);
  });
}

function describeTraces(store: StoreUnderTest): void {
  it('counts what it took, and counts the usage down', async () => {
    const size = newEvent().body.length;
    const events = [
      newEvent({ sequence: 1, matched: [], metadata: '{"n":"감"}' }),
      newEvent({ sequence: 2, matched: [], tenant: 2 }),
      newEvent({ sequence: 3, matched: [] }),
    ];
    await store.journal.commit(batch({ events, lowWaterMark: 3 }));
    const [removal] = await removeAll(store, { tenant: null, createdBefore: createdAtOf(3) });
    assertSame(removal, { events: 2, bytes: 2 * size + 11, next: undefined });
    const day = dayOf(createdAtOf(3));
    const counted = async (tenant: number) =>
      (await store.tenantData.usage(tenant)).filter((usage) => usage.events !== 0);
    assertSame(await counted(1), [{ day, events: 1, bytes: size }]);
    assertSame(await counted(2), []);
  });

  it('takes only the events of the tenant that is asked for, whatever their types', async () => {
    const events = Array.from({ length: 12 }, (_, index) =>
      newEvent({
        sequence: index + 1,
        tenant: 1 + (index % 2),
        eventType: `type.${index % 3}`,
        matched: [],
      }),
    );
    await store.journal.commit(batch({ events, lowWaterMark: 12 }));
    assert.equal(await removeTo(store, 8, 2), 4);
    assert.deepEqual(await left(store), [1, 3, 5, 7, 9, 10, 11, 12]);
    assert.equal(await removeTo(store, 8, 7), 0);
  });

  it('never gives a sequence again, also when nothing is left', async () => {
    await storeDelivered(store, 1, 2, 3);
    await removeTo(store, 9);
    assert.deepEqual(await left(store), []);
    await store.reopen();
    assert.equal((await store.journal.state()).lastSequence, 3);
  });
}

function describeKept(store: StoreUnderTest): void {
  const open: readonly DeliveryState[] = ['pending', 'waiting'];
  for (const status of open) {
    it(`an event with a delivery that is ${status}, until that is over`, async () => {
      const row = delivery({ sequence: 2, status });
      const attempts = [1, 2, 3].map((sequence) => attempt({ sequence }));
      const events = [1, 2, 3].map((sequence) => newEvent({ sequence, matched: [1, 5] }));
      const settled = [1, 2, 3].map((sequence) => attempt({ sequence, subscription: 5 }));
      await store.journal.commit(
        batch({ events, attempts: [...attempts, ...settled], deliveries: [row], lowWaterMark: 3 }),
      );
      assert.equal(await removeTo(store, 3), 2);
      assert.deepEqual(await left(store), [2]);
      assertSame(await store.journal.due(FIRST_DUE, Number.MAX_SAFE_INTEGER, 10), [row]);
      assert.equal((await store.journal.attempts(2, 5)).length, 1);
      const over = delivery({ sequence: 2, status: 'exhausted' });
      await store.journal.commit(batch({ deliveries: [over] }));
      assert.equal(await removeTo(store, 3), 1);
      assert.deepEqual(await left(store), []);
    });
  }

  it('an event whose delivery is implied pending, and nothing stays because of it', async () => {
    await storeDelivered(store, 1);
    await store.journal.commit(batch({ events: [newEvent({ sequence: 2 })] }));
    await storeDelivered(store, 3);
    assert.equal(await removeTo(store, 3), 2);
    assert.deepEqual(await left(store), [2]);
    const { pending } = await store.journal.unsettled(0, 10, 10);
    assert.deepEqual(
      pending.map(({ sequence }) => sequence),
      [2],
    );
    await store.journal.commit(batch({ attempts: [attempt({ sequence: 2 })] }));
    assert.equal(await removeTo(store, 3), 1);
  });

  it('whatever is not older, to the millisecond', async () => {
    await storeDelivered(store, 1, 2);
    const wanted = { tenant: null, createdBefore: createdAtOf(1) };
    assertSame(await removeAll(store, wanted), [{ events: 0, bytes: 0, next: undefined }]);
    await removeAll(store, { tenant: null, createdBefore: createdAtOf(1) + 1 });
    assert.deepEqual(await left(store), [2]);
  });
}

function describeChunks(store: StoreUnderTest): void {
  it('end, however much there is to remove, and nothing is missed', async () => {
    const sequences = Array.from({ length: 1_500 }, (_, index) => index + 1);
    const events = sequences.map((sequence) =>
      newEvent({ sequence, tenant: 1 + (sequence % 2), eventType: `t.${sequence % 5}` }),
    );
    const deliveries = sequences
      .filter((sequence) => sequence % 100 === 0)
      .map((sequence) => delivery({ sequence, tenant: 1 }));
    const attempts = sequences.map((sequence) => attempt({ sequence }));
    await store.journal.commit(batch({ events, attempts, deliveries, lowWaterMark: 1_500 }));
    const removals = await removeAll(store, { tenant: 2, createdBefore: createdAtOf(1_001) });
    assert.equal(
      removals.reduce((sum, { events: count }) => sum + count, 0),
      500,
    );
    assert.equal(await removeTo(store, 1_400), 500 - 10 + 200 + 200 - 4);
    const rest = await left(store);
    const kept = sequences.filter((sequence) => sequence > 1_400 || sequence % 100 === 0);
    assert.deepEqual(rest, kept);
  });

  it('take an event with more attempts than fit into one, and leave none of them', async () => {
    const matched = Array.from({ length: 1_200 }, (_, index) => index + 1);
    const attempts = matched.map((subscription) => attempt({ sequence: 1, subscription }));
    const deliveries = matched
      .slice(0, 600)
      .map((subscription) => delivery({ sequence: 1, subscription, status: 'held' }));
    const event = newEvent({ sequence: 1, matched });
    await store.journal.commit(batch({ events: [event], attempts, deliveries, lowWaterMark: 1 }));
    const removals = await removeAll(store, { tenant: 1, createdBefore: createdAtOf(2) });
    assert.equal(
      removals.reduce((sum, { events: count }) => sum + count, 0),
      1,
    );
    for (const subscription of [1, 300, 600, 601, 1_200]) {
      assertSame(await store.journal.attempts(1, subscription), []);
      assertSame(await store.journal.unfinished(subscription, 0, 10), []);
    }
  });

  it('go on after a restart', async () => {
    const sequences = Array.from({ length: 2_500 }, (_, index) => index + 1);
    await storeDelivered(store, ...sequences);
    const order = { tenant: null, createdBefore: createdAtOf(2_401), after: undefined };
    const { next } = await store.storage.retention.removeOld(order);
    assert.notEqual(next, undefined, 'one chunk took it all');
    await store.reopen();
    await removeTo(store, 2_400);
    assert.deepEqual(await left(store), sequences.slice(2_400));
  });
}
