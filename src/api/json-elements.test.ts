import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { arrayElements } from './json-elements.ts';

test('elements keep their own bytes: spacing, key order, escapes and big numbers', () => {
  const elements = [
    '{"b": 1,  "a":[1, 2]}',
    '12345678901234567890.10',
    '"],[\\"\\\\"',
    '[]',
    'null',
  ];
  assert.deepEqual(arrayElements(` [\n${elements.join(' ,\t')}\r\n] `), elements);
});

test('an empty array has no elements', () => {
  assert.deepEqual(arrayElements('[]'), []);
  assert.deepEqual(arrayElements(' [ \n ] '), []);
});

test('any array is cut where its elements begin and end, however it is spaced', () => {
  const spaces = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), spaces, (values, space) => {
      const elements = arrayElements(JSON.stringify(values, null, space));
      assert.deepEqual(
        elements.map((element) => JSON.parse(element)),
        JSON.parse(JSON.stringify(values)),
      );
    }),
    { numRuns: 200 },
  );
});
