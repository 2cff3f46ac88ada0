/** The scenario of `test/e2e/bad-targets.test.ts` at ten times its size: `npm run test:chaos`. */
import { test } from 'node:test';
import { badTargetsScenario } from '../e2e/bad-targets-scenario.ts';

test('20,000 events to fifty targets, five of them bad', { timeout: 300_000 }, async (t) => {
  await badTargetsScenario(t, {
    events: 20_000,
    hangTimeoutMs: 15_000,
    healthyP99Ms: 5_000,
    deadlineMs: 120_000,
  });
});
