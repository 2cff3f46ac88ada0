import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DeadlineWheel, NO_DEADLINE } from './deadline-wheel.ts';
import type { DeadlineEntry } from './deadline-wheel.ts';
import { DEADLINE_TICK_MS } from './limits.ts';
import { ManualClock } from './testing/clocks.ts';

function setup() {
  const clock = new ManualClock();
  clock.advance(123);
  const wheel = new DeadlineWheel(clock);
  /** Adds an entry and records when its deadline was called. */
  function add(afterMs: number) {
    const calledAt: number[] = [];
    const entry: DeadlineEntry = {
      deadlineTick: NO_DEADLINE,
      previous: null,
      next: null,
      onDeadline: () => calledAt.push(clock.monotonic()),
    };
    const deadlineAt = clock.monotonic() + afterMs;
    wheel.add(entry, deadlineAt);
    return { entry, calledAt, deadlineAt };
  }
  return { clock, wheel, add };
}

test('calls each entry once, never early and at most two ticks late', () => {
  const afters = fc.array(fc.tuple(fc.nat(120_000), fc.nat(500)), { maxLength: 30 });
  fc.assert(
    fc.property(afters, (steps) => {
      const { clock, add } = setup();
      const added = steps.map(([afterMs, pauseMs]) => {
        const one = add(afterMs);
        clock.advance(pauseMs);
        return one;
      });
      clock.advance(130_000);
      for (const { calledAt, deadlineAt } of added) {
        assert.equal(calledAt.length, 1);
        const late = (calledAt[0] ?? 0) - deadlineAt;
        assert.ok(late >= 0 && late <= 2 * DEADLINE_TICK_MS, `${late} ms late`);
      }
    }),
    { numRuns: 60 },
  );
});

test('a removed entry is not called, whatever its place in the list', () => {
  const { clock, wheel, add } = setup();
  const [first, middle, last] = [add(100), add(100), add(100)];
  wheel.remove(middle.entry);
  wheel.remove(middle.entry);
  wheel.remove(last.entry);
  clock.advance(1_000);
  assert.deepEqual(
    [first, middle, last].map((one) => one.calledAt.length),
    [1, 0, 0],
  );
});

test('one timer serves all entries, and none is left when there is nothing to wait for', () => {
  const { clock, wheel, add } = setup();
  const entries = Array.from({ length: 100 }, (_, index) => add(500 + index));
  assert.equal(clock.pendingTimers, 1);
  for (const { entry } of entries) wheel.remove(entry);
  clock.advance(DEADLINE_TICK_MS);
  assert.equal(clock.pendingTimers, 0);
});

test('a stall longer than a full turn of the wheel calls everything due', () => {
  const { clock, add } = setup();
  const due = [1_000, 30_000, 51_000, 52_000].map((afterMs) => add(afterMs));
  const later = add(200_000);
  clock.jump(60_000);
  assert.deepEqual(
    due.map((one) => one.calledAt.length),
    [1, 1, 1, 1],
  );
  assert.equal(later.calledAt.length, 0);
});

test('drain empties the wheel', () => {
  const { clock, wheel, add } = setup();
  const { entry, calledAt } = add(100);
  assert.deepEqual(wheel.drain(), [entry]);
  clock.advance(1_000);
  assert.deepEqual([wheel.drain(), calledAt], [[], []]);
});
