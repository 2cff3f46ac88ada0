import { test } from 'node:test';
import { killScenario } from './kill-scenario.ts';

test('kill -9 and SIGTERM under load lose nothing and change no id', async (t) => {
  await killScenario(t, {
    events: 1_500,
    interruptions: [
      { signal: 'SIGKILL', afterAcked: 400 },
      { signal: 'SIGTERM', afterAcked: 900 },
    ],
    deadlineMs: 15_000,
  });
});
