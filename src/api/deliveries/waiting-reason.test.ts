import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaneStatus } from '../../dispatch/delivery-control.ts';
import type { DeliveryView } from '../../storage/journal.ts';
import { waitingReason } from './waiting-reason.ts';

const NOW = 1_767_225_600_000;

const OPEN: LaneStatus = {
  queued: 3,
  inFlight: 0,
  window: 16,
  breaker: 'open',
  probeAt: NOW + 30_000,
};
const BUSY: LaneStatus = { queued: 3, inFlight: 16, window: 16, breaker: 'closed', probeAt: null };

function reasonOf(
  view: Partial<DeliveryView>,
  lane: LaneStatus | undefined,
  before?: string,
): string | null {
  const delivery: DeliveryView = {
    sequence: 1,
    subscription: 1,
    createdAt: NOW,
    customId: null,
    status: 'pending',
    attempts: 0,
    orderingKey: null,
    nextAttemptAt: null,
    reason: null,
    ...view,
  };
  return waitingReason(delivery, { lane: () => lane }, NOW, before);
}

test('a pending delivery behind an open breaker says until when', () => {
  assert.match(reasonOf({}, OPEN) ?? '', /^breaker_open: .*probed again at 2026-01-01T00:00:30/);
});

test('a retry whose time has come says why it failed and why it has not started', () => {
  const waiting = { status: 'waiting', nextAttemptAt: NOW - 1, reason: 'it answered 500' } as const;
  assert.match(reasonOf(waiting, OPEN) ?? '', /^it answered 500; breaker_open: /);
});

test('a retry whose time has not come gives its stored reason alone', () => {
  const waiting = { status: 'waiting', nextAttemptAt: NOW + 1, reason: 'it answered 500' } as const;
  assert.equal(reasonOf(waiting, OPEN), 'it answered 500');
});

test('a delivery in a long queue says how long and how fast it moves', () => {
  assert.match(reasonOf({}, BUSY) ?? '', /3 queued for this target, 16 of 16 in flight/);
});

test('a delivery that nothing holds back has no reason', () => {
  assert.equal(reasonOf({}, undefined), null);
  assert.equal(reasonOf({ status: 'delivered' }, OPEN), null);
});

test('a delivery that waits for its order says for which event', () => {
  const why = 'waits for event evt_1 of the same ordering key';
  assert.equal(reasonOf({}, OPEN, 'evt_1'), why);
  const due = { status: 'waiting', nextAttemptAt: NOW - 1, reason: 'it answered 500' } as const;
  assert.equal(reasonOf(due, undefined, 'evt_1'), `it answered 500; ${why}`);
  assert.equal(reasonOf({ ...due, nextAttemptAt: NOW + 1 }, undefined, 'evt_1'), due.reason);
  assert.equal(reasonOf({ status: 'held', reason: 'paused' }, undefined, 'evt_1'), 'paused');
});
