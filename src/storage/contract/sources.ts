/** Rows of sources, and what poll sources remember. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSame } from './checks.ts';
import { pollState, sourceRecord, START_AT } from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeSources(harness: StorageHarness): void {
  describe('sources', () => {
    const store = freshStore(harness);
    describeRows(store);
    describe('poll state', () => describePollStates(store));
  });
}

function describeRows(store: StoreUnderTest): void {
  it('come back as they were, all or those that are asked for', async () => {
    const records = [1, 2, 3].map((number) =>
      sourceRecord({ number, tenant: number, tokenHash: `hash ${number}` }),
    );
    for (const record of records.toReversed()) await store.control.insertSource(record);
    await store.reopen();
    assertSame(await store.control.sources(), records);
    assertSame(await store.control.sources([3, 1, 9]), [records[0], records[2]]);
    assertSame(await store.control.sources([]), []);
  });

  it('get numbers that are never given twice', async () => {
    const first = await store.control.nextSourceNumber();
    await store.reopen();
    const second = await store.control.nextSourceNumber();
    assert.ok(second > first, `${second} > ${first}`);
  });

  it('are replaced as a whole', async () => {
    await store.control.insertSource(sourceRecord());
    const changed = sourceRecord({
      status: 'paused',
      settings: '{"provider":"github"}',
      tokenHash: 'another',
      sealedSecrets: Uint8Array.of(9, 8),
      updatedAt: START_AT + 5,
    });
    assert.equal(await store.control.updateSource(changed, START_AT), true);
    await store.reopen();
    assertSame(await store.control.sources(), [changed]);
  });

  it('are not replaced when they have changed since, were deleted, or are not there', async () => {
    const { control } = store;
    assert.equal(await control.updateSource(sourceRecord(), null), false);
    await control.insertSource(sourceRecord({ updatedAt: START_AT + 1 }));
    assert.equal(await control.updateSource(sourceRecord({ status: 'paused' }), START_AT), false);
    const deleted = sourceRecord({ updatedAt: START_AT + 2, deletedAt: START_AT + 2 });
    assert.equal(await control.updateSource(deleted, null), true);
    const late = sourceRecord({ updatedAt: START_AT + 3 });
    assert.equal(await control.updateSource(late, START_AT + 2), false);
    assertSame(await control.sources(), [deleted]);
  });
}

function describePollStates(store: StoreUnderTest): void {
  it('is there after a restart, for each source by itself', async () => {
    const { pollStates } = store.storage;
    const rows = ['a', 'b'].map((resource) => pollState({ resource }));
    await pollStates.save(rows);
    await pollStates.save([pollState({ source: 2, state: '{"etag":"감"}' })]);
    await store.reopen();
    assertSame(await sorted(store, 1), rows);
    assertSame(await sorted(store, 2), [pollState({ source: 2, state: '{"etag":"감"}' })]);
    assertSame(await sorted(store, 3), []);
  });

  it('is replaced by resource; what comes last wins', async () => {
    const { pollStates } = store.storage;
    await pollStates.save([pollState({ resource: 'a' }), pollState({ resource: 'b' })]);
    const newer = pollState({ resource: 'a', state: '2', updatedAt: START_AT + 2 });
    await pollStates.save([pollState({ resource: 'a', state: '1' }), newer]);
    assertSame(await sorted(store, 1), [newer, pollState({ resource: 'b' })]);
    await pollStates.save([]);
  });

  it('keeps any name and a large state', async () => {
    const odd = pollState({ resource: `'"\\\n${'é'.repeat(200)}`, state: 'x'.repeat(200_000) });
    await store.storage.pollStates.save([odd]);
    assertSame(await sorted(store, 1), [odd]);
  });

  it('is forgotten with its source', async () => {
    const { pollStates } = store.storage;
    await pollStates.save([pollState(), pollState({ source: 2 })]);
    await pollStates.remove(1);
    await pollStates.remove(7);
    assertSame(await sorted(store, 1), []);
    assert.equal((await sorted(store, 2)).length, 1);
  });
}

async function sorted(store: StoreUnderTest, source: number) {
  const rows = await store.storage.pollStates.load(source);
  return rows.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
}
