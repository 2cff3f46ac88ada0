import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSame } from './checks.ts';
import { batch, createdAtOf, dedupeKey, delivery, newEvent, START_AT } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeDedupe(harness: StorageHarness): void {
  describe('journal: dedupe keys', () => {
    const store = sharedStore(harness);
    describeRefusal(store);
    describeBatch(store);
    describeReach(store);
  });
}

function describeRefusal(store: StoreUnderTest): void {
  it('refuses an event whose key is taken and tells of the one that has it', async () => {
    const first = newEvent({
      sequence: 4,
      customId: 'order-1',
      eventType: 'order.paid',
      matched: [2, 5, 9],
      dedupe: [dedupeKey('id order-1'), dedupeKey('idempotency k1', 'first request')],
    });
    await store.journal.commit(batch({ events: [first] }));
    await store.reopen();
    const repeat = newEvent({
      sequence: 5,
      dedupe: [dedupeKey('fresh'), dedupeKey('idempotency k1', 'other request')],
    });
    const refused = await store.journal.commit(batch({ events: [repeat] }));
    assertSame(refused, [
      {
        sequence: 5,
        existing: {
          sequence: 4,
          createdAt: createdAtOf(4),
          customId: 'order-1',
          eventType: 'order.paid',
          matchedCount: 3,
          fingerprint: dedupeKey('idempotency k1', 'first request').fingerprint,
        },
      },
    ]);
  });

  it('stores nothing of a refused event: no row, no parked delivery, no other key', async () => {
    const key = dedupeKey('a');
    await store.journal.commit(batch({ events: [newEvent({ sequence: 11, dedupe: [key] })] }));
    const refused = newEvent({
      sequence: 12,
      dedupe: [dedupeKey('b'), key],
      parked: [delivery({ sequence: 12, status: 'held', attempts: 0 })],
    });
    const other = newEvent({ sequence: 13, dedupe: [dedupeKey('b')] });
    const refusals = await store.journal.commit(batch({ events: [refused, other] }));
    assert.deepEqual(
      refusals.map((refusal) => refusal.sequence),
      [12],
    );
    assert.equal(await store.journal.event(1, 12), undefined);
    assert.equal(await store.journal.delivery(1, 12, 1), undefined);
    assert.equal(await store.journal.releaseHeld(1, START_AT, 10), 0);
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('b').hash), 13);
    assert.equal((await store.journal.state()).lastSequence, 13);
  });
}

function describeBatch(store: StoreUnderTest): void {
  it('refuses the later of two events of one batch, and stores the rest of it', async () => {
    const earlier = newEvent({ sequence: 21, dedupe: [dedupeKey('k', 'one')], matched: [1, 2] });
    const later = newEvent({ sequence: 22, dedupe: [dedupeKey('k', 'two')] });
    const unrelated = newEvent({ sequence: 23, dedupe: [dedupeKey('other')] });
    const refusals = await store.journal.commit(batch({ events: [earlier, later, unrelated] }));
    assert.deepEqual(
      refusals.map(({ sequence, existing }) => [sequence, existing.sequence]),
      [[22, 21]],
    );
    assert.equal(refusals[0]?.existing.matchedCount, 2);
    assertSame(refusals[0]?.existing.fingerprint, dedupeKey('k', 'one').fingerprint);
    assert.equal(await store.journal.event(1, 22), undefined);
    assert.equal((await store.journal.event(1, 23))?.sequence, 23);
  });

  it('lets exactly one of many unwaited commits claim a key', async () => {
    const sequences = Array.from({ length: 8 }, (_, index) => index + 31);
    const commits = sequences.map((sequence) =>
      store.journal.commit(
        batch({ events: [newEvent({ sequence, dedupe: [dedupeKey('raced')] })] }),
      ),
    );
    const refusals = (await Promise.all(commits)).flat();
    assert.equal(refusals.length, 7);
    const winner = await store.journal.sequenceOfKey(1, dedupeKey('raced').hash);
    const named = new Set(refusals.map((refusal) => refusal.existing.sequence));
    assert.deepEqual(named, new Set([winner]));
  });
}

function describeReach(store: StoreUnderTest): void {
  it('keeps the keys of tenants apart', async () => {
    const dedupe = [dedupeKey('same text')];
    const events = [
      newEvent({ sequence: 41, dedupe }),
      newEvent({ sequence: 42, tenant: 2, dedupe }),
    ];
    assert.deepEqual(await store.journal.commit(batch({ events })), []);
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('same text').hash), 41);
    assert.equal(await store.journal.sequenceOfKey(2, dedupeKey('same text').hash), 42);
    assert.equal(await store.journal.sequenceOfKey(3, dedupeKey('same text').hash), undefined);
  });

  it('finds an event by each of its keys, and none by an unknown key', async () => {
    const dedupe = [dedupeKey('id'), dedupeKey('idempotency')];
    await store.journal.commit(batch({ events: [newEvent({ sequence: 51, dedupe })] }));
    await store.reopen();
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('id').hash), 51);
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('idempotency').hash), 51);
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('unknown').hash), undefined);
  });

  it('does not let an event that names one key twice stand in its own way', async () => {
    const event = newEvent({ sequence: 61, dedupe: [dedupeKey('twice'), dedupeKey('twice')] });
    assert.deepEqual(await store.journal.commit(batch({ events: [event] })), []);
    assert.equal(await store.journal.sequenceOfKey(1, dedupeKey('twice').hash), 61);
  });

  it('never refuses events without a key', async () => {
    const events = [newEvent({ sequence: 71 }), newEvent({ sequence: 72 })];
    assert.deepEqual(await store.journal.commit(batch({ events })), []);
    assert.equal((await store.journal.state()).lastSequence, 72);
  });
}
