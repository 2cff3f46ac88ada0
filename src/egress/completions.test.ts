import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Completions } from './completions.ts';

test('a callback that throws is heard and costs no other its result', (t) => {
  const nextTicks: (() => void)[] = [];
  const nextTick = mock.method(process, 'nextTick', (run: () => void) => nextTicks.push(run));
  t.after(() => nextTick.mock.restore());
  const completed: string[] = [];
  const completions = new Completions<string>((name) => {
    if (name === 'b') throw new Error('bug of the caller');
    completed.push(name);
  });
  for (const name of ['a', 'b', 'c', 'd']) completions.push(name);
  assert.deepEqual([nextTicks.length, completed], [1, []]);
  assert.throws(() => nextTicks[0]?.(), /bug of the caller/);
  assert.deepEqual([nextTicks.length, completed], [2, ['a']]);
  nextTicks[1]?.();
  assert.deepEqual(completed, ['a', 'c', 'd']);
});
