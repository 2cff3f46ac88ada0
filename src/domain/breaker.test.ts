import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  admit,
  COOL_DOWN_JITTER,
  countsAgainstBreaker,
  createBreaker,
  FAILURES_IN_A_ROW_TO_OPEN,
  FIRST_COOL_DOWN_MS,
  MAX_COOL_DOWN_MS,
  MIN_TRIES_TO_JUDGE,
  recordFailure,
  recordSuccess,
  releaseProbe,
  SLIDING_WINDOW_MS,
  type Breaker,
} from './breaker.ts';

const SLICE_MS = SLIDING_WINDOW_MS / 6;
const NO_JITTER = 0.5;

function openedAt(now: number): Breaker {
  const breaker = createBreaker();
  for (let count = 0; count < FAILURES_IN_A_ROW_TO_OPEN; count += 1) {
    recordFailure(breaker, now, now, NO_JITTER);
  }
  assert.equal(breaker.phase, 'open');
  return breaker;
}

test('a breaker opens on the tenth failure in a row, and a success in between starts over', () => {
  const breaker = createBreaker();
  const opened: boolean[] = [];
  for (let count = 1; count <= 9; count += 1) recordFailure(breaker, count, count, NO_JITTER);
  recordSuccess(breaker, 10, 10);
  for (let now = 11; now <= 20; now += 1) opened.push(recordFailure(breaker, now, now, NO_JITTER));
  assert.deepEqual(opened, [...Array.from({ length: 9 }, () => false), true]);
});

test('a breaker opens when more than half of at least twenty tries in a minute fail', () => {
  const breaker = createBreaker();
  const fail = (now: number): boolean => recordFailure(breaker, now, now, NO_JITTER);
  for (let now = 0; now < 20; now += 2) {
    assert.equal(fail(now), false);
    recordSuccess(breaker, now + 1, now + 1);
  }
  assert.equal(fail(20), true);
});

test('a breaker forgets failures older than a minute', () => {
  const breaker = createBreaker();
  for (let round = 0; round < 3; round += 1) {
    for (let count = 0; count < 4; count += 1) recordFailure(breaker, 0, 0, NO_JITTER);
    recordSuccess(breaker, 0, 0);
  }
  const later = SLIDING_WINDOW_MS;
  for (let count = 0; count < 11; count += 1) recordSuccess(breaker, later, later);
  for (let count = 0; count < 9; count += 1) recordFailure(breaker, later, later, NO_JITTER);
  assert.equal(breaker.phase, 'closed');
});

test('a closed breaker opens exactly when a list of all outcomes says it must', () => {
  const outcome = fc.record({ pause: fc.nat(4_000), failed: fc.boolean() });
  const outcomes = fc.array(outcome, { minLength: 30, maxLength: 150 });
  fc.assert(
    fc.property(outcomes, fc.nat(1e6), (list, start) => {
      const breaker = createBreaker();
      const seen: { slice: number; failed: boolean }[] = [];
      let now = start;
      let inARow = 0;
      for (const { pause, failed } of list) {
        now += pause;
        const slice = Math.floor(now / SLICE_MS);
        seen.push({ slice, failed });
        inARow = failed ? inARow + 1 : 0;
        const recent = seen.filter((each) => each.slice > slice - 6);
        const failures = recent.filter((each) => each.failed).length;
        const mostly = recent.length >= MIN_TRIES_TO_JUDGE && failures > recent.length / 2;
        const mustOpen = failed && (mostly || inARow >= FAILURES_IN_A_ROW_TO_OPEN);
        const opened = failed
          ? recordFailure(breaker, now, now, NO_JITTER)
          : recordSuccess(breaker, now, now);
        assert.equal(opened, mustOpen);
        if (opened) return;
      }
    }),
    { numRuns: 150 },
  );
});

test('an open breaker tells how long to wait, then lets one probe through', () => {
  const breaker = openedAt(1_000);
  assert.equal(admit(breaker, 1_000), FIRST_COOL_DOWN_MS);
  assert.equal(admit(breaker, 21_000), 10_000);
  assert.equal(admit(breaker, 31_000), 0);
  assert.equal(breaker.phase, 'half_open');
  assert.equal(admit(breaker, 31_001), Infinity);
  assert.equal(admit(breaker, 9e9), Infinity);
});

test('one successful probe closes the breaker and clears its memory', () => {
  const breaker = openedAt(0);
  admit(breaker, 30_000);
  assert.equal(recordSuccess(breaker, 30_000, 30_050), true);
  assert.equal(admit(breaker, 30_051), 0);
  const fail = (): boolean => recordFailure(breaker, 30_060, 30_061, NO_JITTER);
  for (let count = 1; count < FAILURES_IN_A_ROW_TO_OPEN; count += 1) assert.equal(fail(), false);
  for (let count = 0; count < 10; count += 1) recordSuccess(breaker, 30_060, 30_061);
  // Ten of twenty: not more than half, unless failures from before the opening were counted.
  assert.equal(fail(), false);
  assert.equal(fail(), true);
  assert.equal(admit(breaker, 30_061), FIRST_COOL_DOWN_MS);
});

test('every failed probe doubles the cool-down, up to five minutes', () => {
  const breaker = openedAt(0);
  const coolDowns: number[] = [];
  let now = 0;
  for (let probe = 0; probe < 6; probe += 1) {
    const wait = admit(breaker, now);
    coolDowns.push(wait / 1000);
    now += wait;
    assert.equal(admit(breaker, now), 0);
    assert.equal(recordFailure(breaker, now, now, NO_JITTER), true);
  }
  assert.deepEqual(coolDowns, [30, 60, 120, 240, 300, 300]);
  assert.equal(MAX_COOL_DOWN_MS, 300_000);
});

test('the cool-down of a breaker is spread by chance within its jitter', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      const breaker = openedAt(0);
      const now = admit(breaker, 0);
      admit(breaker, now);
      recordFailure(breaker, now, now, random);
      const wait = admit(breaker, now);
      const base = 2 * FIRST_COOL_DOWN_MS;
      assert.ok(Math.abs(wait - base * (1 + COOL_DOWN_JITTER * (2 * random - 1))) < 1e-3);
    }),
  );
});

test('a breaker ignores the late ends of tries from before its present phase', () => {
  const breaker = openedAt(1_000);
  assert.equal(recordSuccess(breaker, 990, 1_010), false);
  assert.equal(recordFailure(breaker, 990, 1_010, NO_JITTER), false);
  assert.equal(breaker.phase, 'open');
  admit(breaker, 31_000);
  assert.equal(recordSuccess(breaker, 999, 31_001), false);
  assert.equal(recordFailure(breaker, 999, 31_001, NO_JITTER), false);
  assert.equal(breaker.phase, 'half_open');
  recordSuccess(breaker, 31_000, 31_020);
  for (let count = 0; count < 50; count += 1) recordFailure(breaker, 999, 31_021, NO_JITTER);
  assert.equal(breaker.phase, 'closed');
});

test('a probe that was broken off from our side makes room for another at once', () => {
  const breaker = openedAt(0);
  admit(breaker, 30_000);
  releaseProbe(breaker, 30_010);
  assert.equal(admit(breaker, 30_010), 0);
  assert.equal(recordSuccess(breaker, 30_010, 30_020), true);
  releaseProbe(breaker, 30_030);
  assert.equal(breaker.phase, 'closed');
});

test('a breaker counts failures of transport, 5xx and 429, and never a live refusal', () => {
  const counted: number[] = [];
  for (let status = 100; status <= 599; status += 1) {
    const response = { kind: 'response', status, headers: {}, body: new Uint8Array() } as const;
    if (countsAgainstBreaker({ ...response, durationMs: 1 })) counted.push(status);
  }
  assert.equal(counted[0], 429);
  const serverErrors = Array.from({ length: 100 }, (_, index) => 500 + index);
  assert.deepEqual(counted.slice(1), serverErrors);
  for (const reason of ['timeout', 'connect', 'dns', 'tls', 'reset'] as const) {
    assert.equal(
      countsAgainstBreaker({ kind: 'failure', reason, detail: '', durationMs: 1 }),
      true,
    );
  }
  for (const reason of ['blocked', 'response_too_large', 'rejected'] as const) {
    const result = { kind: 'failure', reason, detail: '', durationMs: 1 } as const;
    assert.equal(countsAgainstBreaker(result), false);
  }
});

test('a breaker never has two probes out and never waits longer than the longest cool-down', () => {
  const step = fc.record({ pause: fc.nat(60_000), act: fc.constantFrom('try', 'fail', 'succeed') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const breaker = openedAt(0);
      let now = 0;
      let probes: number[] = [];
      for (const { pause, act } of steps) {
        now += pause;
        const [startedAt] = probes;
        if (act === 'try') {
          const wait = admit(breaker, now);
          if (wait === 0 && breaker.phase === 'half_open') probes.push(now);
          if (Number.isFinite(wait)) assert.ok(wait <= MAX_COOL_DOWN_MS * (1 + COOL_DOWN_JITTER));
        } else if (startedAt !== undefined) {
          if (act === 'fail') assert.ok(recordFailure(breaker, startedAt, now, NO_JITTER));
          else assert.ok(recordSuccess(breaker, startedAt, now));
          probes = probes.slice(1);
        }
        assert.ok(probes.length <= 1);
        assert.equal(breaker.phase === 'half_open', probes.length === 1);
      }
    }),
    { numRuns: 100 },
  );
});
