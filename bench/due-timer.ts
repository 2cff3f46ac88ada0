/**
 * What a retry costs while it waits and when it falls due, in two designs: a timer wheel that holds
 * every waiting delivery in memory, and one timer with a position in the due index, as
 * `src/dispatch/due-loader.ts` has it. The figures of docs/decisions/0002 come from here:
 *
 *   node --expose-gc bench/due-timer.ts [deliveries, default 100000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryRecord, DuePosition, JournalStore } from '../src/storage/journal.ts';
import { openSqliteStorage } from '../src/storage/sqlite/store.ts';
import { PROJECT_ROOT } from './lib/child.ts';
import { median, rounded } from './lib/stats.ts';

const COUNT = Number(process.argv[2] ?? 100_000);
const ROWS_PER_COMMIT = 5_000;
const ROWS_PER_READ = 1_000;
const SINGLE_READS = 2_000;
const ROUNDS = 5;
const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
/** The wheel's resolution: what is due in one slot is started together. */
const SLOT_MS = 100;

const BEFORE_ALL: DuePosition = { dueAt: -1, sequence: 0, subscription: 0 };

function delivery(sequence: number): DeliveryRecord {
  return {
    sequence,
    subscription: 1 + (sequence % 50),
    tenant: 1,
    status: 'waiting',
    attempts: 1,
    attemptsBefore: 0,
    orderingKey: null,
    replay: null,
    // Spread over an hour by a stride that visits the instants in no order, as jitter does.
    nextAttemptAt: START_MS + ((sequence * 7_919_993) % HOUR_MS),
    reason: 'status: the receiver answered 503 Service Unavailable',
    createdAt: START_MS,
    updatedAt: START_MS,
  };
}

/** Bytes of memory that `make` leaves behind, buffers outside the heap included. */
async function bytesOf<Kept>(make: () => Promise<Kept>): Promise<{ bytes: number; kept: Kept }> {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  const before = process.memoryUsage();
  const kept = await make();
  globalThis.gc();
  const after = process.memoryUsage();
  return { bytes: after.heapUsed + after.external - before.heapUsed - before.external, kept };
}

function microsSince(start: number, count: number): number {
  return ((performance.now() - start) * 1_000) / count;
}

async function fill(journal: JournalStore): Promise<void> {
  for (let first = 1; first <= COUNT; first += ROWS_PER_COMMIT) {
    const length = Math.min(ROWS_PER_COMMIT, COUNT - first + 1);
    const deliveries = Array.from({ length }, (_, index) => delivery(first + index));
    await journal.commit({ events: [], attempts: [], deliveries, inbound: [], lowWaterMark: null });
  }
}

/** Every row once, in order of the due time. Reads of the store block the event loop. */
async function readAll(journal: JournalStore, each: (row: DeliveryRecord) => void) {
  const blockedMs: number[] = [];
  let position = BEFORE_ALL;
  for (;;) {
    const start = performance.now();
    const rows = await journal.due(position, START_MS + HOUR_MS, ROWS_PER_READ);
    blockedMs.push(performance.now() - start);
    for (const row of rows) {
      each(row);
      const { nextAttemptAt, sequence, subscription } = row;
      position = { dueAt: nextAttemptAt ?? 0, sequence, subscription };
    }
    if (rows.length < ROWS_PER_READ) return blockedMs;
  }
}

/** Retries that fall due one by one: each wakes the timer, reads its row and the next due time. */
async function readSingly(journal: JournalStore): Promise<void> {
  let position = BEFORE_ALL;
  for (let read = 0; read < SINGLE_READS; read += 1) {
    const dueAt = (await journal.nextDueAt(position)) ?? 0;
    const [row] = await journal.due(position, dueAt, ROWS_PER_READ);
    if (row === undefined) throw new Error('the index and the rows disagree');
    position = { dueAt, sequence: row.sequence, subscription: row.subscription };
  }
}

type Wheel = Map<number, DeliveryRecord[]>;

async function buildWheel(journal: JournalStore): Promise<Wheel> {
  const wheel: Wheel = new Map();
  await readAll(journal, (row) => {
    const slot = Math.floor((row.nextAttemptAt ?? 0) / SLOT_MS);
    const entries = wheel.get(slot);
    if (entries === undefined) wheel.set(slot, [row]);
    else entries.push(row);
  });
  return wheel;
}

function turn(wheel: Wheel): number {
  let started = 0;
  for (let slot = START_MS / SLOT_MS; slot < (START_MS + HOUR_MS) / SLOT_MS; slot += 1) {
    for (const row of wheel.get(slot) ?? []) started += row.attempts;
  }
  return started;
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(PROJECT_ROOT, '.bellwire-due-timer-'));
  const storage = await openSqliteStorage({ directory });
  try {
    const { journal } = storage;
    await fill(journal);
    const rows: Record<string, number[]> = {};
    const note = (name: string, value: number) => (rows[name] ??= []).push(value);
    for (let round = 0; round < ROUNDS; round += 1) {
      let start = performance.now();
      const blockedMs = await readAll(journal, () => {});
      note('store: µs per retry, 1,000 rows a read', microsSince(start, COUNT));
      note('store: ms one read of 1,000 rows blocks, median', median(blockedMs));
      note('store: ms one read of 1,000 rows blocks, longest', Math.max(...blockedMs));
      start = performance.now();
      await readSingly(journal);
      note('store: µs per retry, one row a read', microsSince(start, SINGLE_READS));
      start = performance.now();
      const { bytes, kept } = await bytesOf(() => buildWheel(journal));
      note('wheel: s to fill it at a start', microsSince(start, 1) / 1_000_000);
      note('wheel: MiB held', bytes / 1024 / 1024);
      note('wheel: bytes per delivery', bytes / COUNT);
      start = performance.now();
      if (turn(kept) !== COUNT) throw new Error('the wheel lost a delivery');
      note('wheel: µs per retry when it turns', microsSince(start, COUNT));
    }
    console.log(`${COUNT} waiting deliveries, due within an hour; medians of ${ROUNDS} rounds`);
    for (const [name, values] of Object.entries(rows)) console.log(name, rounded(median(values)));
  } finally {
    await storage.close();
    rmSync(directory, { recursive: true });
  }
}

await main();
