/**
 * Planted bugs: each makes the engine break a promise, and the oracle has to notice. An oracle that
 * has never caught anything proves nothing.
 */
import type { Destination } from '../../src/destinations/destination.ts';
import { isFinal } from '../../src/domain/delivery-state.ts';
import type { DeliveryRecord, JournalStore } from '../../src/storage/journal.ts';
import type { ReplayStore } from '../../src/storage/replays.ts';
import { wrapJournal } from '../../src/testing/wrap-journal.ts';

export interface Mutant {
  /** Between the engine and its journal. */
  readonly wrapJournal?: (journal: JournalStore) => JournalStore;
  /** Between its replays and their store. */
  readonly wrapReplays?: (replays: ReplayStore) => ReplayStore;
  /** Between the engine and its network. */
  readonly wrapDestination?: (destination: Destination) => Destination;
}

function isKept({ sequence }: { readonly sequence: number }): boolean {
  return sequence % 7 !== 0;
}

function journalMutant(change: (journal: JournalStore) => Partial<JournalStore>): Mutant {
  return { wrapJournal: (journal) => wrapJournal(journal, change(journal)) };
}

/** By what the engine does wrong. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'acknowledges before the commit': journalMutant((journal) => ({
    async commit(batch) {
      journal.commit(batch).catch(() => undefined);
      return [];
    },
  })),
  'drops every seventh settlement': journalMutant((journal) => ({
    commit(batch) {
      const attempts = batch.attempts.filter(isKept);
      return journal.commit({ ...batch, attempts, deliveries: batch.deliveries.filter(isKept) });
    },
  })),
  'forgets to recover': journalMutant(() => ({
    async unsettled(_after, upTo) {
      return { pending: [], scannedTo: upTo };
    },
  })),
  'stores a low-water mark that is too high': journalMutant((journal) => ({
    commit(batch) {
      const lowWaterMark = batch.events.at(-1)?.sequence ?? batch.lowWaterMark;
      return journal.commit({ ...batch, lowWaterMark });
    },
  })),
  'loads due deliveries twice': journalMutant((journal) => ({
    async due(...call) {
      const rows = await journal.due(...call);
      return [...rows, ...rows];
    },
  })),
  'overlooks every fifth retry': journalMutant((journal) => ({
    commit(batch) {
      const deliveries = batch.deliveries.map((row) =>
        row.sequence % 5 === 0 ? { ...row, nextAttemptAt: null } : row,
      );
      return journal.commit({ ...batch, deliveries });
    },
  })),
  'counts attempts anew at each retry': journalMutant((journal) => ({
    async due(...call) {
      const rows = await journal.due(...call);
      return rows.map((row): DeliveryRecord => ({ ...row, attempts: 0 }));
    },
  })),
  'writes the body anew when it reads it again': journalMutant((journal) => ({
    async contents(sequences) {
      const contents = await journal.contents(sequences);
      return contents.map((content) => {
        const value: unknown = JSON.parse(Buffer.from(content.body).toString());
        return { ...content, body: Buffer.from(JSON.stringify(value)) };
      });
    },
  })),
  'gives an event another id when it reads it again': journalMutant((journal) => ({
    async contents(sequences) {
      const contents = await journal.contents(sequences);
      return contents.map((content) => ({ ...content, createdAt: content.createdAt + 1 }));
    },
  })),
  'forgets idempotency keys': journalMutant((journal) => ({
    commit(batch) {
      const events = batch.events.map((event) => ({ ...event, dedupe: [] }));
      return journal.commit({ ...batch, events });
    },
  })),
  'forgets what sources have sent before': journalMutant((journal) => ({
    commit(batch) {
      const events = batch.events.map((event) =>
        event.source === null ? event : { ...event, dedupe: [] },
      );
      return journal.commit({ ...batch, events });
    },
  })),
  'takes duplicates for stored': journalMutant((journal) => ({
    async commit(batch) {
      await journal.commit(batch);
      return [];
    },
  })),
  'does not store that a delivery has ended': journalMutant((journal) => ({
    commit(batch) {
      const deliveries = batch.deliveries.filter(({ status }) => !isFinal(status));
      return journal.commit({ ...batch, deliveries });
    },
  })),
  'does not ask what is unfinished of ordered subscriptions': journalMutant(() => ({
    async unfinished() {
      return [];
    },
  })),
  'forgets ordering keys when it recovers': journalMutant((journal) => ({
    async unsettled(...call) {
      const { pending, scannedTo } = await journal.unsettled(...call);
      const strange = pending.map((one) => ({ ...one, orderingKey: `${one.sequence}` }));
      return { pending: strange, scannedTo };
    },
  })),
  'releases nothing on resume': journalMutant(() => ({
    async releaseHeld() {
      return 0;
    },
  })),
  'replays what is on its way': {
    wrapReplays: (replays) => ({
      ...replays,
      async standings(positions) {
        const standings = await replays.standings(positions);
        return standings.map((one) => one && { ...one, status: 'exhausted', replay: null });
      },
    }),
  },
  'leaves out every third event of a replay': {
    wrapReplays: (replays) => ({
      ...replays,
      async candidates(tenant, scan) {
        const found = await replays.candidates(tenant, scan);
        return { ...found, events: found.events.filter(({ sequence }) => sequence % 3 !== 0) };
      },
    }),
  },
  'takes every end of an attempt for a success': {
    wrapDestination: (network) => ({
      attempt: (job, done) =>
        network.attempt(job, ({ durationMs }) => {
          done({ kind: 'response', status: 200, headers: {}, body: new Uint8Array(), durationMs });
        }),
    }),
  },
  'hangs on to the slot of every ninth attempt': {
    wrapDestination: (network) => ({
      attempt: (job, done) =>
        network.attempt(job, (result) => {
          if (job.sequence % 9 !== 0) done(result);
        }),
    }),
  },
};
