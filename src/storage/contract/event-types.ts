import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventTypeRecord } from '../control.ts';
import { assertSame } from './checks.ts';
import { START_AT } from './factories.ts';
import { freshStore, type StorageHarness } from './harness.ts';

function record(name: string, overrides: Partial<EventTypeRecord> = {}): EventTypeRecord {
  return {
    name,
    settings: '{"schema":{"type":"object"},"description":"주문"}',
    createdAt: START_AT,
    updatedAt: START_AT + 1,
    ...overrides,
  };
}

export function describeEventTypes(harness: StorageHarness): void {
  describe('event catalogue', () => {
    const store = freshStore(harness);
    const stored = async () => {
      const all = await store.control.eventTypes();
      return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    };

    it('keeps every field of an entry, through a restart', async () => {
      const entries = [record('order.paid'), record('order.shipped', { settings: '{}' })];
      await store.control.putEventTypes(entries);
      await store.reopen();
      assertSame(await stored(), entries);
    });

    it('replaces the entries of the same name and leaves the others', async () => {
      const [kept, first] = [record('a'), record('b')];
      await store.control.putEventTypes([kept, first]);
      const changed = record('b', { settings: '{"x":1}', updatedAt: START_AT + 9 });
      await store.control.putEventTypes([changed, record('c')]);
      await store.control.putEventTypes([]);
      assertSame(await stored(), [kept, changed, record('c')]);
    });

    it('deletes one entry, and an unknown one without complaint', async () => {
      await store.control.putEventTypes([record('a'), record('b')]);
      await store.control.deleteEventType('a');
      await store.control.deleteEventType('never');
      assertSame(await stored(), [record('b')]);
    });

    it('takes as many at once as a catalogue may hold', async () => {
      const many = Array.from({ length: 2_000 }, (_, index) => record(`type.${index}`));
      await store.control.putEventTypes(many);
      assert.equal((await store.control.eventTypes()).length, many.length);
    });

    it('has no settings at first, then those of the last change', async () => {
      assert.equal(await store.control.catalogueSettings(), null);
      await store.control.putCatalogueSettings('{"unknownEventTypes":"warn"}');
      await store.control.putCatalogueSettings('{"unknownEventTypes":"reject"}');
      await store.reopen();
      assert.equal(await store.control.catalogueSettings(), '{"unknownEventTypes":"reject"}');
    });
  });
}
