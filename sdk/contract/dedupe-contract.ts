/**
 * What every dedupe must do. A store is done when `dedupeContract` passes with a harness that opens
 * it the way its documentation says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claim, Dedupe } from '../receiver/dedupe.ts';
import type { LeaseOptions } from '../receiver/dedupe/lease.ts';
import { racingClaims } from './claim-processes.ts';
import type { StoreName } from './dedupe-stores.ts';

/** One place where ids are kept, empty at first. */
export interface DedupePlace {
  /** A connection of its own to the place. */
  open(options?: LeaseOptions): Promise<Dedupe>;
  /** Lets at least that much time pass where the store keeps its clock. */
  lapse(ms: number): Promise<void>;
  close(): Promise<void>;
  /** For stores that processes can share. */
  readonly shared?: { readonly store: StoreName; readonly where: string };
}

export interface DedupeHarness {
  readonly name: string;
  /** Why it can't run here. */
  readonly skip?: string | false;
  /** False: gone with the process, so a claim needs no lease and lasts. */
  readonly outlivesProcess: boolean;
  place(): Promise<DedupePlace>;
}

interface Case {
  readonly says: string;
  readonly run: (place: DedupePlace, harness: DedupeHarness) => Promise<void>;
}

const SHORT_MS = 60;
const ODD_IDS = ['', "it's", '%_\\', 'a\0b', '키', '😀', '\ud800', 'x'.repeat(100_000), 'a b', ':'];

const cases: readonly Case[] = [
  {
    says: 'an id is new once, and a duplicate after its confirmation',
    async run(place, { outlivesProcess }) {
      const dedupe = await place.open();
      assert.equal(await dedupe.claim('evt_1'), 'new');
      assert.equal(await dedupe.claim('evt_1'), outlivesProcess ? 'pending' : 'duplicate');
      await dedupe.confirm?.('evt_1');
      assert.equal(await dedupe.claim('evt_1'), 'duplicate');
      assert.equal(await dedupe.claim('evt_2'), 'new');
    },
  },
  {
    says: 'a released id is new again',
    async run(place) {
      const dedupe = await place.open();
      await dedupe.claim('evt_1');
      await dedupe.release('evt_1');
      assert.equal(await dedupe.claim('evt_1'), 'new');
    },
  },
  {
    says: 'of claims made at once, one is new',
    async run(place) {
      const dedupe = await place.open();
      const claims = await Promise.all(Array.from({ length: 20 }, () => dedupe.claim('evt_1')));
      assert.equal(claims.filter((claim) => claim === 'new').length, 1);
    },
  },
  {
    says: 'a confirmed id is forgotten after its time, not before',
    async run(place) {
      const dedupe = await place.open({ ttlMs: 60_000 });
      const brief = await place.open({ ttlMs: SHORT_MS });
      for (const [id, through] of [
        ['long', dedupe],
        ['brief', brief],
      ] as const) {
        await through.claim(id);
        await through.confirm?.(id);
      }
      await place.lapse(SHORT_MS);
      assert.equal(await dedupe.claim('long'), 'duplicate');
      assert.equal(await brief.claim('brief'), 'new');
    },
  },
  {
    says: 'ids of any characters and any length are told apart',
    async run(place) {
      const dedupe = await place.open();
      for (const id of [...ODD_IDS, 'x'.repeat(99_999)]) {
        assert.equal(await dedupe.claim(id), 'new', id.slice(0, 20));
        await dedupe.confirm?.(id);
      }
      for (const id of ODD_IDS) {
        assert.equal(await dedupe.claim(id), 'duplicate', id.slice(0, 20));
      }
    },
  },
];

/** For stores that stay when a process ends. */
const leaseCases: readonly Case[] = [
  {
    says: 'what another process has claimed is pending, then a duplicate',
    async run(place) {
      const [one, two] = [await place.open(), await place.open()];
      assert.equal(await one.claim('evt_1'), 'new');
      assert.equal(await two.claim('evt_1'), 'pending');
      await one.confirm?.('evt_1');
      assert.equal(await two.claim('evt_1'), 'duplicate');
    },
  },
  {
    says: 'the claim of a process that died is new again after its lease, not before',
    async run(place) {
      const survivor = await place.open();
      await (await place.open({ leaseMs: 60_000 })).claim('held');
      await (await place.open({ leaseMs: SHORT_MS })).claim('lost');
      await place.lapse(SHORT_MS);
      assert.equal(await survivor.claim('held'), 'pending');
      assert.equal(await survivor.claim('lost'), 'new');
    },
  },
  {
    says: 'who releases after its lease frees nobody else’s claim',
    async run(place) {
      const [slow, other] = [await place.open({ leaseMs: SHORT_MS }), await place.open()];
      await slow.claim('evt_1');
      await place.lapse(SHORT_MS);
      assert.equal(await other.claim('evt_1'), 'new');
      await slow.release('evt_1');
      assert.equal(await slow.claim('evt_1'), 'pending');
      await other.release('evt_1');
      assert.equal(await slow.claim('evt_1'), 'new');
    },
  },
  {
    says: 'a confirmation after the lease counts: the event is in the queue',
    async run(place) {
      const [slow, other] = [await place.open({ leaseMs: SHORT_MS }), await place.open()];
      await slow.claim('evt_1');
      await place.lapse(SHORT_MS);
      await slow.confirm?.('evt_1');
      assert.equal(await other.claim('evt_1'), 'duplicate');
    },
  },
  {
    says: 'a confirmed id is not freed by a release',
    async run(place) {
      const dedupe = await place.open();
      await dedupe.claim('evt_1');
      await dedupe.confirm?.('evt_1');
      await dedupe.release('evt_1');
      assert.equal(await dedupe.claim('evt_1'), 'duplicate');
    },
  },
  {
    says: 'four processes claim the same ids: each id is new to one of them',
    async run({ shared }) {
      assert.ok(shared !== undefined);
      const ids = Array.from({ length: 100 }, (_, at) => `evt_${at}`);
      const claimed = await racingClaims(shared.store, shared.where, ids, 4);
      assert.equal(claimed.length, 4);
      for (const [at, id] of ids.entries()) {
        const answers = claimed.map((claims): Claim | undefined => claims[at]);
        assert.deepEqual(
          answers.map(String).toSorted(),
          ['new', 'pending', 'pending', 'pending'],
          id,
        );
      }
    },
  },
];

/** Registers the suite for one store. */
export function dedupeContract(harness: DedupeHarness): void {
  const all = harness.outlivesProcess ? [...cases, ...leaseCases] : cases;
  for (const { says, run } of all) {
    test(`${harness.name}: ${says}`, { skip: harness.skip ?? false }, async () => {
      const place = await harness.place();
      try {
        await run(place, harness);
      } finally {
        await place.close();
      }
    });
  }
}
