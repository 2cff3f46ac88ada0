import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DeliveryRecord } from '../storage/journal.ts';
import { batch, delivery } from '../storage/contract/factories.ts';
import { createMemoryStorage, MemoryData } from '../storage/memory/store.ts';
import { FaultyJournal, type JournalFate, type JournalFates } from '../testing/faulty-journal.ts';
import { ProcessClock } from '../testing/process-clock.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT } from '../testing/simulated-world.ts';
import { DueLoader } from './due-loader.ts';

const NONE: ReadonlySet<number> = new Set();

function setup(fates: Partial<Record<string, JournalFate>> = {}) {
  const clock = new SimulatedClock(START_AT);
  const data = new MemoryData();
  const loaded: string[] = [];
  const errors: unknown[] = [];
  const state = { hasRoom: true, commitRuns: false };
  const dice: JournalFates = (operation) => fates[operation] ?? {};
  const { journal } = createMemoryStorage(data);
  const loader = new DueLoader({
    journal: new FaultyJournal(journal, new ProcessClock(clock), dice),
    clock,
    hasRoom: () => state.hasRoom,
    commitRuns: () => state.commitRuns,
    load: ({ sequence, attempts }) => loaded.push(`${sequence}#${attempts}`),
    loaded: () => undefined,
    onError: (error) => errors.push(error),
  });
  /** Makes rows visible to queries, as a commit that is not announced yet. */
  const store = (...rows: DeliveryRecord[]) => journal.commit(batch({ deliveries: rows }));
  const announce = (...rows: DeliveryRecord[]) =>
    loader.committed(batch({ deliveries: rows }), NONE);
  return { clock, data, journal, loader, loaded, errors, state, store, announce, fates };
}

function row(sequence: number, dueInMs: number, overrides: Partial<DeliveryRecord> = {}) {
  return delivery({ sequence, nextAttemptAt: START_AT + dueInMs, ...overrides });
}

test('a delivery is loaded when it is due, not before', async () => {
  const { clock, loader, loaded, store, announce } = setup();
  loader.start();
  await store(row(1, 5_000));
  announce(row(1, 5_000));
  await clock.advance(4_999);
  assert.deepEqual(loaded, []);
  await clock.advance(10);
  assert.deepEqual(loaded, ['1#1']);
  await clock.advance(60_000);
  assert.deepEqual(loaded, ['1#1']);
});

test('what was due before the start is loaded at the start', async () => {
  const { clock, loader, loaded, store } = setup();
  await store(row(1, -90_000), row(2, 90_000));
  loader.start();
  await clock.advance(10);
  assert.deepEqual(loaded, ['1#1']);
  await clock.advance(90_000);
  assert.deepEqual(loaded, ['1#1', '2#1']);
});

test('a row that a query meets before its commit is announced is loaded once', async () => {
  const { clock, loader, loaded, state, store, announce } = setup();
  state.commitRuns = true;
  await store(row(1, 0));
  loader.start();
  await clock.advance(10);
  assert.deepEqual(loaded, ['1#1']);
  announce(row(1, 0));
  await clock.advance(60_000);
  assert.deepEqual(loaded, ['1#1']);
});

test('a row that is announced after the loader has passed it is loaded at once', async () => {
  const { clock, loader, loaded, store, announce } = setup();
  await store(row(9, 100));
  loader.start();
  await clock.advance(200);
  await store(row(1, 50));
  announce(row(1, 50));
  assert.deepEqual(loaded, ['9#1', '1#1']);
});

test('a row announced while a query runs is loaded once, seen by the query or not', async () => {
  for (const [isSeen, fate] of [
    [true, { beforeMs: 50 }],
    [false, { afterMs: 50 }],
  ] as const) {
    const { clock, loader, loaded, store, announce } = setup({ due: fate });
    await store(row(9, 3));
    loader.start();
    await clock.advance(10);
    await store(row(1, 2));
    announce(row(1, 2));
    await clock.advance(10_000);
    assert.deepEqual(loaded.toSorted(), ['1#1', '9#1'], isSeen ? 'seen' : 'not seen');
  }
});

test('a row that was called off while a query ran is not loaded, seen or not', async () => {
  for (const fate of [{ beforeMs: 50 }, { afterMs: 50 }]) {
    const { clock, loader, loaded, store, announce } = setup({ due: fate });
    await store(row(9, 1), row(1, 2));
    loader.start();
    await clock.advance(20);
    const cancelled = row(1, 0, { status: 'cancelled', nextAttemptAt: null });
    await store(cancelled);
    announce(cancelled);
    await clock.advance(10_000);
    assert.deepEqual(loaded, ['9#1']);
  }
});

test('a row that came and was called off while a query ran is not loaded', async () => {
  const { clock, loader, loaded, store, announce } = setup({ due: { afterMs: 50 } });
  await store(row(9, 3));
  loader.start();
  await clock.advance(10);
  await store(row(1, 2));
  announce(row(1, 2));
  const cancelled = row(1, 0, { status: 'cancelled', nextAttemptAt: null });
  await store(cancelled);
  announce(cancelled);
  await clock.advance(10_000);
  assert.deepEqual(loaded, ['9#1']);
});

test('a row whose next try moved while a query ran is loaded once, at its new time', async () => {
  const { clock, loader, loaded, store, announce } = setup({ due: { afterMs: 50 } });
  await store(row(9, 1), row(1, 2));
  loader.start();
  await clock.advance(20);
  const moved = row(1, 500, { attempts: 2 });
  await store(moved);
  announce(moved);
  await clock.advance(400);
  assert.deepEqual(loaded, ['9#1']);
  await clock.advance(10_000);
  assert.deepEqual(loaded, ['9#1', '1#2']);
});

test('a row that looks like an earlier one of the same instant is another one', async () => {
  const { clock, loader, loaded, state, store, announce } = setup();
  state.commitRuns = true;
  await store(row(1, 0));
  loader.start();
  await clock.advance(10);
  assert.deepEqual(loaded, ['1#1']);
  // Met by a query before this commit was announced, and asked for anew within it.
  const resent = row(1, 0, { status: 'pending', updatedAt: START_AT + 10 });
  await store(resent);
  announce(resent);
  assert.deepEqual(loaded, ['1#1', '1#1']);
});

test('what came while a query failed is not forgotten', async () => {
  const fate = { beforeMs: 50, fault: 'before' as const };
  const { clock, loader, loaded, fates, store, announce } = setup({ due: fate });
  await store(row(9, 3));
  loader.start();
  await clock.advance(10);
  await store(row(1, 2));
  announce(row(1, 2));
  await clock.advance(100);
  delete fates['due'];
  await clock.advance(10_000);
  assert.deepEqual(loaded.toSorted(), ['1#1', '9#1']);
});

test('of two versions of a row in one commit only the later one counts', async () => {
  const { clock, loader, loaded, store, announce } = setup();
  await store(row(9, 100));
  loader.start();
  await clock.advance(200);
  const cancelled = row(1, 0, { status: 'cancelled', nextAttemptAt: null });
  await store(row(1, 50), cancelled);
  announce(row(1, 50), cancelled);
  await clock.advance(60_000);
  assert.deepEqual(loaded, ['9#1']);
});

test('a row that comes back while it is behind the loader is loaded again', async () => {
  const { clock, loader, loaded, store, announce } = setup();
  await store(row(1, 0), row(2, 10));
  loader.start();
  await clock.advance(100);
  const next = row(1, 0, { attempts: 2 });
  await store(next);
  announce(next);
  assert.deepEqual(loaded, ['1#1', '2#1', '1#2']);
});

test('rows made due by a change in the store are not passed by, whatever it takes', async () => {
  const { clock, journal, loader, loaded, store, announce } = setup();
  await store(row(1, 0, { status: 'held', nextAttemptAt: null }));
  loader.start();
  await clock.advance(100);
  let go = () => {};
  const late = new Promise<void>((resolve) => (go = resolve));
  const made = loader.makeDue(async (dueAt) => {
    await late;
    return journal.releaseHeld(1, dueAt, 10);
  });
  await store(row(2, 150));
  announce(row(2, 150));
  await clock.advance(1_000);
  assert.deepEqual(loaded, []);
  go();
  assert.equal(await made, 1);
  await clock.advance(10);
  assert.deepEqual(loaded, ['1#1', '2#1']);
});

test('a query that fails is told and made again', async () => {
  const { clock, loader, loaded, errors, fates, store } = setup({ due: { fault: 'before' } });
  await store(row(1, 0));
  loader.start();
  await clock.advance(900);
  assert.equal(errors.length, 1);
  delete fates['due'];
  await clock.advance(200);
  assert.deepEqual(loaded, ['1#1']);
});

test('while memory has no room, what is due waits in the store', async () => {
  const { clock, loader, loaded, state, store } = setup();
  await store(row(1, 0));
  state.hasRoom = false;
  loader.start();
  await clock.advance(5_000);
  assert.deepEqual(loaded, []);
  state.hasRoom = true;
  await clock.advance(300);
  assert.deepEqual(loaded, ['1#1']);
});

test('more than a thousand due at once are loaded in order, each once', async () => {
  const { clock, loader, loaded, store } = setup();
  const rows = Array.from({ length: 2_500 }, (_, index) => row(index + 1, -1));
  await store(...rows);
  loader.start();
  await clock.advance(100);
  assert.deepEqual(
    loaded,
    rows.map(({ sequence }) => `${sequence}#1`),
  );
});

test('once stopped it loads nothing more', async () => {
  const { clock, loader, loaded, store, announce } = setup();
  await store(row(1, 100));
  loader.start();
  await clock.advance(50);
  loader.stop();
  announce(row(2, -5));
  await clock.advance(60_000);
  assert.deepEqual(loaded, []);
  assert.equal(clock.pendingTimers, 0);
});

test('whatever comes late or early, every row is loaded exactly once', async () => {
  const ms = fc.integer({ min: 0, max: 30 });
  const commit = fc.record({
    waitMs: ms,
    durationMs: ms,
    unannouncedMs: ms,
    dueInMs: fc.array(fc.integer({ min: -20, max: 60 }), { minLength: 1, maxLength: 3 }),
  });
  const plan = fc.record({
    commits: fc.array(commit, { minLength: 1, maxLength: 12 }),
    queries: fc.array(fc.record({ beforeMs: ms, afterMs: ms }), { minLength: 1, maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ commits, queries }) => {
      let query = 0;
      const due = { get: () => queries[query++ % queries.length] ?? {}, enumerable: true };
      const fates = Object.defineProperty<Record<string, JournalFate>>({}, 'due', due);
      const { clock, loader, loaded, state, store, announce } = setup(fates);
      loader.start();
      let sequence = 0;
      // As the writer does it: one commit after the other, each announced before the next begins.
      for (const { waitMs, durationMs, unannouncedMs, dueInMs } of commits) {
        await clock.advance(waitMs);
        const now = clock.now() - START_AT;
        const rows = dueInMs.map((inMs) => row((sequence += 1), now + inMs));
        state.commitRuns = true;
        await clock.advance(durationMs);
        await store(...rows);
        await clock.advance(unannouncedMs);
        state.commitRuns = false;
        announce(...rows);
      }
      await clock.advance(60_000);
      const all = Array.from({ length: sequence }, (_, index) => `${index + 1}#1`);
      assert.deepEqual(loaded.toSorted(), all.toSorted());
    }),
    { numRuns: 150 },
  );
});
