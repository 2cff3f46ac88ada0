import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, targetPicker } from './prng.ts';
import { closedLoop, openLoop } from './schedule.ts';
import type { OpenLoopPlan } from './schedule.ts';

const SECOND = 1_000_000;

function planned(arrivals: OpenLoopPlan['arrivals'], seed: number): number[] {
  const schedule = openLoop({
    startMicros: 5 * SECOND,
    endMicros: 15 * SECOND,
    ratePerSecond: 500,
    arrivals,
    random: seededRandom(seed),
  });
  const times: number[] = [];
  for (let due = schedule.nextDue(0); Number.isFinite(due); due = schedule.nextDue(0)) {
    times.push(due);
    schedule.advance();
  }
  return times;
}

describe('schedules', () => {
  it('plans constant arrivals evenly, whatever time it is', () => {
    const times = planned('constant', 1);
    assert.ok(Math.abs(times.length - 5000) <= 1, `${times.length} events`);
    assert.equal(times[0], 5 * SECOND + 2000);
    assert.ok(Math.abs((times[4000] ?? 0) - (times[3000] ?? 0) - 2 * SECOND) < 1);
  });

  it('plans Poisson arrivals at the asked mean with exponential gaps', () => {
    const times = planned('poisson', 7);
    assert.ok(Math.abs(times.length - 5000) < 300, `${times.length} events`);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const shorter = gaps.filter((gap) => gap < mean).length / gaps.length;
    assert.ok(Math.abs(shorter - (1 - Math.exp(-1))) < 0.03, `${shorter} below the mean`);
  });

  it('repeats exactly with the same seed and differs with another', () => {
    assert.deepEqual(planned('poisson', 3), planned('poisson', 3));
    assert.notDeepEqual(planned('poisson', 3), planned('poisson', 4));
  });

  it('is always due in a closed loop until its end', () => {
    const schedule = closedLoop(10);
    assert.equal(schedule.nextDue(9), 9);
    assert.equal(schedule.nextDue(10), Number.POSITIVE_INFINITY);
  });
});

describe('target picker', () => {
  it('gives the hot target its share and the others the rest evenly', () => {
    const pick = targetPicker(5, 0.2, seededRandom(11));
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const target = pick();
      counts[target] = (counts[target] ?? 0) + 1;
    }
    for (const count of counts) assert.ok(Math.abs(count - 4000) < 300, counts.join(' '));
  });

  it('has no choice with one target', () => {
    assert.equal(targetPicker(1, 0, seededRandom(1))(), 0);
  });
});
