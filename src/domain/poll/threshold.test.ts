import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  numberOf,
  observe,
  THRESHOLD_OPS,
  type Threshold,
  type ThresholdOp,
  type ThresholdSide,
} from './threshold.ts';

function edges(threshold: Threshold, values: readonly number[]): (string | null)[] {
  let side: ThresholdSide | null = null;
  return values.map((value) => {
    const step = observe(threshold, side, value);
    side = step.side;
    return step.edge;
  });
}

const threshold = fc
  .record({
    op: fc.constantFrom<ThresholdOp>(...THRESHOLD_OPS),
    low: fc.integer({ min: -50, max: 50 }),
    width: fc.integer({ min: 0, max: 50 }),
    hysteresis: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ op, low, width, hysteresis }): Threshold => {
    const isRange = op === 'outside' || op === 'inside';
    return { op, value: isRange ? [low, low + width] : low, hysteresis };
  });

test('crossed and cleared take turns, and crossed comes first', () => {
  fc.assert(
    fc.property(threshold, fc.array(fc.integer({ min: -120, max: 120 })), (condition, values) => {
      const told = edges(condition, values).filter((edge) => edge !== null);
      assert.ok(told.every((edge, at) => edge === (at % 2 === 0 ? 'crossed' : 'cleared')));
    }),
  );
});

test('the same value twice never speaks twice', () => {
  fc.assert(
    fc.property(threshold, fc.array(fc.integer({ min: -120, max: 120 })), (condition, values) => {
      const doubled = edges(
        condition,
        values.flatMap((value) => [value, value]),
      );
      assert.ok(doubled.every((edge, at) => at % 2 === 0 || edge === null));
    }),
  );
});

test('hysteresis swallows what trembles on the line', () => {
  const calm = { op: '>=', value: 1_000, hysteresis: 50 } as const;
  assert.deepEqual(edges(calm, [999, 1_000, 990, 1_001, 951, 1_000]), [
    null,
    'crossed',
    null,
    null,
    null,
    null,
  ]);
  assert.deepEqual(edges(calm, [1_000, 950, 949, 1_000]), ['crossed', null, 'cleared', 'crossed']);
});

test('each operator holds where it says', () => {
  const first = (op: ThresholdOp, value: Threshold['value'], x: number) =>
    observe({ op, value, hysteresis: 0 }, null, x).edge === 'crossed';
  assert.deepEqual([first('>', 5, 5), first('>', 5, 6)], [false, true]);
  assert.deepEqual([first('>=', 5, 4), first('>=', 5, 5)], [false, true]);
  assert.deepEqual([first('<', 5, 5), first('<', 5, 4)], [false, true]);
  assert.deepEqual([first('<=', 5, 6), first('<=', 5, 5)], [false, true]);
  assert.deepEqual([first('==', 5, 6), first('==', 5, 5)], [false, true]);
  assert.deepEqual([first('!=', 5, 5), first('!=', 5, 6)], [false, true]);
  assert.deepEqual([first('outside', [1, 5], 5), first('outside', [1, 5], 0)], [false, true]);
  assert.deepEqual([first('inside', [1, 5], 6), first('inside', [1, 5], 5)], [false, true]);
});

test('amounts written as text are numbers, and nothing else is', () => {
  assert.equal(numberOf('1000.50'), 1000.5);
  assert.equal(numberOf(-3), -3);
  for (const odd of ['', '1e5', '1,000', ' 5', '0x10', null, true, [5], {}, 'NaN']) {
    assert.equal(numberOf(odd), undefined, JSON.stringify(odd));
  }
});
