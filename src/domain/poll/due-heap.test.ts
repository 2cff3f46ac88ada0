import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DueHeap } from './due-heap.ts';

test('it gives out what a sorted list would, through puts, moves and removals', () => {
  const step = fc.record({
    item: fc.nat(30),
    at: fc.nat(50),
    what: fc.constantFrom('set', 'set', 'set', 'delete', 'pop'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const heap = new DueHeap<number>();
      let list: { item: number; at: number }[] = [];
      for (const { item, at, what } of steps) {
        if (what === 'pop') {
          assert.equal(heap.pop(), list.shift()?.item);
        } else {
          list = list.filter((entry) => entry.item !== item);
          if (what === 'delete') heap.delete(item);
          else {
            heap.set(item, at);
            const place = list.findIndex((entry) => entry.at > at);
            list.splice(place === -1 ? list.length : place, 0, { item, at });
          }
        }
        assert.equal(heap.size, list.length);
        assert.equal(heap.nextAt, list[0]?.at ?? Infinity);
        assert.equal(heap.atOf(item), list.find((entry) => entry.item === item)?.at);
      }
    }),
  );
});
