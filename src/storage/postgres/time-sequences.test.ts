import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LowWaterMark } from '../../dispatch/low-water-mark.ts';
import { deliveryId, eventId, parseDeliveryId, parseEventId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/clock.ts';
import { firstSequenceAt, instantOf, SLOTS, slotOf } from './sequence-layout.ts';
import { TimeSequences } from './time-sequences.ts';

const START_AT = Date.UTC(2026, 6, 1);
const LAST_INSTANT = Date.UTC(2093, 0, 1);

/** A clock that a test sets as it likes. */
function settable(at: number): Clock & { at: number } {
  const clock = {
    at,
    now: () => clock.at,
    monotonic: () => clock.at,
    setTimer: () => ({ cancel: () => {} }),
  };
  return clock;
}

function source({ at = START_AT, offsetMs = 0, slot = 3, last = 0 } = {}) {
  const clock = settable(at);
  return { clock, sequences: new TimeSequences({ clock, offsetMs, slot, last }) };
}

test('a sequence tells when and on which slot it was given', () => {
  const { clock, sequences } = source();
  const first = sequences.next();
  assert.equal(instantOf(first), START_AT);
  assert.equal(slotOf(first), 3);
  clock.at += 5;
  assert.equal(instantOf(sequences.next()), START_AT + 5);
});

test('sequences rise, whatever the clock does, and stay with their slot', () => {
  const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 300 });
  fc.assert(
    fc.property(steps, fc.nat({ max: SLOTS - 1 }), (deltas, slot) => {
      const { clock, sequences } = source({ slot });
      let last = 0;
      for (const delta of deltas) {
        clock.at += delta;
        const next = sequences.next();
        assert.ok(next > last, `${next} after ${last}`);
        assert.equal(slotOf(next), slot);
        last = next;
      }
    }),
  );
});

test('a full millisecond borrows from the next', () => {
  const { sequences } = source();
  const given = Array.from({ length: 300 }, () => sequences.next());
  assert.deepEqual(
    [given[0], given[127], given[128], given[299]].map((sequence) => instantOf(sequence ?? 0)),
    [START_AT, START_AT, START_AT + 1, START_AT + 2],
  );
  assert.equal(new Set(given).size, 300);
});

test('it begins above what the slot has given out before, even in the future', () => {
  const last = firstSequenceAt(START_AT + 60_000) + 3 * 128 + 7;
  const { sequences } = source({ last });
  const first = sequences.next();
  assert.ok(first > last);
  assert.equal(slotOf(first), 3);
});

test("it counts the database's time", () => {
  const { sequences } = source({ offsetMs: -1_500.5 });
  assert.equal(instantOf(sequences.next()), START_AT - 1_501);
});

test('two slots never give the same sequence', () => {
  const sources = [source({ slot: 0 }), source({ slot: 31 })];
  const given = sources.flatMap(({ sequences }) =>
    Array.from({ length: 1_000 }, () => sequences.next()),
  );
  assert.equal(new Set(given).size, given.length);
});

test('ids spell them and read them back, for decades to come', () => {
  for (const at of [START_AT, LAST_INSTANT]) {
    const sequence = source({ at, slot: 31 }).sequences.next();
    assert.ok(Number.isSafeInteger(sequence));
    assert.deepEqual(parseEventId(eventId(at, sequence)), { createdAt: at, sequence });
    const parts = { createdAt: at, sequence, subscriptionNumber: 12 };
    assert.deepEqual(parseDeliveryId(deliveryId(at, sequence, 12)), parts);
  }
});

test('the low-water mark counts with them', () => {
  const { clock, sequences } = source();
  const before = sequences.next();
  const mark = new LowWaterMark(before, before);
  clock.at += 1;
  const [first, second] = [sequences.next(), sequences.next()];
  mark.accepted(first, 1);
  mark.accepted(second, 1);
  assert.equal(mark.value(), first - 1);
  mark.decided(first);
  assert.equal(mark.value(), second - 1);
  mark.decided(second);
  assert.equal(mark.value(), second);
});
