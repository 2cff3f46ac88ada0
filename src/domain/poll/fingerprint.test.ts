import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson, fingerprint } from './fingerprint.ts';

test('the order of members makes no difference, the order of items does', () => {
  assert.equal(fingerprint({ a: 1, b: [1, 2] }), fingerprint({ b: [1, 2], a: 1 }));
  assert.notEqual(fingerprint([1, 2]), fingerprint([2, 1]));
});

test('values that differ in type only are different', () => {
  const prints = [1, '1', [1], { 1: 1 }, null, 'null', true, 'true', '', [], {}].map(fingerprint);
  assert.equal(new Set(prints).size, prints.length);
});

test('the canonical text is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const same: unknown = JSON.parse(canonicalJson(value));
      assert.equal(canonicalJson(same), canonicalJson(value));
    }),
  );
});

test('a value nested too deep is refused, not followed until the stack ends', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  assert.throws(() => fingerprint(deep), /nested deeper than 100 levels/);
});
