/** What every store must do; `memory/` and `sqlite/` run it over themselves. */
import { describe } from 'node:test';
import { describeAttempts } from './attempts.ts';
import { describeClosing } from './closing.ts';
import { describeControl } from './control.ts';
import { describeDedupe } from './dedupe.ts';
import { describeDeliveries } from './deliveries.ts';
import type { StorageHarness } from './harness.ts';
import { describeJournalCommit } from './journal-commit.ts';
import { describeJournalDue } from './journal-due.ts';
import { describeJournalLists } from './journal-lists.ts';
import { describeJournalModel } from './journal-model.ts';
import { describeJournalRecovery } from './journal-recovery.ts';

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
    describeControl(harness);
    describeClosing(harness);
  });
}
