import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createRateLimit, fillOf, take } from './rate-limit.ts';

const rate = fc.oneof(
  fc.integer({ min: 1, max: 10_000 }),
  fc.double({ min: 0.01, max: 50, noNaN: true }),
);
const start = fc.double({ min: 0, max: 1e9, noNaN: true });

/** Above the largest rate used here, so that a broken limit fails a test instead of hanging it. */
const MOST_AT_ONCE = 10_001;

function takeAllAt(limit: ReturnType<typeof createRateLimit>, now: number): number {
  let taken = 0;
  while (take(limit, now) === 0) {
    taken += 1;
    assert.ok(taken <= MOST_AT_ONCE, 'the limit limits nothing');
  }
  return taken;
}

test('a rate limit grants one second worth at once, and then makes the caller wait', () => {
  assert.equal(takeAllAt(createRateLimit(50), 1_000), 50);
  assert.equal(takeAllAt(createRateLimit(1), 0), 1);
  assert.equal(takeAllAt(createRateLimit(0.2), 0), 1);
  assert.equal(takeAllAt(createRateLimit(2.5), 0), 2);
});

test('a rate limit grants exactly its whole number at once, however long the clock has run', () => {
  const whole = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(whole, start, (perSecond, now) => {
      assert.equal(takeAllAt(createRateLimit(perSecond), now), perSecond);
    }),
  );
  assert.equal(takeAllAt(createRateLimit(10_000), 999_999_999.3), 10_000);
});

test('a rate limit below one a second grants one try in its time', () => {
  const limit = createRateLimit(0.2);
  assert.equal(take(limit, 0), 0);
  assert.equal(take(limit, 0), 5_000);
  assert.equal(take(limit, 5_000), 0);
});

test('a rate limit says how long to wait for the next token', () => {
  const limit = createRateLimit(50);
  takeAllAt(limit, 1_000);
  assert.equal(take(limit, 1_000), 20);
  assert.equal(take(limit, 1_012), 8);
  assert.equal(take(limit, 1_020), 0);
  assert.equal(take(limit, 1_020), 20);
});

test('a rate limit grants a token to whoever waits as long as told', () => {
  fc.assert(
    fc.property(rate, start, (perSecond, startedAt) => {
      const limit = createRateLimit(perSecond);
      takeAllAt(limit, startedAt);
      const wait = take(limit, startedAt);
      assert.ok(wait > 0 && Number.isInteger(wait));
      assert.equal(take(limit, startedAt + wait), 0);
    }),
    { numRuns: 200 },
  );
});

test('a rate limit never grants more than its rate and one second worth', () => {
  const pauses = fc.array(fc.nat(2_000), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), pauses, (perSecond, steps) => {
      const limit = createRateLimit(perSecond);
      const grants: number[] = [];
      let now = 0;
      for (const pause of steps) {
        now += pause;
        for (let granted = takeAllAt(limit, now); granted > 0; granted -= 1) grants.push(now);
      }
      for (const [first, from] of grants.entries()) {
        for (let last = first; last < grants.length; last += 1) {
          const seconds = ((grants[last] ?? 0) - from) / 1000;
          assert.ok(last - first + 1 <= perSecond + perSecond * seconds + 1e-6);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('a rate limit keeps the full rate for a caller who waits in whole milliseconds', () => {
  const limit = createRateLimit(3_000);
  takeAllAt(limit, 0);
  let now = 0;
  let granted = 0;
  while (now < 1_000) {
    const wait = take(limit, now);
    if (wait === 0) granted += 1;
    else now += wait;
  }
  assert.ok(granted >= 2_995 && granted <= 3_000, String(granted));
});

test('a rate limit does not save up more than one second worth while idle', () => {
  const limit = createRateLimit(5);
  takeAllAt(limit, 0);
  assert.equal(takeAllAt(limit, 3_600_000), 5);
});

test('many tokens at once are granted while there is one, and made good later', () => {
  const limit = createRateLimit(10);
  assert.equal(take(limit, 0, 9), 0);
  assert.equal(take(limit, 0, 25), 0);
  assert.equal(take(limit, 0), 2_500);
  assert.equal(take(limit, 2_499, 3), 1);
  assert.equal(take(limit, 2_500), 0);
});

test('in the long run overdrawing grants no more than the rate', () => {
  const demands = fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 100 })), {
    minLength: 1,
    maxLength: 50,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), demands, (perSecond, asked) => {
      const limit = createRateLimit(perSecond);
      let now = 0;
      let granted = 0;
      for (const [pause, tokens] of asked) {
        now += pause;
        if (take(limit, now, tokens) === 0) granted += tokens;
      }
      assert.ok(granted <= perSecond + (perSecond * now) / 1000 + 100);
    }),
  );
});

test('what is left in the bucket is what can be taken one by one', () => {
  fc.assert(
    fc.property(rate, start, fc.nat(100), fc.nat(500), (perSecond, startedAt, taken, pause) => {
      const limit = createRateLimit(perSecond);
      if (taken > 0) take(limit, startedAt, taken);
      const now = startedAt + pause;
      const { tokens, fullInMs } = fillOf(limit, now);
      assert.equal(tokens, takeAllAt({ ...limit }, now));
      const full = takeAllAt({ ...limit }, now + fullInMs);
      assert.equal(full, Math.max(1, Math.floor(perSecond + 1e-9)));
    }),
  );
});

test('a rate limit refuses a rate that is no number above 0', () => {
  for (const bad of [0, -1, NaN, Infinity]) {
    assert.throws(() => createRateLimit(bad), /rate limit must be a number/);
  }
});
