import { test } from 'node:test';
import { badTargetsScenario } from './bad-targets-scenario.ts';

test('five bad targets of fifty hurt nobody else, and it shows what they did', async (t) => {
  await badTargetsScenario(t, {
    events: 2_000,
    hangTimeoutMs: 3_000,
    healthyP99Ms: 2_500,
    deadlineMs: 15_000,
  });
});
