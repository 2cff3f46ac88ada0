import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_REDACT_PATH_CHARS } from './limits.ts';
import { ANY, DEEP, parseRedactPath } from './redact-path.ts';

test('every way to write a step is read', () => {
  const steps = {
    data: [],
    'data.card.number': ['card', 'number'],
    'data.items[*].ssn': ['items', ANY, 'ssn'],
    'data.*.ssn': [ANY, 'ssn'],
    'data[0][12]': ['0', '12'],
    'data.**.password': [DEEP, 'password'],
    'data["odd.key"].x': ['odd.key', 'x'],
    'data["a\\"b\\u0041]"]': ['a"bA]'],
    'data[""]': [''],
    'data.감사._x-1': ['감사', '_x-1'],
  };
  for (const [text, expected] of Object.entries(steps)) {
    assert.deepEqual(parseRedactPath(text), { root: 'data', steps: expected }, text);
  }
  assert.deepEqual(parseRedactPath('metadata.*'), { root: 'metadata', steps: [ANY] });
});

test('what is wrong is said with its place', () => {
  const wrong = {
    '': /must begin with "data" or "metadata"/,
    card: /must begin/,
    'data2.x': /must begin/,
    'task_id.x': /must begin/,
    metadata: /must stay an object/,
    'data.': /character 5/,
    'data..x': /character 5/,
    'data.a b': /character 7/,
    'data.a[': /character 7/,
    'data.a[-1]': /character 7/,
    'data.a[x]': /character 7/,
    'data["a]': /character 5/,
    'data["\\x"]': /character 5/,
    'data.a*': /character 5/,
    'data.***': /character 5/,
    'data.**': /must name something behind "\*\*"/,
    [`data.${'x'.repeat(MAX_REDACT_PATH_CHARS)}`]: /more than 255 characters/,
  };
  for (const [text, reason] of Object.entries(wrong)) {
    const answer = parseRedactPath(text);
    assert.ok(typeof answer === 'string', text);
    assert.match(answer, reason, text);
  }
});

test('any name can be written in brackets, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (name) => {
      const path = parseRedactPath(`data[${JSON.stringify(name)}]`);
      assert.deepEqual(path, { root: 'data', steps: [name] });
    }),
  );
});

test('no text makes it throw', () => {
  const odd = fc.string({ unit: fc.constantFrom('data', '.', '[', ']', '"', '\\', '*', 'a', '0') });
  fc.assert(fc.property(odd, (text) => void parseRedactPath(text)));
});
