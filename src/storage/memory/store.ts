/** The whole storage port in memory, with the guarantees of a real store but for durability. */
import { StorageError, type Storage } from '../storage.ts';
import { MemoryControlStore } from './control.ts';
import { MemoryJournalStore } from './journal.ts';
import { MemoryData } from './tables.ts';

export { MemoryData } from './tables.ts';

/**
 * @param data what an earlier store over the same data left behind. Handing it on is how a
 * simulation restarts its engine: close the store, or just drop it, and open another.
 */
export function createMemoryStorage(data: MemoryData = new MemoryData()): Storage {
  let closed = false;
  const open = (): MemoryData => {
    if (closed) throw new StorageError('closed', 'the in-memory store is closed.');
    return data;
  };
  return {
    journal: new MemoryJournalStore(() => open().journal),
    control: new MemoryControlStore(() => open().control),
    async close() {
      closed = true;
    },
  };
}
