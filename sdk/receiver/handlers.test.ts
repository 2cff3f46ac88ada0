import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileHandlers } from './handlers.ts';
import { compilePattern } from './patterns.ts';

const event = (eventType: string) => ({
  webhook_id: 'evt_1',
  event_type: eventType,
  timestamp: '',
  data: {},
});

test('patterns match as documented', () => {
  const table: [pattern: string, matches: string[], misses: string[]][] = [
    ['task.completed', ['task.completed'], ['task', 'task.completed.x', 'task_completed', '']],
    ['task.*', ['task.a', 'task.b'], ['task', 'task.a.b', 'tasks.a']],
    ['task.**', ['task.a', 'task.a.b.c'], ['task', 'other.a']],
    ['*.failed', ['task.failed'], ['failed', 'a.b.failed']],
    ['**', ['task', 'task.a', 'bellwire.test'], []],
    ['*', ['task'], ['task.a']],
  ];
  for (const [pattern, matches, misses] of table) {
    const fits = compilePattern(pattern);
    for (const type of matches) assert.ok(fits(type), `${pattern} should match ${type}`);
    for (const type of misses) assert.ok(!fits(type), `${pattern} should not match ${type}`);
  }
});

test('patterns that could never match as meant are refused', () => {
  for (const pattern of ['', '.', 'task.', '**.task', 'task.**.x', 'task*', 'a b', 'task.***']) {
    assert.throws(() => compilePattern(pattern), /no event type pattern/, pattern);
  }
  assert.throws(() => compileHandlers({ 'task.': () => {} }), TypeError);
});

test('every matching handler runs, in the order written', async () => {
  const ran: string[] = [];
  const begin = compileHandlers({
    '**': () => ran.push('all'),
    'task.completed': () => ran.push('exact'),
    'task.failed': () => ran.push('other'),
    'task.*': () => ran.push('one'),
  });
  await begin(event('task.completed'))();
  assert.deepEqual(ran, ['all', 'exact', 'one']);
});

test('an event without a handler is done', async () => {
  await compileHandlers({})(event('task.completed'))();
});

test('a failing handler keeps none from running, and only it is run again', async () => {
  const ran: string[] = [];
  let failing = true;
  const begin = compileHandlers({
    'a.b': () => ran.push('first'),
    'a.*': async () => {
      ran.push('second');
      if (failing) throw new Error('second failed');
    },
    '**': () => ran.push('third'),
  });
  const run = begin(event('a.b'));
  await assert.rejects(run(), /second failed/);
  failing = false;
  await run();
  assert.deepEqual(ran, ['first', 'second', 'third', 'second']);
});

function fail(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

test('several failures are reported together', async () => {
  const run = compileHandlers({ 'a.b': fail('one'), '**': fail('two') })(event('a.b'));
  await assert.rejects(run(), (error: unknown) => {
    assert.ok(error instanceof AggregateError);
    assert.deepEqual(error.errors.map(String), ['Error: one', 'Error: two']);
    return true;
  });
});
