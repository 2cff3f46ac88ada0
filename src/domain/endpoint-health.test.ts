import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DISABLE_AFTER_FAILING_MS, endpointHealth } from './endpoint-health.ts';

const NOW = 1_775_736_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;

test('five days are five days', () => {
  assert.equal(DISABLE_AFTER_FAILING_MS, 5 * DAY_MS);
});

test('a first failure starts the clock and disables nothing', () => {
  const health = endpointHealth(null, 'failed', NOW);
  assert.deepEqual(health, { failingSince: NOW, disable: false });
});

test('a subscription is disabled by the failure that completes five days, not before', () => {
  const since = NOW - DISABLE_AFTER_FAILING_MS;
  assert.equal(endpointHealth(since + 1, 'failed', NOW).disable, false);
  assert.deepEqual(endpointHealth(since, 'failed', NOW), { failingSince: since, disable: true });
});

test('a success forgets any run of failures', () => {
  const since = NOW - 2 * DISABLE_AFTER_FAILING_MS;
  const healthy = { failingSince: null, disable: false };
  assert.deepEqual(endpointHealth(since, 'succeeded', NOW), healthy);
});

test('a clock that was set back disables nothing', () => {
  assert.equal(endpointHealth(NOW, 'failed', NOW - 10 * DAY_MS).disable, false);
});

test('a subscription is disabled exactly when all outcomes of five days were failures', () => {
  const outcome = fc.record({
    pause: fc.nat(2 * DAY_MS),
    last: fc.constantFrom('failed', 'failed', 'failed', 'failed', 'succeeded'),
  });
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 40 }), (outcomes) => {
      let now = NOW;
      let failingSince: number | null = null;
      let run: number[] = [];
      for (const { pause, last } of outcomes) {
        now += pause;
        run = last === 'failed' ? [...run, now] : [];
        const health = endpointHealth(failingSince, last, now);
        const [first] = run;
        assert.equal(health.failingSince, first ?? null);
        assert.equal(health.disable, first !== undefined && now - first >= 5 * DAY_MS);
        failingSince = health.failingSince;
      }
    }),
    { numRuns: 200 },
  );
});
