/** What a source sends again is known again. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { NewEvent, RefusedDuplicate } from '../journal.ts';
import { assertSame } from './checks.ts';
import { batch, createdAtOf, dedupeKey, newEvent } from './factories.ts';
import type { StoreUnderTest } from './harness.ts';

export function describeInboundKeys(store: StoreUnderTest): void {
  describeOutliving(store);
  describeClaims(store);
}

const key = (sequence: number) => dedupeKey(`k${sequence}`);

function describeOutliving(store: StoreUnderTest): void {
  const remove = async (last: number, keysKeptSince?: number) => {
    const order = { tenant: null, createdBefore: createdAtOf(last + 1), keysKeptSince };
    let after;
    do {
      const removal = await store.storage.retention.removeOld({ ...order, after });
      after = removal.next;
    } while (after !== undefined);
  };
  it('outlive an event that is removed early, and say what it was', async () => {
    const events = [1, 2, 3].map((sequence) =>
      newEvent({
        sequence,
        source: sequence === 3 ? null : 1,
        customId: `own-${sequence}`,
        matched: [],
        dedupe: [key(sequence)],
      }),
    );
    await store.journal.commit(batch({ events, lowWaterMark: 3 }));
    await remove(3, createdAtOf(2));
    await store.reopen();
    assert.equal(await store.journal.event(1, 2), undefined);
    assertSame(await repeat(store, 2, 10), [
      {
        sequence: 10,
        existing: {
          sequence: 2,
          createdAt: createdAtOf(2),
          customId: 'own-2',
          eventType: 'task.completed',
          matchedCount: 0,
          fingerprint: key(2).fingerprint,
        },
      },
    ]);
    assertSame(await repeat(store, 1, 11), [], 'accepted too long ago');
    assertSame(await repeat(store, 3, 12), [], 'a publisher’s');
  });

  it('go in the end', async () => {
    const event = newEvent({ sequence: 1, source: 1, matched: [], dedupe: [key(1)] });
    await store.journal.commit(batch({ events: [event], lowWaterMark: 1 }));
    await remove(1, 0);
    const { retention } = store.storage;
    const none = { tenant: null, receivedBefore: null };
    assert.equal(await retention.removeOldInbound({ ...none, keysBefore: createdAtOf(1) }), 0);
    assert.equal((await repeat(store, 1, 5)).length, 1);
    assert.equal(await retention.removeOldInbound({ ...none, keysBefore: createdAtOf(2) }), 1);
    assertSame(await repeat(store, 1, 6), []);
  });
}

function describeClaims(store: StoreUnderTest): void {
  it('let one of many repeats in, in one batch and over several at once', async () => {
    const batches = [0, 1, 2, 3].map((n) =>
      store.journal.commit(batch({ events: [1, 2, 3, 4, 5].map((k) => same(n * 5 + k)) })),
    );
    const refused = (await Promise.all(batches)).flat();
    assert.equal(refused.length, 19);
    const holders = new Set(refused.map(({ existing }) => existing.sequence));
    assert.equal(holders.size, 1);
  });

  it('are not claimed by a batch that fails', async () => {
    const taken = newEvent({ sequence: 1 });
    await store.journal.commit(batch({ events: [taken] }));
    const event = newEvent({ sequence: 2, source: 1, dedupe: [key(9)] });
    await assert.rejects(store.journal.commit(batch({ events: [event, taken] })));
    assertSame(await repeat(store, 9, 3), []);
  });
}

function same(sequence: number): NewEvent {
  return newEvent({ sequence, source: 1, dedupe: [key(1)] });
}

/** Stores the event that claims a key once more. */
function repeat(
  store: StoreUnderTest,
  sequence: number,
  at: number,
): Promise<readonly RefusedDuplicate[]> {
  const event = newEvent({ sequence: at, source: 1, dedupe: [key(sequence)] });
  return store.journal.commit(batch({ events: [event] }));
}
