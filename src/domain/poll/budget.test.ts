import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createBudget,
  goesWell,
  nextSpendAt,
  pause,
  remaining,
  spend,
  strictest,
  type Budget,
} from './budget.ts';

const terms = fc.record({
  requests: fc.integer({ min: 1, max: 1_000 }),
  perSeconds: fc.integer({ min: 1, max: 3_600 }),
});

/** The most requests in any half-open window of that length. */
function busiest(instants: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, at] of instants.entries()) {
    while ((instants[first] ?? at) <= at - windowMs + 1e-3) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function spendWhenever(budget: Budget, from: number, waits: readonly number[]): number[] {
  const spent: number[] = [];
  let now = from;
  for (const wait of waits) {
    now = Math.max(now + wait, wait === 0 ? nextSpendAt(budget, now) : now);
    if (spend(budget, now)) spent.push(now);
  }
  return spent;
}

test('no window holds more requests than the budget, whenever they are made', () => {
  fc.assert(
    fc.property(
      terms,
      fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })), { maxLength: 2_000 }),
      (budgetTerms, waits) => {
        const spent = spendWhenever(createBudget(budgetTerms, 0), 0, waits);
        assert.ok(busiest(spent, budgetTerms.perSeconds * 1000) <= budgetTerms.requests);
      },
    ),
  );
});

test('a restart at any moment gives no window a second helping', () => {
  fc.assert(
    fc.property(terms, fc.integer({ min: 1, max: 1_500 }), (budgetTerms, before) => {
      const eager = Array.from({ length: 2_500 }, () => 0);
      // Idle first, so that the burst is saved up when the rush begins.
      const idleMs = budgetTerms.perSeconds * 2_000;
      const first = spendWhenever(createBudget(budgetTerms, 0), idleMs, eager.slice(0, before));
      const restartedAt = first.at(-1) ?? idleMs;
      const second = spendWhenever(createBudget(budgetTerms, restartedAt), restartedAt, eager);
      const windowMs = budgetTerms.perSeconds * 1000;
      assert.ok(busiest([...first, ...second], windowMs) <= budgetTerms.requests);
    }),
  );
});

test('who always has something to ask uses nine tenths of the budget at least', () => {
  fc.assert(
    fc.property(terms, (budgetTerms) => {
      const budget = createBudget(budgetTerms, 0);
      const windows = 20;
      const end = budgetTerms.perSeconds * 1000 * windows;
      let count = 0;
      for (let now = 0; now < end; now = nextSpendAt(budget, now))
        if (spend(budget, now)) count += 1;
      assert.ok(count >= 0.9 * budgetTerms.requests * windows - budgetTerms.requests);
    }),
    { numRuns: 30 },
  );
});

test('what remains is what can be spent at once', () => {
  fc.assert(
    fc.property(terms, fc.nat(100_000), (budgetTerms, now) => {
      const budget = createBudget(budgetTerms, 0);
      const promised = remaining(budget, now);
      for (let n = 0; n < promised; n += 1) assert.equal(spend(budget, now), true);
      assert.equal(spend(budget, now), false);
    }),
  );
});

test('a pause holds all back, doubles each time, and is forgotten when things go well', () => {
  const budget = createBudget({ requests: 100, perSeconds: 1 }, 0);
  pause(budget, 10_000, 30_000);
  assert.equal(nextSpendAt(budget, 10_000), 40_000);
  assert.equal(remaining(budget, 39_999), 0);
  pause(budget, 40_000, undefined);
  assert.equal(nextSpendAt(budget, 40_000), 50_000, 'the second in a row lasts ten seconds');
  goesWell(budget);
  pause(budget, 60_000, undefined);
  assert.equal(nextSpendAt(budget, 60_000), 65_000);
});

test('of several budgets for one credential the strictest counts', () => {
  const slow = { requests: 10, perSeconds: 60 };
  assert.equal(strictest([{ requests: 5, perSeconds: 1 }, slow]), slow);
  assert.equal(strictest([]), undefined);
});
