import { describeStorageContract } from '../contract/storage-contract.ts';
import { DenseJournal } from './testing/dense-journal.ts';
import { denseInbound, denseReplays, denseTenantData } from './testing/dense-parts.ts';
import { postgresHarness, SLOT } from './testing/harness.ts';
import { describeOnPostgres } from './testing/on-postgres.ts';

await describeOnPostgres('postgres', (server) => {
  const harness = postgresHarness(server, (storage) => {
    const journal = new DenseJournal(storage.journal, SLOT);
    const replays = denseReplays(storage.replays, journal);
    const tenantData = denseTenantData(storage.tenantData, journal);
    const inbound = denseInbound(storage.inbound, journal);
    return { ...storage, journal, replays, tenantData, inbound };
  });
  describeStorageContract('postgres', harness);
});
