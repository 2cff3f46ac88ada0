import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compilePatterns, compileRoutes, MAX_REMEMBERED_EVENT_TYPES } from './routing.ts';

/** What the patterns mean, said as slowly and plainly as possible. */
function matchesPlainly(pattern: string, eventType: string): boolean {
  const [first] = pattern.split('.');
  if (eventType.split('.')[0] === 'bellwire' && first !== 'bellwire') return false;
  const expression = pattern
    .split('.')
    .map((segment) => (segment === '**' ? '.+' : segment === '*' ? '[^.]+' : segment))
    .join('\\.');
  return new RegExp(`^${expression}$`).test(eventType);
}

const word = fc.constantFrom('a', 'b', 'task', 'bellwire');
const eventType = fc.array(word, { minLength: 1, maxLength: 5 }).map((all) => all.join('.'));
const pattern = fc
  .tuple(
    fc.array(fc.oneof(word, fc.constant('*')), { maxLength: 4 }),
    fc.oneof(word, fc.constantFrom('*', '**')),
  )
  .map(([head, last]) => [...head, last].join('.'));

test('a route matches exactly the types that its patterns mean', () => {
  const entries = fc.array(fc.array(pattern, { maxLength: 4 }), { maxLength: 12 });
  fc.assert(
    fc.property(entries, fc.array(eventType, { maxLength: 10 }), (lists, types) => {
      const routes = compileRoutes(lists.map((patterns, value) => ({ patterns, value })));
      for (const type of [...types, ...types]) {
        const expected = [...lists.keys()].filter((value) =>
          (lists[value] ?? []).some((each) => matchesPlainly(each, type)),
        );
        assert.deepEqual(routes.match(type), expected, type);
      }
    }),
    { numRuns: 200 },
  );
});

test('a list of patterns matches when one of them does', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 4 }), eventType, (patterns, type) => {
      const expected = patterns.some((each) => matchesPlainly(each, type));
      assert.equal(compilePatterns(patterns)(type), expected);
    }),
    { numRuns: 200 },
  );
});

test('"*" stands for one part, "**" for one or more, and "**" alone for every type', () => {
  const table: [string, string, boolean][] = [
    ['task.completed', 'task.completed', true],
    ['task.completed', 'task.Completed', false],
    ['task.*', 'task.completed', true],
    ['task.*', 'task', false],
    ['task.*', 'task.step.completed', false],
    ['task.**', 'task.completed', true],
    ['task.**', 'task.step.completed', true],
    ['task.**', 'task', false],
    ['task.**', 'tasks.completed', false],
    ['**', 'task', true],
    ['**', 'task.step.completed', true],
    ['*', 'task.completed', false],
  ];
  for (const [text, type, expected] of table) {
    assert.equal(compilePatterns([text])(type), expected, `${text} on ${type}`);
  }
});

test('operational events reach only those who name them', () => {
  const type = 'bellwire.subscription.disabled';
  for (const text of ['**', '*.**', '*.*.*', '*.subscription.disabled']) {
    assert.equal(compilePatterns([text])(type), false, text);
  }
  for (const text of ['bellwire.**', 'bellwire.*.disabled', type]) {
    assert.equal(compilePatterns([text])(type), true, text);
  }
});

test('a value with several matching patterns is given once, in the given order', () => {
  const routes = compileRoutes([
    { patterns: ['**'], value: 'first' },
    { patterns: ['task.done', 'task.*', 'task.**', '**'], value: 'second' },
    { patterns: ['task.done'], value: 'third' },
  ]);
  assert.deepEqual(routes.match('task.done'), ['first', 'second', 'third']);
});

test('a value of undefined is matched like any other', () => {
  const routes = compileRoutes([{ patterns: ['a'], value: undefined }]);
  assert.deepEqual(routes.match('a'), [undefined]);
});

test('a snapshot is shared safely: its answers are frozen', () => {
  const routes = compileRoutes([{ patterns: ['**'], value: 1 }]);
  assert.ok(Object.isFrozen(routes.match('a')));
  assert.ok(Object.isFrozen(routes.match('bellwire.a')));
});

test('types named like built-in properties are ordinary types', () => {
  const routes = compileRoutes([{ patterns: ['__proto__.constructor'], value: 1 }]);
  assert.deepEqual(routes.match('__proto__.constructor'), [1]);
  assert.deepEqual(routes.match('constructor'), []);
});

test('a snapshot remembers types in use and forgets others, so it stays bounded', () => {
  const routes = compileRoutes([{ patterns: ['**'], value: 1 }]);
  const hot = routes.match('hot');
  const cold = routes.match('cold');
  for (let number = 0; number < 3 * MAX_REMEMBERED_EVENT_TYPES; number += 1) {
    routes.match(`task-${number}`);
    if (number % 1_000 === 0) assert.equal(routes.match('hot'), hot);
  }
  assert.deepEqual(routes.match('cold'), cold);
  assert.notEqual(routes.match('cold'), cold);
});
