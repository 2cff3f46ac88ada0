import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReplayRecord } from '../replays.ts';
import { allPages, assertSame } from './checks.ts';
import { newReplay, START_AT } from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

const LATER = START_AT + 5_000;

export function describeReplays(harness: StorageHarness): void {
  describe('replays: the jobs', () => {
    const store = freshStore(harness);
    describeRecords(store);
    describeProgress(store);
  });
}

function describeRecords(store: StoreUnderTest): void {
  it('keeps every field, through a restart, and numbers them one by one', async () => {
    const full = newReplay({
      tenant: 2,
      status: 'done',
      request: '{"filter":{"data":{"x":"감사"}}}',
      after: 7,
      upTo: Number.MAX_SAFE_INTEGER,
      cursor: 9,
      total: 5,
      counts: { taken: 5, skipped: 1, delivered: 2, failed: 1, cancelled: 1 },
      reason: 'because',
      updatedAt: LATER,
    });
    const first = await store.replays.insert(full);
    const second = await store.replays.insert(newReplay({ dryRun: true, status: 'planned' }));
    assertSame(first, { ...full, number: first.number });
    assert.ok(second.number > first.number && first.number > 0);
    await store.reopen();
    assertSame(await store.replays.find(2, first.number), first);
    assertSame(await store.replays.find(1, second.number), second);
  });

  it('finds nothing of another tenant, and nothing that is not there', async () => {
    const { number } = await store.replays.insert(newReplay({ tenant: 2 }));
    assert.equal(await store.replays.find(1, number), undefined);
    assert.equal(await store.replays.find(2, number + 1), undefined);
    assertSame(await store.replays.list(1, { limit: 9 }), { items: [], next: undefined });
  });

  it("lists a tenant's, newest first, page by page", async () => {
    for (const tenant of [1, 2, 1, 1, 2, 1]) await store.replays.insert(newReplay({ tenant }));
    const all = await numbersOf(store, 100);
    assert.equal(all.length, 4);
    assert.deepEqual(
      all,
      all.toSorted((a, b) => b - a),
    );
    assert.deepEqual(await numbersOf(store, 1), all);
    assert.deepEqual(await numbersOf(store, 2), all);
  });

  it('lists what is unfinished, of all tenants, oldest first, without dry runs', async () => {
    const wanted = [
      await store.replays.insert(newReplay({ status: 'planned' })),
      await store.replays.insert(newReplay({ tenant: 2, reason: 'somebody asked' })),
    ];
    await store.replays.insert(newReplay({ status: 'planned', dryRun: true }));
    await store.replays.insert(newReplay({ status: 'done' }));
    await store.replays.insert(newReplay({ status: 'cancelled' }));
    await store.reopen();
    assertSame(await store.replays.unfinished(), wanted);
  });
}

async function numbersOf({ replays }: StoreUnderTest, limit: number): Promise<number[]> {
  const all = await allPages<ReplayRecord, number>(limit, (before) =>
    replays.list(1, { before, limit }),
  );
  return all.map(({ number }) => number);
}

function describeProgress(store: StoreUnderTest): void {
  it('stores how far one is, and nothing else of it or of others', async () => {
    const one = await store.replays.insert(newReplay());
    const other = await store.replays.insert(newReplay());
    const progress = {
      status: 'done',
      cursor: 40,
      total: 12,
      counts: { taken: 12, skipped: 3, delivered: 4, failed: 3, cancelled: 2 },
      updatedAt: LATER,
    } as const;
    assert.equal(await store.replays.progress(one.number, progress), null);
    await store.reopen();
    assertSame(await store.replays.find(1, one.number), { ...one, ...progress });
    assertSame(await store.replays.find(1, other.number), other);
  });

  it('tells the one who reports that it is to end, and keeps the first reason', async () => {
    const { number } = await store.replays.insert(newReplay());
    await store.replays.end(number, 'cancelled on request', LATER);
    await store.replays.end(number, 'once more', LATER + 1);
    const { cursor, total, counts } = newReplay();
    const report = { status: 'running', cursor, total, counts, updatedAt: LATER + 2 } as const;
    assert.equal(await store.replays.progress(number, report), 'cancelled on request');
    const stored = await store.replays.find(1, number);
    assert.equal(stored?.reason, 'cancelled on request');
    assert.equal(stored?.status, 'running');
  });

  it('is held by the process that runs it, and by the one after a restart', async () => {
    const { number } = await store.replays.insert(newReplay());
    assert.equal(await store.replays.hold(number), true);
    assert.equal(await store.replays.hold(number), true);
    await store.reopen();
    assert.equal(await store.replays.hold(number), true);
  });

  it('gives no reason to one that has ended, nor to a dry run', async () => {
    const over = await store.replays.insert(newReplay({ status: 'done' }));
    const dry = await store.replays.insert(newReplay({ status: 'planned', dryRun: true }));
    for (const record of [over, dry]) {
      await store.replays.end(record.number, 'too late', LATER);
      assertSame(await store.replays.find(1, record.number), record);
    }
  });
}
