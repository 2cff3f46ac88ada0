import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ExpiryQueue } from './expiry-queue.ts';

test('the earliest comes first, and nothing before its time', () => {
  const queue = new ExpiryQueue();
  queue.set(1, 300);
  queue.set(2, 100);
  queue.set(3, 200);
  assert.equal(queue.earliest(), 100);
  assert.equal(queue.take(99), undefined);
  assert.deepEqual([queue.take(250), queue.take(250), queue.take(250)], [2, 3, undefined]);
  assert.equal(queue.earliest(), 300);
});

test('a later wish replaces the one before, and a removed one never comes', () => {
  const queue = new ExpiryQueue();
  queue.set(1, 100);
  queue.set(1, 500);
  queue.set(2, 200);
  queue.remove(2);
  assert.equal(queue.earliest(), 500);
  assert.equal(queue.take(400), undefined);
  assert.equal(queue.take(500), 1);
  assert.deepEqual([queue.earliest(), queue.size], [undefined, 0]);
});

test('one that is renewed all the time does not fill the memory', () => {
  const queue = new ExpiryQueue();
  for (let at = 1; at <= 100_000; at += 1) queue.set(1, at);
  assert.ok(queue.length < 1_100, `${queue.length} entries`);
  assert.equal(queue.earliest(), 100_000);
});

test('a queue behaves like a sorted list', () => {
  const act = fc.oneof(
    fc.record({ number: fc.integer({ min: 1, max: 12 }), at: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ number: fc.integer({ min: 1, max: 12 }), at: fc.constant(null) }),
    fc.record({ number: fc.constant(0), at: fc.integer({ min: 0, max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      const queue = new ExpiryQueue();
      const model = new Map<number, number>();
      for (const { number, at } of acts) {
        if (at === null) {
          queue.remove(number);
          model.delete(number);
        } else if (number > 0) {
          queue.set(number, at);
          model.set(number, at);
        } else {
          const due = Math.min(...model.values());
          const taken = queue.take(at);
          assert.equal(taken === undefined, due > at);
          if (taken === undefined) continue;
          assert.equal(model.get(taken), due);
          model.delete(taken);
        }
        const least = Math.min(...model.values());
        assert.equal(queue.earliest() ?? Number.POSITIVE_INFINITY, least);
      }
    }),
    { numRuns: 300 },
  );
});
