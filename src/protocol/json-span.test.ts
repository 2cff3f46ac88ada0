import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { memberSpan, topLevelSpans } from './json-span.ts';

const slice = (text: string, span: { start: number; end: number } | undefined) =>
  span && text.slice(span.start, span.end);

test('every top-level member is found with the value JSON.parse sees', () => {
  const values = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
  fc.assert(
    fc.property(values, fc.constantFrom('', ' ', '\n\t', 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const spans = topLevelSpans(text);
      const parsed: Record<string, unknown> = JSON.parse(text);
      assert.deepEqual([...spans.keys()].toSorted(), Object.keys(parsed).toSorted());
      for (const [key, span] of spans) {
        assert.deepEqual(JSON.parse(slice(text, span) ?? ''), parsed[key]);
        assert.deepEqual(memberSpan(text, key), span);
      }
    }),
    { numRuns: 200 },
  );
});

test('the span holds the exact text, spacing and number spelling included', () => {
  const text = ' { "n" : 1.00e+2 , "o":{ "a" : [ 1, "}" ] } ,"s":"\\"}\\\\" } ';
  assert.equal(slice(text, memberSpan(text, 'n')), '1.00e+2');
  assert.equal(slice(text, memberSpan(text, 'o')), '{ "a" : [ 1, "}" ] }');
  assert.equal(slice(text, memberSpan(text, 's')), '"\\"}\\\\"');
});

test('of duplicate keys the last wins, in any spelling', () => {
  const text = '{"data":1,"x":0,"d\\u0061ta":2}';
  assert.equal(slice(text, memberSpan(text, 'data')), '2');
  assert.equal(slice(text, topLevelSpans(text).get('data')), '2');
  assert.deepEqual(JSON.parse(text), { data: 2, x: 0 });
});

test('nested members of the same name are not mistaken for the top-level one', () => {
  const text = '{"a":{"data":1},"b":[{"data":2}],"data":3}';
  assert.equal(slice(text, memberSpan(text, 'data')), '3');
});

test('an escaped key whose text has the length of another key is not that key', () => {
  assert.equal(memberSpan('{"\\u0061":1}', 'abcdef'), undefined);
  assert.equal(memberSpan('{"\\"":1}', '\\"'), undefined);
});

test('a missing member and an empty object give undefined', () => {
  assert.equal(memberSpan('{}', 'data'), undefined);
  assert.equal(memberSpan('{"dat":1,"data2":2}', 'data'), undefined);
  assert.equal(topLevelSpans(' {\n} ').size, 0);
});

test('other top levels and cut texts are refused, never scanned for ever', () => {
  for (const text of ['[1]', '"a"', '1', '', '{"a', '{"a":"b', '{"a":[1,2', '{"a":12']) {
    assert.throws(() => topLevelSpans(text), SyntaxError, text);
  }
});
