import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.ts';

test('round trip of any bytes, with and without padding, and agreement with Buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64'));
      assert.deepEqual(decodeBase64(text), bytes);
      assert.deepEqual(decodeBase64(text.replace(/=+$/, '')), bytes);
    }),
    { numRuns: 200 },
  );
});

test('what is not base64 is refused', () => {
  for (const text of ['A', 'AAAAA', 'AA=', 'AAA==', 'AA AA', 'AAA-', 'AAA_', 'AAAA\n', '=', 'é']) {
    assert.equal(decodeBase64(text), undefined, JSON.stringify(text));
  }
});
