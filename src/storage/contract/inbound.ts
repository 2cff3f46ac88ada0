/** What came in through sources: events that name theirs, and requests that have a row. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_RECORDED_INBOUND_PER_SOURCE } from '../../domain/limits-sources.ts';
import { allPages, assertSame, stored } from './checks.ts';
import { batch, inboundRecord, newEvent, utf8 } from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';
import { describeInboundKeys } from './inbound-keys.ts';
import { describeInboundRetention } from './inbound-retention.ts';
import { describeInboundLists } from './inbound-lists.ts';

/** Rows that a store may keep beyond the bound, because it does not look at each single one. */
const SLACK_ROWS = 1_000;

export function describeInbound(harness: StorageHarness): void {
  describe('inbound requests', () => {
    const store = freshStore(harness);
    describe('events of a source', () => describeEvents(store));
    describe('rows', () => describeRows(store));
    describe('many rows', () => describeBound(store));
    describe('lists', () => describeInboundLists(store));
    describe('retention', () => describeInboundRetention(store));
    describe('keys of a source', () => describeInboundKeys(store));
  });
}

function sequencesOf(items: readonly { readonly sequence: number }[]): number[] {
  return items.map(({ sequence }) => sequence);
}

function describeEvents(store: StoreUnderTest): void {
  const events = [1, 2, 3, 4, 5].map((sequence) =>
    newEvent({
      sequence,
      tenant: sequence === 5 ? 2 : 1,
      source: sequence === 2 ? null : 7 + (sequence % 2),
      providerEventId: sequence === 3 ? 'evt_감' : null,
    }),
  );

  it('say so, and what their provider calls them', async () => {
    await store.journal.commit(batch({ events }));
    await store.reopen();
    for (const event of events) {
      assertSame(await store.journal.event(event.tenant, event.sequence), stored(event));
    }
    const page = await store.journal.listEvents(1, { limit: 10 });
    assertSame(page.items, events.slice(0, 4).map(stored).toReversed());
  });

  it('are found by their source, alone or with a type, on any size of page', async () => {
    await store.journal.commit(batch({ events }));
    for (const limit of [1, 2, 10]) {
      const found = await allPages(limit, (before: number | undefined) =>
        store.journal.listEvents(1, { source: 8, before, limit }),
      );
      assert.deepEqual(sequencesOf(found), [3, 1]);
    }
    const typed = { eventType: 'task.completed', source: 7, limit: 10 };
    assert.deepEqual(sequencesOf((await store.journal.listEvents(1, typed)).items), [4]);
    assertSame((await store.journal.listEvents(1, { source: 9, limit: 10 })).items, []);
    assertSame((await store.journal.listEvents(2, { source: 7, limit: 10 })).items, []);
  });
}

function describeRows(store: StoreUnderTest): void {
  it('are stored with the batch, once each, and come back as they were', async () => {
    const records = [
      inboundRecord({ sequence: 1, body: utf8('{"a":"감"}'), bodyBytes: 99_000_000_000 }),
      inboundRecord({
        sequence: 2,
        status: 'duplicate',
        reason: null,
        detail: null,
        eventSequence: 1,
        eventId: 'evt_1',
        providerEventId: 'p1',
      }),
      inboundRecord({ sequence: 3, status: 'handshake', body: null, remoteAddress: null }),
    ];
    await store.journal.commit(batch({ inbound: records }));
    // As after a commit whose answer got lost.
    await store.journal.commit(batch({ inbound: records.slice(1) }));
    await store.reopen();
    for (const record of records) {
      assertSame(await store.storage.inbound.find(1, record.sequence), record);
      assert.equal(await store.storage.inbound.find(2, record.sequence), undefined);
    }
    const { items } = await store.storage.inbound.list(1, { limit: 10 });
    assertSame(items, records.toReversed());
  });

  it('count for the highest sequence', async () => {
    await store.journal.commit(
      batch({ events: [newEvent({ sequence: 4 })], inbound: [inboundRecord({ sequence: 9 })] }),
    );
    await store.reopen();
    assert.equal((await store.journal.state()).lastSequence, 9);
  });

  it('are not stored with a batch that fails', async () => {
    const event = newEvent({ sequence: 1 });
    await store.journal.commit(batch({ events: [event] }));
    const inbound = [inboundRecord({ sequence: 2 })];
    await assert.rejects(store.journal.commit(batch({ events: [event], inbound })));
    assert.equal(await store.storage.inbound.find(1, 2), undefined);
  });
}

function describeBound(store: StoreUnderTest): void {
  it('of one source are bounded in number, and the oldest go', async () => {
    const count = MAX_RECORDED_INBOUND_PER_SOURCE + 2 * SLACK_ROWS;
    const other = inboundRecord({ sequence: 1, source: 2 });
    await store.journal.commit(batch({ inbound: [other] }));
    for (let first = 2; first < count + 2; first += 1_000) {
      const inbound = Array.from({ length: 1_000 }, (_, index) =>
        inboundRecord({ sequence: first + index, body: null }),
      );
      await store.journal.commit(batch({ inbound }));
    }
    const kept = await allPages(250, (before: number | undefined) =>
      store.storage.inbound.list(1, { source: 1, before, limit: 250 }),
    );
    assert.ok(kept.length >= MAX_RECORDED_INBOUND_PER_SOURCE, String(kept.length));
    assert.ok(kept.length <= MAX_RECORDED_INBOUND_PER_SOURCE + SLACK_ROWS, String(kept.length));
    assert.deepEqual(
      sequencesOf(kept),
      Array.from({ length: kept.length }, (_, index) => count + 1 - index),
    );
    assertSame(await store.storage.inbound.find(1, 1), other);
  });
}
