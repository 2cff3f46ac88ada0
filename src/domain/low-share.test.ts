import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  BUSY_MS,
  countLiveStart,
  countLowEnd,
  countLowStart,
  createLowShare,
  lowRoom,
  waitForLow,
} from './low-share.ts';

const FLOOR_MS = 50;
const NOW = 1_000_000;
const FOREVER = Number.POSITIVE_INFINITY;

test('without live work, low work may have half of the room', () => {
  const share = createLowShare(FLOOR_MS);
  let started = 0;
  while (waitForLow(share, 16, false, NOW) === 0) {
    countLowStart(share, NOW);
    started += 1;
    assert.ok(started <= 16);
  }
  assert.equal(started, 8);
  assert.equal(waitForLow(share, 16, false, NOW), FOREVER);
  countLowEnd(share);
  assert.equal(waitForLow(share, 16, false, NOW), 0);
});

test('beside live work it may have a fifth, and in the narrowest room still one', () => {
  assert.deepEqual(
    [1, 4, 5, 10, 16, 64].map((room) => lowRoom(room, true)),
    [1, 1, 1, 2, 3, 12],
  );
  assert.deepEqual(
    [1, 2, 3, 16].map((room) => lowRoom(room, false)),
    [1, 1, 1, 8],
  );
});

test('while live work waits, four live starts pay for one low one', () => {
  const share = createLowShare(FLOOR_MS);
  assert.equal(waitForLow(share, 100, true, NOW), 0);
  countLowStart(share, NOW);
  for (let live = 0; live < 4; live += 1) {
    assert.equal(waitForLow(share, 100, true, NOW + 10 * FLOOR_MS), FOREVER);
    countLiveStart(share, NOW);
  }
  assert.equal(waitForLow(share, 100, true, NOW), 0);
});

test('a trickle of live work leaves low work its floor', () => {
  const share = createLowShare(FLOOR_MS);
  countLowStart(share, NOW);
  countLiveStart(share, NOW);
  assert.equal(waitForLow(share, 100, false, NOW + 20), 30);
  assert.equal(waitForLow(share, 100, false, NOW + FLOOR_MS), 0);
});

test('a second after the last live start there is no live work any more', () => {
  const share = createLowShare(FLOOR_MS);
  countLiveStart(share, NOW);
  for (let low = 0; low < 20; low += 1) countLowStart(share, NOW);
  assert.equal(waitForLow(share, 100, false, NOW + BUSY_MS - 1), FOREVER);
  assert.equal(waitForLow(share, 100, false, NOW + BUSY_MS), 0);
});

test('whatever comes: a fifth of the starts while live work waits, and never more room', () => {
  const step = fc.record({
    kind: fc.constantFrom('live', 'low', 'low', 'end'),
    passMs: fc.constantFrom(0, 0, 1, 60, 1_500),
    liveWaits: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.array(step, { maxLength: 300 }),
      (room, steps) => {
        const share = createLowShare(FLOOR_MS);
        let now = NOW;
        let liveAt = Number.NEGATIVE_INFINITY;
        /** Starts in a row while live work waited. */
        let row: ('live' | 'low')[] = [];
        for (const { kind, passMs, liveWaits } of steps) {
          now += passMs;
          if (!liveWaits) row = [];
          if (kind === 'end') {
            if (share.inFlight > 0) countLowEnd(share);
          } else if (kind === 'live') {
            countLiveStart(share, now);
            liveAt = now;
            row.push('live');
          } else if (waitForLow(share, room, liveWaits, now) === 0) {
            countLowStart(share, now);
            row.push('low');
            const busy = liveWaits || now - liveAt < BUSY_MS;
            assert.ok(share.inFlight <= Math.max(1, room * (busy ? 0.2 : 0.5)));
          }
          assertFifth(row);
        }
      },
    ),
  );
});

/** Of any starts in a row, one in five is low, rounded up: a row may begin with the low one. */
function assertFifth(row: readonly ('live' | 'low')[]): void {
  for (let from = 0; from < row.length; from += 1) {
    const window = row.slice(from);
    const low = window.filter((kind) => kind === 'low').length;
    assert.ok(low <= Math.ceil(window.length / 5), `${low} of ${window.length}`);
  }
}
