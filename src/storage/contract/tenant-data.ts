/** Counting and reading all that one tenant has stored. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NewEvent } from '../journal.ts';
import { DAY_MS, dayOf, type TenantEventPosition } from '../tenant-data.ts';
import { allPages, assertSame, stored } from './checks.ts';
import { batch, dedupeKey, newEvent, START_AT, utf8 } from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

const TODAY = dayOf(START_AT);

export function describeTenantData(harness: StorageHarness): void {
  describe('tenant data', () => {
    const store = freshStore(harness);
    describe('usage', () => describeUsage(store));
    describe('events of a tenant', () => describeEvents(store));
  });
}

function describeUsage(store: StoreUnderTest): void {
  const commit = (...events: readonly NewEvent[]) => store.journal.commit(batch({ events }));

  it('is nothing before the first event', async () => {
    assertSame(await store.tenantData.usage(1), []);
  });

  it('counts events and the bytes of bodies and metadata, by tenant and UTC day', async () => {
    const body = utf8('"감사"');
    const at = { createdAt: START_AT + DAY_MS - 1, body };
    await commit(
      newEvent({ sequence: 1, ...at }),
      newEvent({ sequence: 2, ...at, tenant: 2, metadata: '{"n":"감"}' }),
      newEvent({ sequence: 3, ...at, metadata: '{}' }),
      newEvent({ sequence: 4, ...at, createdAt: START_AT + DAY_MS }),
    );
    await commit(newEvent({ sequence: 5, ...at }));
    await store.reopen();
    assertSame(await store.tenantData.usage(1), [
      { day: TODAY, events: 3, bytes: 3 * 8 + 2 },
      { day: TODAY + 1, events: 1, bytes: 8 },
    ]);
    assertSame(await store.tenantData.usage(2), [{ day: TODAY, events: 1, bytes: 8 + 11 }]);
  });

  it('does not count what was refused as a duplicate', async () => {
    const first = newEvent({ sequence: 1, createdAt: START_AT, dedupe: [dedupeKey('k')] });
    const again = { ...first, sequence: 2 };
    const refused = await commit(first, again, { ...again, sequence: 3 });
    assert.equal(refused.length, 2);
    await commit({ ...again, sequence: 4 });
    assertSame(await store.tenantData.usage(1), [
      { day: TODAY, events: 1, bytes: first.body.length },
    ]);
  });

  it('does not count a batch that was not stored', async () => {
    const event = newEvent({ sequence: 1, createdAt: START_AT });
    await commit(event);
    await assert.rejects(commit(newEvent({ sequence: 2 }), event));
    assertSame(await store.tenantData.usage(1), [
      { day: TODAY, events: 1, bytes: event.body.length },
    ]);
  });
}

function describeEvents(store: StoreUnderTest): void {
  const read = (tenant: number, limit: number, upTo = 1_000) =>
    allPages<ReturnType<typeof stored>, TenantEventPosition>(limit, (after) =>
      store.tenantData.events(tenant, { after, upTo, limit }),
    );

  it('gives each event once, whatever the size of the pages', async () => {
    const events = Array.from({ length: 30 }, (_, index) =>
      newEvent({
        sequence: index + 1,
        tenant: 1 + (index % 3),
        eventType: `type.${index % 4}`,
        customId: `own-${index}`,
        metadata: '{"a": 1}',
      }),
    );
    await store.journal.commit(batch({ events }));
    const mine = events.filter(({ tenant }) => tenant === 2).map(stored);
    for (const limit of [1, 3, 10, 100]) {
      const found = await read(2, limit);
      assertSame(
        found.toSorted((a, b) => a.sequence - b.sequence),
        mine,
      );
    }
    assertSame(await read(9, 10), []);
  });

  it('leaves out what came after the walk began', async () => {
    const events = [1, 2, 3].map((sequence) => newEvent({ sequence }));
    await store.journal.commit(batch({ events }));
    const found = await read(1, 10, 2);
    const sequences = found.map(({ sequence }) => sequence).toSorted((a, b) => a - b);
    assert.deepEqual(sequences, [1, 2]);
  });
}
