import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { Fuel, OutOfFuel } from './fuel.ts';
import { allUnique } from './unique-items.ts';

function unlimited(): Fuel {
  const fuel = new Fuel();
  fuel.fill(1e9);
  return fuel;
}

/** As it arrives: parsed. */
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

test('items are unique exactly when no two of them are equal', () => {
  const few = fc.oneof(json, fc.constantFrom({ a: 1, b: [2] }, { b: [2], a: 1 }, '1', 1, null, []));
  fc.assert(
    fc.property(fc.array(few, { maxLength: 6 }), (items) => {
      const equal = items.some((item, index) =>
        items.slice(index + 1).some((other) => isDeepStrictEqual(item, other)),
      );
      assert.equal(allUnique(items, unlimited()), !equal);
    }),
    { numRuns: 1_000 },
  );
});

test('many large items are broken off instead of being compared for ever', () => {
  const fuel = new Fuel();
  fuel.fill(10_000);
  const items = Array.from({ length: 5_000 }, (_, index) => ({ index, same: 'x'.repeat(100) }));
  assert.throws(() => allUnique(items, fuel), OutOfFuel);
});
