import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Queue } from './queue.ts';

interface Item {
  readonly number: number;
}

test('it gives out what was put in, in order, whatever is done in between', () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constant('push'), count: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ kind: fc.constant('shift'), count: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ kind: fc.constant('remove'), count: fc.integer({ min: 2, max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      const queue = new Queue<Item>();
      let model: Item[] = [];
      let number = 0;
      for (const { kind, count } of commands) {
        if (kind === 'remove') {
          const matches = (item: Item) => item.number % count === 0;
          assert.deepEqual(queue.remove(matches), model.filter(matches));
          model = model.filter((item) => !matches(item));
        }
        for (let left = kind === 'remove' ? 0 : count; left > 0; left -= 1) {
          if (kind === 'push') {
            number += 1;
            queue.push({ number });
            model.push({ number });
          } else {
            assert.deepEqual(queue.shift(), model.shift());
          }
        }
        assert.equal(queue.length, model.length);
        assert.deepEqual(queue.peek(), model[0]);
        assert.deepEqual(queue.first(3), model.slice(0, 3));
      }
    }),
    { numRuns: 50 },
  );
});
