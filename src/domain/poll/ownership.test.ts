import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { look, maySpend, ownerOf } from './ownership.ts';

const slots = fc.uniqueArray(fc.integer({ min: 0, max: 31 }), { minLength: 1, maxLength: 8 });

test('every node comes to the same owner, in whatever order it sees the slots', () => {
  fc.assert(
    fc.property(fc.string(), slots, (budget, seen) => {
      const owner = ownerOf(budget, seen);
      assert.ok(owner !== undefined && seen.includes(owner));
      assert.equal(ownerOf(budget, seen.toReversed()), owner);
    }),
  );
  assert.equal(ownerOf('any', []), undefined);
});

test('a node that goes moves only its own budgets', () => {
  fc.assert(
    fc.property(fc.string(), slots, fc.nat(), (budget, seen, pick) => {
      const gone = seen[pick % seen.length];
      const owner = ownerOf(budget, seen);
      const left = seen.filter((slot) => slot !== gone);
      if (owner !== gone) assert.equal(ownerOf(budget, left), owner);
    }),
  );
});

test('budgets spread over the nodes', () => {
  const counts = new Map<number, number>();
  for (let n = 0; n < 3_000; n += 1) {
    const owner = ownerOf(`${n} credential`, [3, 7, 30]) ?? -1;
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  for (const count of counts.values()) assert.ok(count > 800, JSON.stringify([...counts]));
});

test('a claim is good after a whole lease of looking, and looking away begins it anew', () => {
  let claim = look(undefined, 0, 10_000);
  assert.equal(maySpend(claim, 10_000), false);
  claim = look(claim, 5_000, 10_000);
  claim = look(claim, 10_000, 10_000);
  assert.equal(maySpend(claim, 10_000), true);
  claim = look(claim, 20_000, 10_000);
  assert.equal(maySpend(claim, 10_000), false);
});
