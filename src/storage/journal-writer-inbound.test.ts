import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_QUEUED_INBOUND, MAX_QUEUED_INBOUND_BYTES } from '../domain/limits-sources.ts';
import { FaultyJournal, type JournalFate } from '../testing/faulty-journal.ts';
import { ProcessClock } from '../testing/process-clock.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { inboundRecord, newEvent, START_AT } from './contract/factories.ts';
import { JournalWriter } from './journal-writer.ts';
import type { JournalBatch } from './journal.ts';
import { createMemoryStorage } from './memory/store.ts';
import { DenseSequences } from './sequences.ts';

const SECOND_MS = 1_000;

function setup() {
  const clock = new SimulatedClock(START_AT);
  const batches: JournalBatch[] = [];
  const fates: JournalFate[] = [];
  const storage = createMemoryStorage();
  const disk = new FaultyJournal(storage.journal, new ProcessClock(clock), (operation, batch) => {
    if (operation === 'commit' && batch !== undefined) batches.push(batch);
    return fates.shift() ?? {};
  });
  const sequences = new DenseSequences(0);
  const writer = new JournalWriter({ journal: disk, sequences, clock, onBroken: () => {} });
  const note = (parts: Parameters<typeof inboundRecord>[0] = {}) => {
    const { sequence: _sequence, ...noted } = inboundRecord(parts);
    return writer.noteInbound(noted);
  };
  const stored = async () => {
    const { items } = await storage.inbound.list(1, { limit: 10 });
    return items.map(({ sequence }) => sequence);
  };
  return { clock, writer, batches, fates, note, stored };
}

test('a noted request rides along with the next commit', async () => {
  const { clock, writer, batches, note, stored } = setup();
  assert.equal(note(), 1);
  await clock.advance(SECOND_MS / 2);
  assert.equal(batches.length, 0, 'it causes none by itself');
  writer.append(newEvent({ sequence: writer.nextSequence() }), () => {});
  await clock.advance(SECOND_MS / 2);
  assert.deepEqual(await stored(), [1]);
  await clock.advance(10 * SECOND_MS);
  assert.equal(batches.length, 1);
});

test('alone it is written within a second, and many in one commit', async () => {
  const { clock, writer, batches, note, stored } = setup();
  for (let n = 0; n < 5; n += 1) note();
  assert.equal(writer.isQuiet, true, 'nobody waits for it');
  await clock.advance(SECOND_MS);
  assert.deepEqual(await stored(), [5, 4, 3, 2, 1]);
  note();
  await clock.advance(SECOND_MS);
  assert.equal(batches.length, 2);
});

test('a flush writes it at once', async () => {
  const { clock, writer, note, stored } = setup();
  note();
  const flushed = writer.flushed();
  await clock.advance(0);
  await flushed;
  assert.deepEqual(await stored(), [1]);
  await writer.flushed();
});

test('what could not be written is written a second later, once', async () => {
  const { clock, batches, fates, note, stored } = setup();
  fates.push({ fault: 'before' }, { fault: 'after' });
  note();
  await clock.advance(SECOND_MS);
  note();
  assert.deepEqual(await stored(), []);
  await clock.advance(SECOND_MS);
  await clock.advance(SECOND_MS);
  assert.deepEqual(await stored(), [2, 1]);
  await clock.advance(10 * SECOND_MS);
  assert.equal(batches.length, 3);
});

test('a store that takes nothing more is not asked again', async () => {
  const { clock, batches, fates, note } = setup();
  fates.push({ fault: 'before', failure: 'broken' });
  note();
  await clock.advance(SECOND_MS);
  note();
  await clock.advance(10 * SECOND_MS);
  assert.equal(batches.length, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('a flood is bounded by number: the oldest go, and are counted', async () => {
  const { clock, writer, batches, note } = setup();
  for (let n = 0; n < MAX_QUEUED_INBOUND + 100; n += 1) note();
  await clock.advance(SECOND_MS);
  const kept = batches.flatMap(({ inbound }) => inbound.map(({ sequence }) => sequence));
  assert.ok(kept.length <= MAX_QUEUED_INBOUND && kept.length > MAX_QUEUED_INBOUND / 2);
  assert.equal(kept.at(-1), MAX_QUEUED_INBOUND + 100);
  assert.equal(writer.droppedInbound + kept.length, MAX_QUEUED_INBOUND + 100);
});

test('a flood is bounded by bytes, also what comes back from a failed commit', async () => {
  const { clock, writer, batches, fates, note } = setup();
  const body = new Uint8Array(MAX_QUEUED_INBOUND_BYTES / 10);
  fates.push({ beforeMs: 500, fault: 'before' });
  for (let n = 0; n < 8; n += 1) note({ body });
  await clock.advance(SECOND_MS);
  for (let n = 0; n < 8; n += 1) note({ body });
  await clock.advance(3 * SECOND_MS);
  const [, second] = batches;
  const kept = (second?.inbound ?? []).map(({ sequence }) => sequence);
  assert.equal(kept.at(-1), 16);
  assert.ok(kept.length <= 10, String(kept.length));
  assert.equal(writer.droppedInbound, 16 - kept.length);
});
