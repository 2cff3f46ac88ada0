/**
 * What retention costs on a real file. Case 38 of the portable list: no table grows without end,
 * and pruning does not stall ingest. What goes and what stays is the store contract's.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { attempt, batch, dedupeKey, newEvent } from '../contract/factories.ts';
import type { RemovalPosition } from '../retention.ts';
import type { Storage } from '../storage.ts';
import { openSqliteStorage } from './store.ts';

const BODY = Buffer.alloc(500, 'x');
const BATCH_EVENTS = 1_000;

interface Opened {
  readonly storage: Storage;
  readonly fileBytes: () => Promise<number>;
}

async function open(context: TestContext): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwire-retention-'));
  const storage = await openSqliteStorage({ directory });
  context.after(async () => {
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  });
  const fileBytes = async () => (await stat(join(directory, 'bellwire.db'))).size;
  return { storage, fileBytes };
}

/** Events that were delivered at the first try. */
async function store(
  storage: Storage,
  range: { readonly from: number; readonly count: number; readonly createdAt: number },
  withKeys = false,
): Promise<void> {
  const { from, count, createdAt } = range;
  for (let first = from; first < from + count; first += BATCH_EVENTS) {
    const sequences = Array.from(
      { length: Math.min(BATCH_EVENTS, from + count - first) },
      (_, index) => first + index,
    );
    const events = sequences.map((sequence) => {
      const dedupe = withKeys ? [dedupeKey(`key ${sequence}`)] : [];
      return newEvent({ sequence, createdAt, body: BODY, dedupe });
    });
    const attempts = sequences.map((sequence) => attempt({ sequence }));
    await storage.journal.commit(
      batch({ events, attempts, lowWaterMark: sequences.at(-1) ?? null }),
    );
  }
}

/** One chunk after the other, without a pause. @returns how many events went. */
async function removeAll(storage: Storage, createdBefore: number): Promise<number> {
  let events = 0;
  let after: RemovalPosition | undefined;
  do {
    const removal = await storage.retention.removeOld({ tenant: null, createdBefore, after });
    events += removal.events;
    after = removal.next;
  } while (after !== undefined);
  return events;
}

test('a file from which as much goes as comes in stops growing', async (context) => {
  const { storage, fileBytes } = await open(context);
  const [ROUNDS, WARM_UP, KEPT_ROUNDS, COUNT] = [16, 6, 3, 3_000];
  let warm = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    await store(storage, { from: 1 + round * COUNT, count: COUNT, createdAt: round }, true);
    await removeAll(storage, round - KEPT_ROUNDS + 1);
    if (round === WARM_UP) warm = await fileBytes();
  }
  const grown = (await fileBytes()) / warm;
  assert.ok(grown < 1.15, `the file has grown by ${grown.toFixed(2)}`);
});

test('while a hundred thousand events go, no commit waits for more than a few', async (context) => {
  const { storage } = await open(context);
  const OLD = 100_000;
  await store(storage, { from: 1, count: OLD, createdAt: 0 });
  const progress = { isRemoving: true };
  const startedAt = performance.now();
  const removal = removeAll(storage, 1).finally(() => {
    progress.isRemoving = false;
  });
  let sequence = OLD;
  const waits: number[] = [];
  while (progress.isRemoving) {
    const began = performance.now();
    await store(storage, { from: sequence + 1, count: 5, createdAt: 1 });
    waits.push(performance.now() - began);
    sequence += 5;
  }
  assert.equal(await removal, OLD);
  const wholeMs = performance.now() - startedAt;
  const longestMs = Math.max(...waits);
  // One transaction of all would make a commit wait for all of it. A chunk takes about a
  // thousandth.
  assert.ok(longestMs < wholeMs / 10, `${longestMs} of ${wholeMs} ms`);
  assert.ok(waits.length > 100, `only ${waits.length} commits got through`);
});
