import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObjectCache } from './object-cache.ts';

test('it holds no more than its bytes, and what is used stays', () => {
  const cache = new ObjectCache(10_000);
  const text = 'x'.repeat(1_000);
  for (let n = 0; n < 10; n += 1) {
    cache.set(`key ${n}`, { text, fetchedAt: n });
    cache.get('key 0');
  }
  const left = Array.from({ length: 10 }, (_, n) => n).filter((n) => cache.get(`key ${n}`));
  assert.deepEqual(left, [0, 7, 8, 9]);
});

test('one that is larger than all of it is not kept', () => {
  const cache = new ObjectCache(1_000);
  cache.set('large', { text: 'x'.repeat(10_000), fetchedAt: 0 });
  assert.equal(cache.get('large'), undefined);
});

test('a new copy takes the place of the old one', () => {
  const cache = new ObjectCache(10_000);
  for (let n = 0; n < 100; n += 1) cache.set('key', { text: 'x'.repeat(1_000), fetchedAt: n });
  assert.equal(cache.get('key')?.fetchedAt, 99);
});
