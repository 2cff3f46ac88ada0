/** The example as its README runs it, with a quota that comes round sooner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../test/support/child.ts';

const WATCH = fileURLToPath(new URL('./watch.ts', import.meta.url));
const DEADLINE_MS = 120_000;

test('3,000 accounts in one quota: every alert comes once, and the quota holds', async (t) => {
  const watch = await startChild(process.execPath, [WATCH, '--per-seconds', '3']);
  t.after(() => watch.kill('SIGKILL'));
  const [, busiest] = await watch.says(/busiest window: (\d+) of 600 requests/, DEADLINE_MS);
  const { code } = await watch.ended;
  const output = watch.output();
  assert.equal(code, 0, output);
  assert.match(output, /5 alerts, 0 repeated, 0 wrong/);
  assert.match(output, /refused for too many requests: 0/);
  assert.ok(Number(busiest) <= 600, output);
});
