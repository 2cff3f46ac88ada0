import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  DISABLE_AFTER_FAILING_MS,
  endpointHealth,
  MAX_SILENCE_MS,
  type FailureRun,
} from './endpoint-health.ts';
import { DEFAULT_SCHEDULE_SECONDS, JITTER } from './retry-policy.ts';

const NOW = 1_775_736_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;

test('five days are five days', () => {
  assert.equal(DISABLE_AFTER_FAILING_MS, 5 * DAY_MS);
});

/** A run of failures that goes on to this day. */
function runFor(ms: number) {
  return { since: NOW - ms, lastAt: NOW - 1_000 };
}

test('a first failure starts the clock and disables nothing', () => {
  const health = endpointHealth(null, 'failed', NOW);
  assert.deepEqual(health, { run: { since: NOW, lastAt: NOW }, disable: false });
});

test('a subscription is disabled by the failure that completes five days, not before', () => {
  const run = runFor(DISABLE_AFTER_FAILING_MS);
  assert.equal(endpointHealth({ ...run, since: run.since + 1 }, 'failed', NOW).disable, false);
  assert.deepEqual(endpointHealth(run, 'failed', NOW), {
    run: { since: run.since, lastAt: NOW },
    disable: true,
  });
});

test('a success forgets any run of failures', () => {
  const healthy = { run: null, disable: false };
  assert.deepEqual(endpointHealth(runFor(10 * DAY_MS), 'succeeded', NOW), healthy);
});

test('two failures with nothing known between them are no run of failures', () => {
  const long = { since: NOW - 6 * DAY_MS, lastAt: NOW - MAX_SILENCE_MS };
  assert.equal(endpointHealth(long, 'failed', NOW).disable, true);
  assert.deepEqual(endpointHealth({ ...long, lastAt: long.lastAt - 1 }, 'failed', NOW), {
    run: { since: NOW, lastAt: NOW },
    disable: false,
  });
});

test('the default schedule never falls silent for so long that a run would end', () => {
  const longest = Math.max(...DEFAULT_SCHEDULE_SECONDS) * 1_000 * (1 + JITTER);
  assert.ok(longest < MAX_SILENCE_MS);
});

test('a clock that was set back disables nothing', () => {
  const run = { since: NOW, lastAt: NOW };
  assert.equal(endpointHealth(run, 'failed', NOW - 10 * DAY_MS).disable, false);
});

test('a subscription is disabled exactly when all outcomes of five days were failures', () => {
  const outcome = fc.record({
    pause: fc.nat(3 * DAY_MS),
    last: fc.constantFrom('failed', 'failed', 'failed', 'failed', 'succeeded'),
  });
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 40 }), (outcomes) => {
      let now = NOW;
      let known: FailureRun | null = null;
      let failures: number[] = [];
      for (const { pause, last } of outcomes) {
        now += pause;
        const silent = now - (failures.at(-1) ?? now) > MAX_SILENCE_MS;
        failures = last === 'failed' ? [...(silent ? [] : failures), now] : [];
        const health = endpointHealth(known, last, now);
        const [first] = failures;
        assert.equal(health.run?.since, first);
        assert.equal(health.disable, first !== undefined && now - first >= 5 * DAY_MS);
        known = health.run;
      }
    }),
    { numRuns: 200 },
  );
});
