import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_RETRY_AFTER_MS, MAX_SCHEDULE_STEP_SECONDS, MAX_SCHEDULE_STEPS } from './limits.ts';
import { checkSchedule, DEFAULT_SCHEDULE_SECONDS, JITTER, nextAttempt } from './retry-policy.ts';

const NOW = 1_775_736_000_000;

const schedule = fc.array(fc.integer({ min: 0, max: MAX_SCHEDULE_STEP_SECONDS }), {
  maxLength: MAX_SCHEDULE_STEPS,
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('by default the next tries come after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h', () => {
  const delays: number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const next = nextAttempt({
      now: NOW,
      attempt,
      schedule: DEFAULT_SCHEDULE_SECONDS,
      random: 0.5,
    });
    if (next.kind === 'stop') {
      assert.deepEqual(next, { kind: 'stop', reason: 'schedule_ended' });
      break;
    }
    delays.push((next.at - NOW) / 1000);
  }
  assert.deepEqual(delays, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
});

test('the retry policy keeps within the jitter of the step and ends after the last one', () => {
  fc.assert(
    fc.property(schedule, fc.integer({ min: 1, max: 60 }), random, (steps, attempt, chance) => {
      const next = nextAttempt({ now: NOW, attempt, schedule: steps, random: chance });
      const step = steps[attempt - 1];
      assert.equal(next.kind === 'stop', step === undefined);
      if (next.kind === 'stop' || step === undefined) return;
      const delayMs = next.at - NOW;
      assert.ok(Number.isInteger(delayMs));
      assert.ok(delayMs >= Math.floor(step * 1000 * (1 - JITTER)));
      assert.ok(delayMs <= Math.ceil(step * 1000 * (1 + JITTER)));
    }),
    { numRuns: 200 },
  );
});

test('the retry policy spreads tries over the whole jitter', () => {
  const instants = [0, 0.25, 0.75].map((chance) => {
    const next = nextAttempt({ now: 0, attempt: 1, schedule: [100], random: chance });
    return next.kind === 'at' ? next.at : next.reason;
  });
  assert.deepEqual(instants, [80_000, 90_000, 110_000]);
});

test('Retry-After moves the next try later, never earlier, and only up to the cap', () => {
  fc.assert(
    fc.property(schedule, fc.nat(100_000_000), random, (steps, retryAfterMs, chance) => {
      const failed = { now: NOW, attempt: 1, schedule: steps, random: chance };
      const plain = nextAttempt(failed);
      const asked = nextAttempt({ ...failed, retryAfterMs });
      if (plain.kind === 'stop') {
        assert.equal(asked.kind, 'stop');
        return;
      }
      const wish = NOW + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
      assert.deepEqual(asked, { kind: 'at', at: Math.max(plain.at, wish) });
    }),
    { numRuns: 200 },
  );
});

test('a retry schedule may have whole and broken seconds, and no step at all', () => {
  assert.equal(checkSchedule(DEFAULT_SCHEDULE_SECONDS), undefined);
  assert.equal(checkSchedule([]), undefined);
  assert.equal(checkSchedule([0, 0.25, MAX_SCHEDULE_STEP_SECONDS]), undefined);
  assert.equal(checkSchedule(Array.from({ length: MAX_SCHEDULE_STEPS }, () => 1)), undefined);
});

test('a retry schedule is refused by the step that is out of range', () => {
  for (const bad of [-1, NaN, Infinity, MAX_SCHEDULE_STEP_SECONDS + 1]) {
    assert.match(checkSchedule([5, bad]) ?? '', /^step 2 of the retry schedule is .* \(7 days\)$/);
  }
});

test('a retry schedule is refused with more steps than the limit', () => {
  const problem = checkSchedule(Array.from({ length: MAX_SCHEDULE_STEPS + 1 }, () => 1));
  assert.equal(problem, 'a retry schedule has at most 50 steps, not 51');
});
