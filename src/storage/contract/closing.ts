import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StorageError } from '../storage.ts';
import { batch, newEvent, START_AT } from './factories.ts';
import { freshStore, type StorageHarness } from './harness.ts';

export function describeClosing(harness: StorageHarness): void {
  describe('closing', () => {
    const store = freshStore(harness);

    it('lets the running commit finish first', async () => {
      const running = store.journal.commit(batch({ events: [newEvent()] }));
      await store.reopen();
      assert.deepEqual(await running, []);
      assert.equal((await store.journal.state()).lastSequence, 1);
    });

    it('can be done twice, also at the same time', async () => {
      await Promise.all([store.storage.close(), store.storage.close()]);
      await store.storage.close();
    });

    it('makes every later use fail and say why', async () => {
      const { journal, control, storage } = store;
      await storage.close();
      await assert.rejects(journal.commit(batch({ events: [newEvent()] })), isClosed);
      await assert.rejects(journal.state(), isClosed);
      await assert.rejects(journal.listEvents(1, { limit: 1 }), isClosed);
      await assert.rejects(control.tenants(), isClosed);
      await assert.rejects(control.ensureTenant('acme', START_AT), isClosed);
    });
  });
}

function isClosed(error: unknown): boolean {
  return error instanceof StorageError && error.failure === 'closed';
}
