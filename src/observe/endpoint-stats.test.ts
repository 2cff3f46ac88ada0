import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Subscription } from '../domain/subscription.ts';
import type { AttemptEnded } from '../runtime/telemetry.ts';
import { attempt, START_AT } from '../storage/contract/factories.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import { EndpointStatsKeeper } from './endpoint-stats.ts';

const MINUTE_MS = 60_000;
/** How finely the window slides. */
const SLICE_MS = 5 * MINUTE_MS;
const WINDOW_MS = 60 * MINUTE_MS;
const MAX_SUBSCRIPTIONS = 50_000;
const LONGEST_TIMEOUT_MS = 60_000;

function subscription(number: number): Subscription {
  return {
    ...webhookSettings(),
    number,
    id: `sub_${number}`,
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [],
  };
}

const FIRST = subscription(1);

function ended(
  at: number,
  tried: Parameters<typeof attempt>[0] = {},
  to: Subscription = FIRST,
): AttemptEnded {
  return {
    event: 'attempt.ended',
    at,
    subscription: to,
    eventId: 'evt_1',
    eventType: 'task.completed',
    attempt: attempt(tried),
    status: 'delivered',
    ageMs: 5,
  };
}

test('a subscription without attempts has no numbers', () => {
  assert.equal(new EndpointStatsKeeper().of(1, START_AT), undefined);
});

test('successes and failures are counted for each subscription apart', () => {
  const keeper = new EndpointStatsKeeper();
  keeper.emit(ended(START_AT));
  keeper.emit(ended(START_AT + 1));
  keeper.emit(ended(START_AT + 2, { outcome: 'failed', detail: 'it answered 500' }));
  keeper.emit(ended(START_AT + 3, {}, subscription(2)));
  const { p50Ms: _p50, p95Ms: _p95, ...counts } = keeper.of(1, START_AT + 10) ?? {};
  assert.deepEqual(counts, {
    windowSeconds: 3_600,
    attempts: 3,
    succeeded: 2,
    failed: 1,
    lastSuccessAt: START_AT + 1,
    lastFailureAt: START_AT + 2,
    lastFailureReason: 'it answered 500',
  });
  assert.equal(keeper.of(2, START_AT + 10)?.attempts, 1);
});

test('other telemetry counts as nothing', () => {
  const keeper = new EndpointStatsKeeper();
  const reason = 'it answered 410';
  keeper.emit({ event: 'subscription.disabled', at: START_AT, subscription: FIRST, reason });
  assert.equal(keeper.of(1, START_AT), undefined);
});

/** The smallest time that at least this share of all times does not exceed. */
function exactPercentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

test('percentiles are off by at most an eighth of the time and 1 ms', () => {
  const duration = fc.oneof(
    fc.nat(20),
    fc.nat(LONGEST_TIMEOUT_MS),
    fc.double({ min: 0, max: 500, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 60 }), (durations) => {
      const keeper = new EndpointStatsKeeper();
      for (const durationMs of durations) keeper.emit(ended(START_AT, { durationMs }));
      const { p50Ms, p95Ms } = keeper.of(1, START_AT) ?? {};
      for (const [given, share] of [[p50Ms, 0.5] as const, [p95Ms, 0.95] as const]) {
        const exact = exactPercentile(durations, share);
        assert.ok(typeof given === 'number');
        assert.ok(Math.abs(given - exact) <= 0.125 * (exact + 1), `${given} for ${exact}`);
      }
    }),
  );
});

test('a time beyond the longest timeout, or below zero, does no harm', () => {
  const keeper = new EndpointStatsKeeper();
  keeper.emit(ended(START_AT, { durationMs: -3 }));
  keeper.emit(ended(START_AT, { durationMs: 10 * LONGEST_TIMEOUT_MS }));
  const { p50Ms, p95Ms } = keeper.of(1, START_AT) ?? {};
  assert.ok(p50Ms !== null && p50Ms !== undefined && p50Ms < 1);
  assert.ok(p95Ms !== null && p95Ms !== undefined && p95Ms > LONGEST_TIMEOUT_MS * 0.9);
});

test('the window slides: an attempt counts for an hour, within one slice of it', () => {
  const keeper = new EndpointStatsKeeper();
  keeper.emit(ended(START_AT, { outcome: 'failed', detail: 'it answered 500' }));
  const counted = (afterMs: number) => keeper.of(1, START_AT + afterMs)?.attempts;
  assert.equal(counted(WINDOW_MS - SLICE_MS), 1);
  assert.equal(counted(WINDOW_MS - 1), 1);
  assert.equal(counted(WINDOW_MS), 0);
  const empty = keeper.of(1, START_AT + WINDOW_MS);
  assert.deepEqual([empty?.p50Ms, empty?.p95Ms], [null, null]);
  assert.equal(empty?.lastFailureAt, START_AT, 'the last failure stays known');
});

test('over a long time only the last hour counts, whenever it is asked', () => {
  const keeper = new EndpointStatsKeeper();
  const minutes = 300;
  for (let minute = 0; minute < minutes; minute += 1) {
    const at = START_AT + minute * MINUTE_MS;
    keeper.emit(ended(at, { outcome: minute % 2 === 0 ? 'succeeded' : 'failed' }));
    const { attempts = 0, succeeded = 0, failed = 0 } = keeper.of(1, at) ?? {};
    assert.equal(attempts, succeeded + failed);
    assert.ok(attempts <= Math.min(minute + 1, 60));
    assert.ok(attempts >= Math.min(minute + 1, 56), `${attempts} in minute ${minute}`);
  }
});

test('of too many subscriptions the one first seen longest ago is forgotten', () => {
  const keeper = new EndpointStatsKeeper();
  const event = ended(START_AT);
  for (let number = 1; number <= MAX_SUBSCRIPTIONS; number += 1) {
    keeper.emit({ ...event, subscription: { ...FIRST, number } });
  }
  assert.equal(keeper.of(1, START_AT)?.attempts, 1);
  keeper.emit({ ...event, subscription: { ...FIRST, number: MAX_SUBSCRIPTIONS + 1 } });
  assert.equal(keeper.of(1, START_AT), undefined);
  assert.equal(keeper.of(2, START_AT)?.attempts, 1);
  assert.equal(keeper.of(MAX_SUBSCRIPTIONS + 1, START_AT)?.attempts, 1);
});
