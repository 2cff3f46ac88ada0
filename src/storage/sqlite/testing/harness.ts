import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageHarness } from '../../contract/harness.ts';
import type { Storage } from '../../storage.ts';
import { openSqliteStorage } from '../store.ts';

export function sqliteHarness(): StorageHarness {
  const directoryOf = new Map<Storage, string>();
  const open = async (directory: string): Promise<Storage> => {
    const storage = await openSqliteStorage({ directory });
    directoryOf.set(storage, directory);
    return storage;
  };
  return {
    open: async () => open(await mkdtemp(join(tmpdir(), 'bellwire-storage-'))),
    async reopen(storage) {
      const directory = directoryOf.get(storage);
      if (directory === undefined) throw new Error('not a store of this harness');
      await storage.close();
      return open(directory);
    },
    async destroy() {
      const directories = new Set(directoryOf.values());
      await Promise.all([...directoryOf.keys()].map((storage) => storage.close()));
      directoryOf.clear();
      const removed = [...directories].map((path) => rm(path, { recursive: true, force: true }));
      await Promise.all(removed);
    },
  };
}
