import type { StorageHarness } from '../../contract/harness.ts';
import type { Storage } from '../../storage.ts';
import { createMemoryStorage, MemoryData } from '../store.ts';

export function memoryHarness(): StorageHarness {
  const dataOf = new Map<Storage, MemoryData>();
  const open = (data: MemoryData): Storage => {
    const storage = createMemoryStorage(data);
    dataOf.set(storage, data);
    return storage;
  };
  return {
    open: async () => open(new MemoryData()),
    async reopen(storage) {
      const data = dataOf.get(storage);
      if (data === undefined) throw new Error('not a store of this harness');
      await storage.close();
      return open(data);
    },
    async destroy() {
      await Promise.all([...dataOf.keys()].map((storage) => storage.close()));
      dataOf.clear();
    },
  };
}
