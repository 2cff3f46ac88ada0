import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPIRED, isExpired, isRevivedBy } from './subscription-expiry.ts';

const NOW = 1_775_736_000_000;

test('a subscription has expired from its very instant on; without one it never does', () => {
  assert.equal(isExpired({ expiresAt: null }, NOW), false);
  assert.equal(isExpired({ expiresAt: NOW + 1 }, NOW), false);
  assert.equal(isExpired({ expiresAt: NOW }, NOW), true);
});

test('a later end, or none, revives what its end has disabled, and nothing else', () => {
  const expired = { status: 'disabled', disabledReason: EXPIRED } as const;
  assert.equal(isRevivedBy(expired, { expiresAt: NOW + 1 }, NOW), true);
  assert.equal(isRevivedBy(expired, { expiresAt: null }, NOW), true);
  assert.equal(isRevivedBy(expired, { expiresAt: NOW }, NOW), false);
  const gone = { status: 'disabled', disabledReason: 'the receiver answered 410 Gone' } as const;
  assert.equal(isRevivedBy(gone, { expiresAt: null }, NOW), false);
  const paused = { status: 'paused', disabledReason: null } as const;
  assert.equal(isRevivedBy(paused, { expiresAt: null }, NOW), false);
});
