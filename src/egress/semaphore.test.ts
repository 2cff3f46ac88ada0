import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from './semaphore.ts';

test('hands places to the waiting in order and refuses when the queue is full', async () => {
  const semaphore = new Semaphore(1, 2);
  assert.equal(await semaphore.acquire(), true);
  const order: string[] = [];
  const first = semaphore.acquire().then((got) => order.push(`first ${got}`));
  const second = semaphore.acquire().then((got) => order.push(`second ${got}`));
  assert.equal(await semaphore.acquire(), false);
  assert.deepEqual(order, []);
  semaphore.release();
  await first;
  semaphore.release();
  await second;
  assert.deepEqual(order, ['first true', 'second true']);
  semaphore.release();
  assert.equal(await semaphore.acquire(), true);
});
