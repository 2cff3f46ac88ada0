import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createLaneWindow,
  onCongestion,
  onSuccess,
  restart,
  setCap,
  START_WINDOW,
  type LaneWindow,
} from './lane-window.ts';
import { MAX_IN_FLIGHT_CAP } from './limits.ts';

/** One round trip: every try of a full window succeeds. */
function succeedWholeWindow(window: LaneWindow): void {
  for (let left = window.size; left > 0; left -= 1) onSuccess(window, true);
}

test('the window of a lane doubles with every full window of successes until the cap', () => {
  const window = createLaneWindow(200);
  const sizes = [window.size];
  for (let round = 0; round < 5; round += 1) {
    succeedWholeWindow(window);
    sizes.push(window.size);
  }
  assert.deepEqual(sizes, [START_WINDOW, 32, 64, 128, 200, 200]);
});

test('the window of a lane halves on congestion and then grows by one a window', () => {
  const window = createLaneWindow();
  assert.equal(onCongestion(window, 0, 10), true);
  assert.equal(window.size, START_WINDOW / 2);
  for (let round = 1; round <= 3; round += 1) {
    succeedWholeWindow(window);
    assert.equal(window.size, START_WINDOW / 2 + round);
  }
});

test('the window of a lane is halved once for all tries that were in flight together', () => {
  const window = createLaneWindow();
  assert.equal(onCongestion(window, 100, 150), true);
  for (const startedAt of [90, 100, 149, 150]) {
    assert.equal(onCongestion(window, startedAt, 200), false);
  }
  assert.equal(window.size, 8);
  assert.equal(onCongestion(window, 151, 201), true);
  assert.equal(window.size, 4);
});

test('the window of a lane does not grow while the lane leaves room in it', () => {
  const window = createLaneWindow();
  for (let count = 0; count < 1_000; count += 1) onSuccess(window, false);
  assert.equal(window.size, START_WINDOW);
});

test('the window of a lane forgets the successes before a congestion', () => {
  const window = createLaneWindow();
  for (let count = 1; count < START_WINDOW; count += 1) onSuccess(window, true);
  onCongestion(window, 1, 2);
  onSuccess(window, true);
  assert.equal(window.size, START_WINDOW / 2);
});

test('the window of a lane begins again with one try after an outage and doubles', () => {
  const window = createLaneWindow();
  restart(window, 100);
  assert.equal(window.size, 1);
  assert.equal(onCongestion(window, 99, 120), false);
  succeedWholeWindow(window);
  succeedWholeWindow(window);
  assert.equal(window.size, 4);
});

test('the window of a lane starts no wider than its cap and follows the cap down and up', () => {
  const window = createLaneWindow(3);
  assert.equal(window.size, 3);
  setCap(window, 2);
  assert.equal(window.size, 2);
  setCap(window, 10);
  succeedWholeWindow(window);
  assert.equal(window.size, 4);
  for (const bad of [0, -1, 1.5, NaN, MAX_IN_FLIGHT_CAP + 1]) {
    assert.throws(() => createLaneWindow(bad), /whole number from 1 to 256/);
    assert.throws(() => setCap(window, bad), RangeError);
  }
});

test('the window of a lane stays a whole number between one and the cap, whatever happens', () => {
  const cap = fc.integer({ min: 1, max: MAX_IN_FLIGHT_CAP });
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ act: fc.constant('succeed'), count: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('congest'), count: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('restart'), count: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('cap'), count: fc.nat(255) }) },
  );
  fc.assert(
    fc.property(cap, fc.array(step), (maxInFlight, steps) => {
      const window = createLaneWindow(maxInFlight);
      for (const [now, { act, count }] of steps.entries()) {
        if (act === 'restart') restart(window, now);
        if (act === 'cap') setCap(window, count + 1);
        for (let left = count; left > 0; left -= 1) {
          if (act === 'succeed') onSuccess(window, left % 7 > 0);
          if (act === 'congest') onCongestion(window, now - left, now);
        }
        assert.ok(Number.isInteger(window.size));
        assert.ok(window.size >= 1 && window.size <= window.cap);
      }
    }),
    { numRuns: 200 },
  );
});
