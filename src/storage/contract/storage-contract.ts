/** What every store must do; `memory/` and `sqlite/` run it over themselves. */
import { describe } from 'node:test';
import { describeAttempts } from './attempts.ts';
import { describeClosing } from './closing.ts';
import { describeControl } from './control.ts';
import { describeDedupe } from './dedupe.ts';
import { describeDeliveries } from './deliveries.ts';
import { describeEventTypes } from './event-types.ts';
import { describeInboxes } from './inboxes.ts';
import { describeReplays } from './replays.ts';
import { describeReplayReads } from './replay-reads.ts';
import type { StorageHarness } from './harness.ts';
import { describeJournalCommit } from './journal-commit.ts';
import { describeJournalDue } from './journal-due.ts';
import { describeJournalLists } from './journal-lists.ts';
import { describeJournalModel } from './journal-model.ts';
import { describeJournalRecovery } from './journal-recovery.ts';
import { describeInbound } from './inbound.ts';
import { describeRetention } from './retention.ts';
import { describeSources } from './sources.ts';
import { describeTenantData } from './tenant-data.ts';
import { describeTenantErasure } from './tenant-erasure.ts';

/** Runs the whole contract over one store. @param name how the store is called in the report. */
export function describeStorageContract(name: string, harness: StorageHarness): void {
  describe(`storage contract: ${name}`, () => {
    describeJournalCommit(harness);
    describeDedupe(harness);
    describeJournalRecovery(harness);
    describeJournalDue(harness);
    describeDeliveries(harness);
    describeAttempts(harness);
    describeJournalLists(harness);
    describeJournalModel(harness);
    describeReplays(harness);
    describeReplayReads(harness);
    describeControl(harness);
    describeEventTypes(harness);
    describeInboxes(harness);
    describeTenantData(harness);
    describeTenantErasure(harness);
    describeSources(harness);
    describeInbound(harness);
    describeRetention(harness);
    describeClosing(harness);
  });
}
