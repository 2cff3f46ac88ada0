import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { SimulatedClock } from './simulated-clock.ts';

const START_AT = Date.UTC(2026, 0, 1);

describe('SimulatedClock: time', () => {
  it('starts at the given instant and stands still by itself', async () => {
    const clock = new SimulatedClock(START_AT);
    await nextTurn();
    assert.equal(clock.now(), START_AT);
    assert.equal(clock.monotonic(), 0);
  });

  it('goes on by exactly what it is told, with and without timers on the way', async () => {
    const clock = new SimulatedClock(START_AT);
    clock.setTimer(40, () => {});
    await clock.advance(100);
    await clock.advance(0.5);
    assert.equal(clock.now(), START_AT + 100.5);
    assert.equal(clock.monotonic(), 100.5);
  });

  it('refuses to go back, nowhere, or forever', async () => {
    const clock = new SimulatedClock(START_AT);
    for (const ms of [-1, Number.NaN, Infinity]) {
      await assert.rejects(clock.advance(ms), RangeError);
    }
  });

  it('refuses to be advanced twice at a time, and recovers', async () => {
    const clock = new SimulatedClock(START_AT);
    const first = clock.advance(10);
    await assert.rejects(clock.advance(10), /already being advanced/);
    await first;
    await clock.advance(5);
    assert.equal(clock.monotonic(), 15);
  });
});

describe('SimulatedClock: timers', () => {
  it('fires each timer once, at its instant, equal ones in the order they were set', async () => {
    const delays = fc.array(fc.integer({ min: -5, max: 50 }), { maxLength: 30 });
    const steps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(delays, steps, async (timers, advances) => {
        const clock = new SimulatedClock(START_AT);
        const fired: [at: number, index: number][] = [];
        for (const [index, delay] of timers.entries()) {
          clock.setTimer(delay, () => fired.push([clock.monotonic(), index]));
        }
        let total = 0;
        for (const step of advances) {
          await clock.advance(step);
          total += step;
        }
        const expected = timers
          .map((delay, index): [number, number] => [Math.max(0, delay), index])
          .filter(([at]) => advances.length > 0 && at <= total)
          .toSorted(([at], [other]) => at - other);
        assert.deepEqual(fired, expected);
        assert.equal(clock.pendingTimers, timers.length - fired.length);
      }),
      { numRuns: 50 },
    );
  });

  it('fires nothing before it is advanced, not even a timer that is due at once', async () => {
    const clock = new SimulatedClock(START_AT);
    let fired = false;
    clock.setTimer(0, () => (fired = true));
    await nextTurn();
    assert.equal(fired, false);
    await clock.advance(0);
    assert.equal(fired, true);
  });

  it('never fires a cancelled timer, however often it is cancelled', async () => {
    const clock = new SimulatedClock(START_AT);
    const fired: string[] = [];
    const cancelled = clock.setTimer(10, () => fired.push('cancelled'));
    const second = clock.setTimer(20, () => fired.push('second'));
    clock.setTimer(10, () => second.cancel());
    cancelled.cancel();
    cancelled.cancel();
    await clock.advance(100);
    cancelled.cancel();
    assert.deepEqual(fired, []);
    assert.equal(clock.pendingTimers, 0);
  });

  it('says when the next timer fires', async () => {
    const clock = new SimulatedClock(START_AT);
    assert.equal(clock.nextTimerAt, undefined);
    clock.setTimer(30, () => {});
    clock.setTimer(20, () => {});
    assert.equal(clock.nextTimerAt, START_AT + 20);
    await clock.advance(25);
    assert.equal(clock.nextTimerAt, START_AT + 30);
  });
});

describe('SimulatedClock: work between timers', () => {
  it('fires timers that are set on the way, at the right instant', async () => {
    const clock = new SimulatedClock(START_AT);
    const ticks: number[] = [];
    const tick = (): void => {
      ticks.push(clock.monotonic());
      clock.setTimer(10, tick);
    };
    clock.setTimer(10, tick);
    await clock.advance(35);
    assert.deepEqual(ticks, [10, 20, 30]);
  });

  it('lets promises and immediates run before the next timer fires', async () => {
    const clock = new SimulatedClock(START_AT);
    const order: string[] = [];
    clock.setTimer(10, () => {
      order.push('first timer');
      void Promise.resolve()
        .then(() => nextTurn())
        .then(() => order.push('its work'));
    });
    clock.setTimer(10, () => order.push('second timer'));
    await clock.advance(10);
    assert.deepEqual(order, ['first timer', 'its work', 'second timer']);
  });

  it('lets work that is ready set its timers before time moves', async () => {
    const clock = new SimulatedClock(START_AT);
    let firedAt: number | undefined;
    void nextTurn().then(() =>
      clock.setTimer(5, () => {
        firedAt = clock.monotonic();
      }),
    );
    await clock.advance(20);
    assert.equal(firedAt, 5);
  });

  it('passes on what a timer throws, and can go on after it', async () => {
    const clock = new SimulatedClock(START_AT);
    clock.setTimer(10, () => {
      throw new Error('from the timer');
    });
    await assert.rejects(clock.advance(20), /from the timer/);
    assert.equal(clock.monotonic(), 10);
    await clock.advance(10);
    assert.equal(clock.monotonic(), 20);
  });
});
