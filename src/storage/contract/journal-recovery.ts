import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JournalStore, UnsettledDelivery } from '../journal.ts';
import { assertSame } from './checks.ts';
import { attempt, batch, createdAtOf, delivery, newEvent } from './factories.ts';
import { freshStore, sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

const MAX_CALLS = 100;

export function describeJournalRecovery(harness: StorageHarness): void {
  describe('journal: recovery after a restart', () => {
    describe('state', () => describeState(freshStore(harness)));
    describe('unsettled deliveries', () => describeUnsettled(sharedStore(harness)));
  });
}

function describeState(store: StoreUnderTest): void {
  it('knows the last sequence and the low-water mark after a restart', async () => {
    assert.deepEqual(await store.journal.state(), { lastSequence: 0, lowWaterMark: 0 });
    const events = [newEvent({ sequence: 3 }), newEvent({ sequence: 8 })];
    await store.journal.commit(batch({ events, lowWaterMark: 3 }));
    await store.reopen();
    assert.deepEqual(await store.journal.state(), { lastSequence: 8, lowWaterMark: 3 });
  });

  it('never moves the low-water mark back', async () => {
    await store.journal.commit(batch({ events: [newEvent({ sequence: 9 })], lowWaterMark: 9 }));
    await store.journal.commit(batch({ lowWaterMark: 4 }));
    await store.journal.commit(batch({ lowWaterMark: null }));
    assert.equal((await store.journal.state()).lowWaterMark, 9);
    await store.reopen();
    assert.equal((await store.journal.state()).lowWaterMark, 9);
  });
}

function describeUnsettled(store: StoreUnderTest): void {
  it('finds the deliveries that have neither an attempt nor a row, in order', async () => {
    await store.journal.commit(
      batch({
        events: [
          newEvent({ sequence: 1, matched: [1, 2, 3] }),
          newEvent({ sequence: 2, matched: [] }),
          newEvent({ sequence: 3, tenant: 2, matched: [2, 7] }),
          newEvent({
            sequence: 4,
            matched: [4, 5],
            parked: [delivery({ sequence: 4, subscription: 4, status: 'held', attempts: 0 })],
          }),
        ],
      }),
    );
    await store.journal.commit(
      batch({
        attempts: [attempt({ sequence: 1, subscription: 2 })],
        deliveries: [delivery({ sequence: 3, subscription: 7, tenant: 2 })],
      }),
    );
    await store.reopen();
    assertSame(await store.journal.unsettled(0, 4, 100), {
      pending: [unsettled(1, 1), unsettled(1, 3), unsettled(3, 2, 2), unsettled(4, 5)],
      scannedTo: 4,
    });
  });

  it('looks past the first bound and up to the second, wherever events are', async () => {
    const events = [110, 120, 130, 140].map((sequence) => newEvent({ sequence }));
    await store.journal.commit(batch({ events }));
    const found = await store.journal.unsettled(110, 135, 100);
    assertSame(found, { pending: pairs([120, 130]), scannedTo: 135 });
    assertSame(await store.journal.unsettled(140, 190, 100), { pending: [], scannedTo: 190 });
    assertSame(await store.journal.unsettled(140, 140, 100), { pending: [], scannedTo: 140 });
  });

  it('goes on where it stopped until it has scanned everything', async () => {
    const sequences = [202, 203, 205, 208, 213, 221, 234];
    const events = sequences.map((sequence) => newEvent({ sequence }));
    await store.journal.commit(batch({ events, attempts: [attempt({ sequence: 205 })] }));
    const open = sequences.filter((sequence) => sequence !== 205);
    for (const limit of [1, 2, 7, 8]) {
      assertSame(await scanAll(store.journal, [200, 250], limit), pairs(open), `limit ${limit}`);
    }
  });
}

function unsettled(sequence: number, subscription: number, tenant = 1): UnsettledDelivery {
  const createdAt = createdAtOf(sequence);
  return { sequence, subscription, tenant, createdAt, orderingKey: null };
}

/** Of these events to subscription 1. */
function pairs(sequences: readonly number[]): UnsettledDelivery[] {
  return sequences.map((sequence) => unsettled(sequence, 1));
}

async function scanAll(
  journal: JournalStore,
  [from, upTo]: readonly [from: number, upTo: number],
  limit: number,
): Promise<UnsettledDelivery[]> {
  const found: UnsettledDelivery[] = [];
  let after = from;
  for (let calls = 0; calls < MAX_CALLS; calls += 1) {
    const { pending, scannedTo } = await journal.unsettled(after, upTo, limit);
    found.push(...pending);
    if (scannedTo === upTo) return found;
    assert.ok(scannedTo > after && scannedTo < upTo, `stuck at ${after}, got ${scannedTo}`);
    after = scannedTo;
  }
  return assert.fail(`the scan had not ended after ${MAX_CALLS} calls`);
}
