/** The scenario of `test/e2e/kill.test.ts` at full size: `npm run test:chaos`. */
import { test } from 'node:test';
import { killScenario } from '../e2e/kill-scenario.ts';

const EVENTS = 20_000;

/** Somewhere in that share of the run; where exactly is another each time. */
function within(from: number, to: number): number {
  return Math.round(EVENTS * (from + Math.random() * (to - from)));
}

test('20,000 events, kill -9 twice at random and SIGTERM once', { timeout: 300_000 }, async (t) => {
  const interruptions = [
    { signal: 'SIGKILL', afterAcked: within(0.05, 0.35) },
    { signal: 'SIGKILL', afterAcked: within(0.4, 0.65), laterMs: Math.random() * 20 },
    { signal: 'SIGTERM', afterAcked: within(0.7, 0.9) },
  ] as const;
  t.diagnostic(interruptions.map((one) => `${one.signal} at ${one.afterAcked}`).join(', '));
  await killScenario(t, { events: EVENTS, interruptions, deadlineMs: 120_000 });
});
