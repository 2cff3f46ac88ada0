import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../contract/manual-clock.ts';
import { DEFAULT_TTL_MS, memoryDedupe } from './memory-dedupe.ts';

test('an id is new once', async () => {
  const dedupe = memoryDedupe();
  assert.equal(await dedupe.claim('evt_1'), 'new');
  assert.equal(await dedupe.claim('evt_1'), 'duplicate');
  assert.equal(await dedupe.claim('evt_2'), 'new');
});

test('of claims made at once, one wins', async () => {
  const dedupe = memoryDedupe();
  const claims = await Promise.all(Array.from({ length: 20 }, () => dedupe.claim('evt_1')));
  assert.equal(claims.filter((claim) => claim === 'new').length, 1);
});

test('a released id is new again', async () => {
  const dedupe = memoryDedupe();
  await dedupe.claim('evt_1');
  await dedupe.release('evt_1');
  assert.equal(await dedupe.claim('evt_1'), 'new');
});

test('an id is forgotten after its time, not before', async () => {
  const clock = manualClock(0);
  const dedupe = memoryDedupe({ clock });
  await dedupe.claim('evt_1');
  clock.advance(DEFAULT_TTL_MS - 1);
  assert.equal(await dedupe.claim('evt_1'), 'duplicate');
  clock.advance(1);
  assert.equal(await dedupe.claim('evt_1'), 'new');
  assert.equal(await dedupe.claim('evt_1'), 'duplicate');
});

test('when full it forgets the oldest id, and only that', async () => {
  const dedupe = memoryDedupe({ maxIds: 3 });
  for (const id of ['a', 'b', 'c', 'd']) {
    assert.equal(await dedupe.claim(id), 'new');
  }
  for (const id of ['b', 'c', 'd']) {
    assert.equal(await dedupe.claim(id), 'duplicate', id);
  }
  assert.equal(await dedupe.claim('a'), 'new');
});
