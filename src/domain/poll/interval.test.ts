import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { backoffMs, delayMs, nextInterval, POLL_JITTER } from './interval.ts';

const terms = fc
  .tuple(
    fc.integer({ min: 1, max: 10_000 }),
    fc.integer({ min: 0, max: 5_000 }),
    fc.integer({ min: 0, max: 50_000 }),
  )
  .map(([minSeconds, more, evenMore]) => ({
    minSeconds,
    intervalSeconds: minSeconds + more,
    maxSeconds: minSeconds + more + evenMore,
  }));

test('an interval never leaves its bounds, whatever happens', () => {
  fc.assert(
    fc.property(terms, fc.array(fc.boolean(), { maxLength: 100 }), (interval, changes) => {
      let current: number | null = null;
      for (const hasChanged of changes) {
        current = nextInterval(interval, current, hasChanged);
        assert.ok(current >= interval.minSeconds && current <= interval.maxSeconds);
      }
    }),
  );
});

test('a change makes it shortest, and quiet makes it longer until it is longest', () => {
  const interval = { minSeconds: 10, intervalSeconds: 60, maxSeconds: 600 };
  assert.equal(nextInterval(interval, null, false), 60);
  assert.equal(nextInterval(interval, 600, true), 10);
  const grown: number[] = [];
  let current = 10;
  while (current < 600) {
    current = nextInterval(interval, current, false);
    grown.push(current);
  }
  assert.ok(grown.every((seconds, at) => seconds > (grown[at - 1] ?? 10)));
});

test('jitter stays within its share', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (s, random) => {
        const off = Math.abs(delayMs(s, random) - s * 1000);
        assert.ok(off <= s * 1000 * POLL_JITTER + 1);
      },
    ),
  );
});

test('failures make it wait longer and longer, and not for ever', () => {
  const interval = { minSeconds: 1, intervalSeconds: 1, maxSeconds: 1 };
  assert.equal(backoffMs(interval, 1, 0.5), 5_000);
  assert.equal(backoffMs(interval, 4, 0.5), 40_000);
  assert.equal(backoffMs(interval, 1_000_000, 0.5), 3_600_000);
  const slow = { minSeconds: 7_200, intervalSeconds: 7_200, maxSeconds: 86_400 };
  assert.equal(backoffMs(slow, 1, 0.5), 7_200_000, 'never sooner than it would be anyway');
});
