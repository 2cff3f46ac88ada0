/** The whole storage port in memory, with the guarantees of a real store but for durability. */
import { DenseSequences } from '../sequences.ts';
import { StorageError, type Storage } from '../storage.ts';
import { MemoryControlStore } from './control.ts';
import { MemoryInboundStore } from './inbound.ts';
import { MemoryInboxStore } from './inbox.ts';
import { MemoryJournalStore } from './journal.ts';
import { MemoryPollStateStore } from './poll-state.ts';
import { MemoryReplayStore } from './replays.ts';
import { MemoryRetention } from './retention.ts';
import { MemoryData } from './tables.ts';
import { MemoryTenantData } from './tenant-data.ts';

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
    sequences: new DenseSequences(data.journal.state.lastSequence),
    replays: new MemoryReplayStore(open),
    inbound: new MemoryInboundStore(() => open().journal),
    pollStates: new MemoryPollStateStore(open),
    inboxes: new MemoryInboxStore(() => open().inboxes),
    tenantData: new MemoryTenantData(open),
    retention: new MemoryRetention(() => open().journal),
    async close() {
      closed = true;
    },
  };
}
