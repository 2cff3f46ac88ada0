import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LowWaterMark } from './low-water-mark.ts';

test('a fresh journal starts at zero and follows what is decided', () => {
  const mark = new LowWaterMark(0, 0);
  assert.equal(mark.value(), 0);
  mark.accepted(1, 2);
  mark.accepted(2, 0);
  mark.accepted(3, 1);
  assert.equal(mark.value(), 0);
  mark.decided(1);
  assert.equal(mark.value(), 0);
  mark.decided(3);
  assert.equal(mark.value(), 0);
  mark.decided(1);
  assert.equal(mark.value(), 3);
});

test('until recovery is through it does not pass what recovery has read', () => {
  const mark = new LowWaterMark(10, 50);
  mark.accepted(51, 0);
  assert.equal(mark.value(), 10);
  mark.foundPending(20);
  mark.recoveredUpTo(30);
  assert.equal(mark.value(), 19);
  mark.decided(20);
  assert.equal(mark.value(), 30);
  mark.recoveredUpTo(50);
  assert.equal(mark.value(), 51);
});

test('a delivery that was decided before it was noticed changes nothing', () => {
  const mark = new LowWaterMark(0, 5);
  mark.decided(3);
  mark.decided(9);
  mark.recoveredUpTo(5);
  assert.equal(mark.value(), 5);
});

test('it never passes an undecided delivery, and rises to the end when there is none', () => {
  const event = fc.record({ gap: fc.integer({ min: 1, max: 3 }), deliveries: fc.nat({ max: 3 }) });
  fc.assert(
    fc.property(
      fc.array(event),
      fc.array(event),
      fc.infiniteStream(fc.nat()),
      (old, young, pick) => {
        let sequence = 0;
        const undecided: number[] = [];
        const place = ({ gap, deliveries }: { gap: number; deliveries: number }) => {
          sequence += gap;
          for (let left = deliveries; left > 0; left -= 1) undecided.push(sequence);
          return { sequence, deliveries };
        };
        const former = old.map(place);
        const last = sequence;
        const mark = new LowWaterMark(0, last);
        for (const found of former) {
          for (let left = found.deliveries; left > 0; left -= 1) mark.foundPending(found.sequence);
          mark.recoveredUpTo(found.sequence);
        }
        for (const accepted of young.map(place))
          mark.accepted(accepted.sequence, accepted.deliveries);
        const highest = sequence;
        while (undecided.length > 0) {
          const lowest = Math.min(...undecided);
          assert.equal(mark.value(), lowest - 1);
          const index = pick.next().value % undecided.length;
          const [decided] = undecided.splice(index, 1);
          mark.decided(decided ?? 0);
        }
        assert.equal(mark.value(), highest);
      },
    ),
    { numRuns: 100 },
  );
});
