import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultyJournal, type JournalFate } from '../testing/faulty-journal.ts';
import { ProcessClock } from '../testing/process-clock.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { attempt, dedupeKey, delivery, newEvent, START_AT } from './contract/factories.ts';
import { JournalWriter, type AppendResult } from './journal-writer.ts';
import { DenseSequences } from './sequences.ts';
import type { JournalBatch, NewEvent } from './journal.ts';
import { createMemoryStorage } from './memory/store.ts';
import type { StorageError } from './storage.ts';

/** Longer than any disk of these tests takes, shorter than the pause before a repeat. */
const SHORTLY_MS = 100;
const DISK_MS = 10;
const RETRY_MS = 1_000;
const MIB = 1024 * 1024;

function setup() {
  const clock = new SimulatedClock(START_AT);
  const batches: JournalBatch[] = [];
  const fates: JournalFate[] = [];
  const broken: StorageError[] = [];
  const log: string[] = [];
  const { journal } = createMemoryStorage();
  const disk = new FaultyJournal(journal, new ProcessClock(clock), (operation, batch) => {
    if (operation !== 'commit' || batch === undefined) return {};
    batches.push(batch);
    return { beforeMs: DISK_MS, ...fates.shift() };
  });
  const onBroken = (error: StorageError) => broken.push(error);
  const writer = new JournalWriter({
    journal: disk,
    sequences: new DenseSequences(0),
    clock,
    onBroken,
  });
  const append = (event: NewEvent) =>
    writer.append(event, (result) => log.push(`${event.sequence} ${describe(result)}`));
  const appendMany = (from: number, to: number, parts: Partial<NewEvent> = {}) => {
    for (let sequence = from; sequence <= to; sequence += 1) {
      append(newEvent({ ...parts, sequence }));
    }
  };
  /** `fates` befall the commits in order; later ones succeed. */
  return { clock, journal, writer, batches, fates, broken, log, append, appendMany };
}

function describe(result: AppendResult): string {
  if (result.kind === 'duplicate') return `duplicate of ${result.existing.sequence}`;
  return result.kind === 'failed' ? `failed: ${result.error.failure}` : result.kind;
}

function sequencesOf(batches: readonly JournalBatch[]): number[][] {
  return batches.map((batch) => batch.events.map((event) => event.sequence));
}

function sizesOf(batches: readonly JournalBatch[]): number[] {
  return batches.map((batch) => batch.events.length);
}

test('events of one turn of the event loop share a commit', async () => {
  const { clock, writer, batches, log, appendMany } = setup();
  appendMany(1, 3);
  assert.equal(batches.length, 0, 'nothing is committed before the turn has ended');
  assert.equal(writer.backlog.events, 3);
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(sequencesOf(batches), [[1, 2, 3]]);
  assert.deepEqual(log, ['1 stored', '2 stored', '3 stored']);
  assert.deepEqual(writer.backlog, { events: 0, bytes: 0 });
});

test('events queued during a commit share the next one', async () => {
  const { clock, batches, log, appendMany } = setup();
  appendMany(1, 1);
  await clock.advance(DISK_MS / 2);
  appendMany(2, 3);
  await clock.advance(0);
  assert.deepEqual(sequencesOf(batches), [[1]], 'the running commit is not joined');
  assert.deepEqual(log, [], 'nobody is answered before the commit has ended');
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(sequencesOf(batches), [[1], [2, 3]]);
  assert.deepEqual(log, ['1 stored', '2 stored', '3 stored']);
});

test('a batch holds at most 1,000 events, in the order they came', async () => {
  const { clock, batches, log, appendMany } = setup();
  appendMany(1, 2_001);
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(sizesOf(batches), [1_000, 1_000, 1]);
  const inOrder = Array.from({ length: 2_001 }, (_, index) => index + 1);
  assert.deepEqual(sequencesOf(batches).flat(), inOrder);
  assert.deepEqual(
    log,
    inOrder.map((sequence) => `${sequence} stored`),
  );
});

test('a batch holds at most 16 MiB of events', async () => {
  const { clock, writer, batches, appendMany } = setup();
  appendMany(1, 3, { body: new Uint8Array(6 * MIB) });
  assert.deepEqual(writer.backlog, { events: 3, bytes: 18 * MIB });
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(sequencesOf(batches), [[1, 2], [3]]);
  assert.deepEqual(writer.backlog, { events: 0, bytes: 0 });
});

test('an event larger than a whole batch goes alone', async () => {
  const { clock, batches, log, append } = setup();
  append(newEvent({ sequence: 1, body: new Uint8Array(17 * MIB) }));
  append(newEvent({ sequence: 2 }));
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(sequencesOf(batches), [[1], [2]]);
  assert.deepEqual(log, ['1 stored', '2 stored']);
});

test('a duplicate is told to the one who published it, and to nobody else', async () => {
  const { clock, log, append } = setup();
  const dedupe = [dedupeKey('order 7')];
  append(newEvent({ sequence: 1 }));
  append(newEvent({ sequence: 2, dedupe }));
  append(newEvent({ sequence: 3, dedupe }));
  append(newEvent({ sequence: 4 }));
  await clock.advance(SHORTLY_MS);
  append(newEvent({ sequence: 5, dedupe }));
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(log, [
    '1 stored',
    '2 stored',
    '3 duplicate of 2',
    '4 stored',
    '5 duplicate of 2',
  ]);
});

test('listeners hear of a commit before its publishers, with what was refused', async () => {
  const { clock, writer, log, append } = setup();
  writer.listen({
    committed(batch, refused, settled) {
      const sequences = batch.events.map((event) => event.sequence).join();
      log.push(`commit of ${sequences}; refused ${[...refused].join()}; settled ${settled.join()}`);
    },
  });
  const dedupe = [dedupeKey('once')];
  append(newEvent({ sequence: 1, dedupe }));
  append(newEvent({ sequence: 2, dedupe }));
  writer.settle(attempt({ sequence: 9 }), null, 9);
  writer.settle(null, delivery({ sequence: 8 }), null);
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(log, ['commit of 1,2; refused 2; settled 9', '1 stored', '2 duplicate of 1']);
});

test('a failed commit is told to its publishers, and the next one goes on', async () => {
  const { clock, writer, fates, log, journal, appendMany } = setup();
  fates.push({ fault: 'before', failure: 'full' });
  appendMany(1, 2);
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(log, ['1 failed: full', '2 failed: full']);
  assert.equal(writer.failure?.failure, 'full');
  appendMany(3, 3);
  await clock.advance(SHORTLY_MS);
  assert.equal(log.at(-1), '3 stored');
  assert.equal(writer.failure, null, 'a commit that succeeds clears the failure');
  assert.deepEqual(await journal.contents([1, 2]), [], 'a refused event is not stored later');
});

test('settlements of a failed commit repeat by themselves, and what is newer wins', async () => {
  const { clock, writer, fates, batches, journal } = setup();
  fates.push({ fault: 'before' });
  writer.settle(attempt({ sequence: 1, outcome: 'failed' }), delivery({ attempts: 1 }), 1);
  await clock.advance(DISK_MS / 2);
  writer.settle(
    attempt({ sequence: 1, number: 2 }),
    delivery({ attempts: 2, status: 'delivered' }),
    null,
  );
  await clock.advance(SHORTLY_MS);
  assert.equal(batches.length, 1, 'the store gets a pause');
  assert.equal(writer.isQuiet, false);
  await clock.advance(RETRY_MS);
  const [, repeated] = batches;
  assert.deepEqual(
    repeated?.deliveries.map(({ attempts }) => attempts),
    [1, 2],
  );
  assert.deepEqual(
    (await journal.attempts(1, 1)).map(({ number }) => number),
    [1, 2],
  );
  assert.equal(writer.isQuiet, true);
});

test('settlements of a failed commit are announced once, when they are durable', async () => {
  const { clock, writer, fates } = setup();
  const announced: (readonly number[])[] = [];
  writer.listen({ committed: (_batch, _refused, settled) => announced.push(settled) });
  fates.push({ fault: 'before' }, { fault: 'before' });
  writer.settle(attempt({ sequence: 4 }), null, 4);
  await clock.advance(SHORTLY_MS + RETRY_MS);
  assert.deepEqual(announced, []);
  await clock.advance(RETRY_MS);
  assert.deepEqual(announced, [[4]]);
  assert.equal(clock.pendingTimers, 0);
});

test('an event that was stored although its commit failed is announced with the next', async () => {
  const { clock, writer, fates, log, appendMany } = setup();
  writer.listen({
    committed: (batch) => log.push(`commit of ${batch.events.map((e) => e.sequence).join()}`),
  });
  fates.push({ fault: 'after' });
  appendMany(1, 1);
  await clock.advance(SHORTLY_MS);
  appendMany(2, 2);
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(log, ['1 failed: busy', 'commit of 1,2', '2 stored']);
});

test('flushed resolves at once when nothing waits', async () => {
  const { writer, batches } = setup();
  await writer.flushed();
  assert.equal(batches.length, 0);
});

test('flushed resolves after what was queued before it is durable, cut batches too', async () => {
  const { clock, writer, log, appendMany } = setup();
  appendMany(1, 1_001);
  const flushed = writer.flushed().then(() => log.push('flushed'));
  await clock.advance(SHORTLY_MS);
  await flushed;
  assert.equal(log.length, 1_002);
  assert.deepEqual(log.slice(-2), ['1001 stored', 'flushed']);
});

test('flushed does not wait for what is queued after it, however much it is', async () => {
  const { clock, writer, log, appendMany } = setup();
  appendMany(1, 10);
  const flushed = writer.flushed().then(() => log.push('flushed'));
  appendMany(11, 3_000);
  await clock.advance(SHORTLY_MS);
  await flushed;
  assert.equal(log.indexOf('flushed'), 1_000);
});

test('flushed waits for the commit that is running', async () => {
  const { clock, writer, log, appendMany } = setup();
  appendMany(1, 1);
  await clock.advance(DISK_MS / 2);
  const flushed = writer.flushed().then(() => log.push('flushed'));
  await clock.advance(SHORTLY_MS);
  await flushed;
  assert.deepEqual(log, ['1 stored', 'flushed']);
});

test('flushed rejects when what was queued before it could not be stored', async () => {
  const { clock, writer, fates, appendMany } = setup();
  fates.push({ fault: 'before', failure: 'full' });
  appendMany(1, 1);
  const refused = assert.rejects(writer.flushed(), { failure: 'full' });
  await clock.advance(SHORTLY_MS);
  await refused;
});

test('flushed rejects when an earlier cut of the queue failed and a later did not', async () => {
  const { clock, writer, fates, log, appendMany } = setup();
  fates.push({ fault: 'before' });
  appendMany(1, 1_500);
  const refused = assert.rejects(writer.flushed(), { failure: 'busy' });
  await clock.advance(SHORTLY_MS);
  await refused;
  assert.equal(log[0], '1 failed: busy');
  assert.equal(log.at(-1), '1500 stored');
});

test('flushed rejects when the commit fails that ran when it was asked', async () => {
  const { clock, writer, fates, appendMany } = setup();
  fates.push({ fault: 'before' });
  appendMany(1, 1);
  await clock.advance(DISK_MS / 2);
  appendMany(2, 2);
  const refused = assert.rejects(writer.flushed(), { failure: 'busy' });
  await clock.advance(SHORTLY_MS);
  await refused;
});

test('a flush asked after a failure resolves when its settlements are stored', async () => {
  const { clock, journal, writer, fates } = setup();
  fates.push({ fault: 'before' });
  writer.settle(attempt({ sequence: 1 }), null, 1);
  await clock.advance(SHORTLY_MS);
  const flushed = writer.flushed();
  await clock.advance(RETRY_MS);
  await flushed;
  assert.equal((await journal.attempts(1, 1)).length, 1);
});

test('settlements keep their order when the queue of events is cut and a cut fails', async () => {
  const { clock, writer, fates, batches, journal, appendMany } = setup();
  const settled: number[] = [];
  writer.listen({ committed: (_batch, _refused, sequences) => settled.push(...sequences) });
  fates.push({}, { fault: 'before' }, { fault: 'after' });
  appendMany(1, 2_500);
  writer.settle(null, delivery({ sequence: 7, attempts: 1 }), 7);
  await clock.advance(DISK_MS / 2);
  writer.settle(null, delivery({ sequence: 7, attempts: 2 }), null);
  await clock.advance(DISK_MS);
  writer.settle(null, delivery({ sequence: 7, attempts: 3, status: 'exhausted' }), null);
  await clock.advance(SHORTLY_MS + RETRY_MS);
  assert.deepEqual(
    batches.map((batch) => batch.deliveries.map(({ attempts }) => attempts)),
    [[1], [2], [2, 3], [2, 3]],
  );
  assert.deepEqual(settled, [7]);
  assert.equal((await journal.delivery(1, 7, 1))?.attempts, 3);
});

test('a broken store ends it: told once, never asked again, everybody refused', async () => {
  const { clock, writer, fates, broken, batches, log, appendMany } = setup();
  fates.push({ fault: 'before', failure: 'broken' });
  appendMany(1, 1);
  await clock.advance(DISK_MS / 2);
  appendMany(2, 2);
  const refused = assert.rejects(writer.flushed(), { failure: 'broken' });
  await clock.advance(SHORTLY_MS);
  await refused;
  appendMany(3, 3);
  await clock.advance(RETRY_MS * 3);
  assert.deepEqual(log, ['1 failed: broken', '2 failed: broken', '3 failed: broken']);
  assert.equal(batches.length, 1);
  assert.equal(broken.length, 1);
  assert.equal(writer.failure, broken[0]);
  assert.deepEqual(writer.backlog, { events: 0, bytes: 0 });
});

test('an error that is no StorageError counts as broken', async () => {
  const clock = new SimulatedClock(START_AT);
  const { journal } = createMemoryStorage();
  const broken: StorageError[] = [];
  const cause = new TypeError('a bug in the store');
  const buggy = new Proxy(journal, {
    get: (target, name) =>
      name === 'commit' ? () => Promise.reject(cause) : Reflect.get(target, name),
  });
  const onBroken = (error: StorageError) => broken.push(error);
  const writer = new JournalWriter({
    journal: buggy,
    sequences: new DenseSequences(0),
    clock,
    onBroken,
  });
  writer.append(newEvent(), () => undefined);
  await clock.advance(0);
  assert.equal(broken[0]?.failure, 'broken');
  assert.equal(broken[0].cause, cause);
});

test('the low-water mark rides along with the next commit and causes none', async () => {
  const { clock, writer, fates, batches, journal, appendMany } = setup();
  fates.push({ fault: 'before' });
  writer.raiseLowWaterMark(3);
  writer.raiseLowWaterMark(7);
  await clock.advance(SHORTLY_MS);
  assert.equal(batches.length, 0);
  appendMany(8, 9);
  await clock.advance(SHORTLY_MS);
  appendMany(10, 10);
  await clock.advance(SHORTLY_MS);
  assert.deepEqual(
    batches.map((batch) => batch.lowWaterMark),
    [7, 7],
    'a failed commit keeps it for the next one',
  );
  assert.equal((await journal.state()).lowWaterMark, 7);
});

test('a flush takes a waiting low-water mark to the disk', async () => {
  const { clock, writer, journal } = setup();
  writer.raiseLowWaterMark(5);
  const flushed = writer.flushed();
  await clock.advance(SHORTLY_MS);
  await flushed;
  assert.equal((await journal.state()).lowWaterMark, 5);
});

test('sequences rise from the last one stored', () => {
  const clock = new SimulatedClock(START_AT);
  const { journal } = createMemoryStorage();
  const onBroken = () => undefined;
  const writer = new JournalWriter({ journal, sequences: new DenseSequences(41), clock, onBroken });
  assert.deepEqual([writer.nextSequence(), writer.nextSequence()], [42, 43]);
});
