import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StorageError } from '../storage.ts';
import { assertSame, stored } from './checks.ts';
import { attempt, batch, delivery, FIRST_DUE, newEvent, utf8 } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeJournalCommit(harness: StorageHarness): void {
  describe('journal: commit', () => {
    const store = sharedStore(harness);
    describeOneTransaction(store);
    describeRows(store);
    describeFields(store);
    describeBytes(store);
    describeManyEvents(store);
  });
}

function describeOneTransaction(store: StoreUnderTest): void {
  it('stores events, attempts and deliveries of one batch together', async () => {
    await store.journal.commit(batch({ events: [newEvent({ sequence: 1, matched: [1, 2] })] }));
    const refused = await store.journal.commit(
      batch({
        events: [newEvent({ sequence: 2 })],
        attempts: [attempt(), attempt({ subscription: 2, outcome: 'failed' })],
        deliveries: [delivery({ subscription: 2 })],
        lowWaterMark: 1,
      }),
    );
    assert.deepEqual(refused, []);
    await store.reopen();
    assertSame(await store.journal.state(), { lastSequence: 2, lowWaterMark: 1 });
    assert.equal((await store.journal.delivery(1, 1, 1))?.status, 'delivered');
    assert.equal((await store.journal.delivery(1, 1, 2))?.status, 'waiting');
    assert.equal((await store.journal.attempts(1, 2)).length, 1);
  });

  it('stores nothing of a batch that can not be stored whole', async () => {
    const taken = newEvent({ sequence: 12, matched: [1, 2] });
    await store.journal.commit(batch({ events: [taken] }));
    const before = await store.journal.state();
    const impossible = batch({
      events: [newEvent({ sequence: 13 }), { ...taken, customId: 'on a taken sequence' }],
      attempts: [attempt({ sequence: 12 })],
      deliveries: [delivery({ sequence: 12, subscription: 2 })],
      lowWaterMark: 12,
    });
    await assert.rejects(store.journal.commit(impossible), StorageError);
    await store.reopen();
    assertSame(await store.journal.state(), before);
    assert.equal(await store.journal.event(1, 13), undefined);
    assertSame(await store.journal.event(1, 12), stored(taken));
    assert.deepEqual(await store.journal.attempts(12, 1), []);
    assert.equal((await store.journal.delivery(1, 12, 2))?.status, 'pending');
  });

  it('takes an empty batch', async () => {
    const before = await store.journal.state();
    assert.deepEqual(await store.journal.commit(batch()), []);
    assertSame(await store.journal.state(), before);
  });
}

function describeRows(store: StoreUnderTest): void {
  it('lets the later of two rows for one delivery win, in a batch and across batches', async () => {
    const row = delivery({ sequence: 21, subscription: 21 });
    const ended = { ...row, attempts: 2, status: 'exhausted', nextAttemptAt: null } as const;
    const event = newEvent({ sequence: 21, matched: [21] });
    await store.journal.commit(batch({ events: [event], deliveries: [row, ended] }));
    const view = await store.journal.delivery(1, 21, 21);
    assert.deepEqual([view?.status, view?.attempts], ['exhausted', 2]);
    const revived = { ...row, attempts: 3, reason: 'resent by hand', updatedAt: row.updatedAt + 1 };
    await store.journal.commit(batch({ deliveries: [revived] }));
    const due = await store.journal.due(FIRST_DUE, Number.MAX_SAFE_INTEGER, 100);
    assertSame(
      due.filter(({ sequence }) => sequence === 21),
      [revived],
    );
  });
}

function describeFields(store: StoreUnderTest): void {
  it('keeps every field of an event, through a restart', async () => {
    const full = newEvent({
      sequence: 31,
      tenant: 3,
      eventType: 'order.수정됨',
      customId: 'my-own-id',
      taskId: 'task_1',
      runId: 'run_1',
      status: 'succès',
      orderingKey: 'customer 9',
      metadata: '{"note":"never delivered, never lost","emoji":"🔔"}',
      warnings: '[{"code":"schema_mismatch","pointer":"/data/ä","detail":"is required"}]',
      matched: [1, 300, 70_000],
    });
    const bare = newEvent({ sequence: 32, tenant: 3, matched: [] });
    await store.journal.commit(batch({ events: [full, bare] }));
    await store.reopen();
    assertSame(await store.journal.event(3, 31), stored(full));
    assertSame(await store.journal.event(3, 32), stored(bare));
  });
}

function describeBytes(store: StoreUnderTest): void {
  it('gives body bytes back exactly as they came', async () => {
    const body = utf8('{ "event_type":"x",\t"data":{"b":1.0,"a":"한국어 \\u00e9 é 🔔\u0000"} }\n');
    await store.journal.commit(batch({ events: [newEvent({ sequence: 41, body })] }));
    await store.reopen();
    assertSame((await store.journal.event(1, 41))?.body, body);
    const [content] = await store.journal.contents([41]);
    assertSame(content?.body, body);
  });

  it('takes bytes that are a window on a larger buffer, and leaves that usable', async () => {
    const pool = utf8('[first][second]');
    const events = [
      newEvent({ sequence: 51, body: pool.subarray(0, 7) }),
      newEvent({ sequence: 52, body: pool.subarray(7) }),
    ];
    await store.journal.commit(batch({ events }));
    assertSame(pool, utf8('[first][second]'));
    pool.fill(0);
    assertSame((await store.journal.event(1, 51))?.body, utf8('[first]'));
    assertSame((await store.journal.event(1, 52))?.body, utf8('[second]'));
  });
}

function describeManyEvents(store: StoreUnderTest): void {
  it('keeps the batches of callers that do not wait for each other', async () => {
    const sequences = Array.from({ length: 20 }, (_, index) => index + 101);
    const commits = sequences.map((sequence) =>
      store.journal.commit(batch({ events: [newEvent({ sequence })] })),
    );
    assert.deepEqual((await Promise.all(commits)).flat(), []);
    const contents = await store.journal.contents(sequences);
    assert.deepEqual(new Set(contents.map((content) => content.sequence)), new Set(sequences));
  });

  it('reads the contents of a thousand events at once and leaves unknown ones out', async () => {
    const events = Array.from({ length: 1_000 }, (_, index) =>
      newEvent({ sequence: index + 1_001, tenant: 1 + (index % 2), customId: `own-${index}` }),
    );
    await store.journal.commit(batch({ events }));
    const all = await store.journal.contents(events.map((event) => event.sequence));
    assert.equal(new Set(all.map((content) => content.sequence)).size, 1_000);
    const known = { sequence: 1_002, tenant: 2, customId: 'own-1' };
    const { createdAt, eventType, orderingKey, retry, body } = newEvent(known);
    assertSame(await store.journal.contents([4_711, 1_002]), [
      { ...known, createdAt, eventType, orderingKey, retry, body },
    ]);
    assert.deepEqual(await store.journal.contents([]), []);
  });

  it('orders events by sequence, also when a higher one was committed first', async () => {
    const events = [2_003, 2_001, 2_002].map((sequence) => newEvent({ sequence, tenant: 9 }));
    for (const event of events) await store.journal.commit(batch({ events: [event] }));
    assert.equal((await store.journal.state()).lastSequence, 2_003);
    const listed = await store.journal.listEvents(9, { limit: 10 });
    assert.deepEqual(
      listed.items.map((event) => event.sequence),
      [2_003, 2_002, 2_001],
    );
  });

  it('keeps a fan-out to a thousand subscriptions', async () => {
    const matched = Array.from({ length: 1_000 }, (_, index) => index * 3 + 1);
    await store.journal.commit(batch({ events: [newEvent({ sequence: 3_001, matched })] }));
    assertSame((await store.journal.event(1, 3_001))?.matched, matched);
    const views = await store.journal.deliveriesOf(1, 3_001);
    assert.deepEqual(
      views.map((view) => view.subscription),
      matched,
    );
  });

  it('takes sequences beyond 32 bits, with gaps', async () => {
    const sequence = 5_000_000_000;
    const event = newEvent({ sequence, customId: 'far' });
    await store.journal.commit(batch({ events: [event] }));
    assertSame(await store.journal.event(1, sequence), stored(event));
    assert.equal((await store.journal.delivery(1, sequence, 1))?.customId, 'far');
    assert.equal((await store.journal.state()).lastSequence, sequence);
  });
}
