import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { OrderLine } from './order-line.ts';

test('the first of those that are not over is next, whatever order they come in', () => {
  const line = new OrderLine(null);
  for (const sequence of [5, 9, 7, 5, 3]) line.add(sequence);
  assert.deepEqual([line.length, line.first, line.next], [4, 3, 3]);
  line.remove(3);
  line.remove(9);
  assert.equal(line.next, 5);
  line.add(2);
  assert.equal(line.next, 2);
});

test('while one is being attempted nobody is next, not even when it is over', () => {
  const line = new OrderLine(null);
  line.add(1);
  line.add(2);
  line.started(1);
  assert.deepEqual([line.first, line.next], [1, undefined]);
  line.remove(1);
  assert.deepEqual([line.first, line.next], [2, undefined]);
  line.ended(1);
  assert.equal(line.next, 2);
});

test('a line is empty when nothing is left and nothing is under way', () => {
  const line = new OrderLine(null);
  assert.ok(line.isEmpty);
  line.add(1);
  line.started(1);
  line.remove(1);
  assert.ok(!line.isEmpty);
  line.ended(1);
  assert.ok(line.isEmpty);
});

test('a line behaves like a sorted set, however long it gets and wherever it shrinks', () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ kind: fc.constant('finish' as const), count: fc.integer({ min: 1, max: 150 }) }),
    fc.record({ kind: fc.constant('add' as const), sequence: fc.integer({ min: 1, max: 600 }) }),
    fc.record({ kind: fc.constant('remove' as const), sequence: fc.integer({ min: 1, max: 600 }) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const line = new OrderLine(null);
      const model = new Set<number>();
      const sorted = () => [...model].toSorted((a, b) => a - b);
      let newest = 300;
      const add = (sequence: number) => {
        line.add(sequence);
        model.add(sequence);
      };
      const remove = (sequence: number) => {
        line.remove(sequence);
        model.delete(sequence);
      };
      for (const one of acts) {
        if (one.kind === 'add') add(one.sequence);
        if (one.kind === 'remove') remove(one.sequence);
        if (one.kind === 'append') for (let left = one.count; left > 0; left -= 1) add(++newest);
        if (one.kind === 'finish') for (const first of sorted().slice(0, one.count)) remove(first);
        assert.equal(line.length, model.size);
        assert.equal(line.first, sorted()[0]);
        for (const sequence of [1, 299, 301, newest]) {
          assert.equal(line.has(sequence), model.has(sequence));
        }
      }
    }),
    { numRuns: 300 },
  );
});
