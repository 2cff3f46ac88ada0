import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { DeliveryPosition, DeliveryView, EventRecord, UnsettledDelivery } from '../journal.ts';
import { allPages, assertSame, stored } from './checks.ts';
import { createdAtOf } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';
import { deliveryFilter, eventFilter, journalPlan, JournalWorld } from './journal-world.ts';

const RUNS = 50;
const pageLimit = fc.integer({ min: 1, max: 7 });

/**
 * Random journals against a naive model. All runs share one store, each with sequences
 * and tenants of its own, so the journals of earlier runs stand in the way of later ones.
 */
export function describeJournalModel(harness: StorageHarness): void {
  describe('journal: any journal reads as the naive model says', () => {
    const store = sharedStore(harness);
    const worlds = new Worlds(store);

    it('gives every matching event exactly once, newest first, on pages of any size', async () => {
      await holds(
        fc.asyncProperty(journalPlan, eventFilter, pageLimit, async (plan, filter, limit) => {
          const world = await worlds.write(plan);
          const { sinceOffset, untilOffset, ...rest } = filter;
          const since = worlds.instant(sinceOffset);
          const until = worlds.instant(untilOffset);
          const found = await allPages<EventRecord, number>(limit, (before) =>
            store.journal.listEvents(world.tenant, { ...rest, since, until, before, limit }),
          );
          assertSame(found, world.matchingEvents({ ...rest, since, until }).map(stored));
        }),
      );
    });

    it('gives every matching delivery exactly once, newest first', async () => {
      await holds(
        fc.asyncProperty(journalPlan, deliveryFilter, pageLimit, async (plan, filter, limit) => {
          const world = await worlds.write(plan);
          const found = await allPages<DeliveryView, DeliveryPosition>(limit, (before) =>
            store.journal.listDeliveries(world.tenant, { ...filter, before, limit }),
          );
          assertSame(found, world.matchingDeliveries(filter));
        }),
      );
    });

    it('finds every unsettled delivery exactly once, whatever the scan limit', async () => {
      await holds(
        fc.asyncProperty(journalPlan, pageLimit, async (plan, limit) => {
          const world = await worlds.write(plan);
          const upTo = worlds.last;
          const found: UnsettledDelivery[] = [];
          for (let after = worlds.first; after < upTo;) {
            const { pending, scannedTo } = await store.journal.unsettled(after, upTo, limit);
            found.push(...pending);
            if (scannedTo <= after) throw new Error(`the scan is stuck at ${after}`);
            after = scannedTo;
          }
          assertSame(found, world.unsettled());
        }),
      );
    });
  });
}

async function holds<Input>(property: fc.IAsyncProperty<Input>): Promise<void> {
  await fc.assert(property, { numRuns: RUNS });
}

/** Writes one world after the other into the same store. */
class Worlds {
  readonly #store: StoreUnderTest;
  #tenant = -1;
  first = 0;
  last = 0;

  constructor(store: StoreUnderTest) {
    this.#store = store;
  }

  async write(plan: ConstructorParameters<typeof JournalWorld>[0]): Promise<JournalWorld> {
    this.first = this.last;
    this.#tenant += 2;
    const world = new JournalWorld(plan, this.first, this.#tenant);
    for (const batch of world.batches()) {
      await this.#store.journal.commit(batch);
    }
    this.last = Math.max(this.first, world.lastSequence);
    return world;
  }

  /** The instant of the sequence that many after the newest world's first. */
  instant(offset: number | undefined): number | undefined {
    return offset === undefined ? undefined : createdAtOf(this.first + offset);
  }
}
