import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSecrets } from './spellings.ts';

const SECRETS = { one: 'canary one: "ü" + / & 100 %', two: 'canary two, which is not there' };

test('a secret is found in every spelling, wherever it stands', () => {
  const { one } = SECRETS;
  const texts = [
    `before ${one} after`,
    JSON.stringify({ one }),
    JSON.stringify({ nested: JSON.stringify({ one }) }),
    `https://example.com/?a=${encodeURIComponent(one)}&b`,
    new URLSearchParams({ a: 'b', one }).toString(),
    Buffer.from(one).toString('hex'),
    ...['', 'a', 'ab', 'abc'].flatMap((before) => [
      Buffer.from(`${before}${one}:after`).toString('base64'),
      Buffer.from(`${before}${one}:after`).toString('base64url'),
    ]),
  ];
  for (const text of texts) assert.deepEqual(findSecrets(text, SECRETS), ['one'], text);
});

test('what is not there is not found', () => {
  assert.deepEqual(findSecrets('canary one', SECRETS), []);
  assert.deepEqual(findSecrets(Buffer.alloc(1_000), SECRETS), []);
});
