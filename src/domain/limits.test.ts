import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as limits from './limits.ts';

test('every limit is a positive whole number with its unit or its things in its name', () => {
  for (const [name, value] of Object.entries(limits)) {
    assert.ok(Number.isSafeInteger(value) && value > 0, name);
    assert.match(name, /^(MIN|MAX|DEFAULT|KEPT|CONNECT)_[A-Z_]+$/);
  }
});

test('limits that belong together agree', () => {
  assert.ok(limits.MAX_BATCH_BYTES >= limits.MAX_EVENT_BODY_BYTES);
  assert.ok(limits.MIN_TIMEOUT_MS < limits.DEFAULT_TIMEOUT_MS);
  assert.ok(limits.DEFAULT_TIMEOUT_MS <= limits.MAX_TIMEOUT_MS);
  assert.ok(limits.CONNECT_TIMEOUT_MS < limits.DEFAULT_TIMEOUT_MS);
  assert.ok(limits.DEFAULT_MAX_IN_FLIGHT <= limits.MAX_IN_FLIGHT_CAP);
  assert.ok(limits.MAX_IN_FLIGHT_CAP <= limits.MAX_IN_FLIGHT_PER_NODE);
  assert.ok(limits.MAX_LANE_QUEUE_DELIVERIES <= limits.MAX_QUEUED_DELIVERIES_PER_NODE);
  assert.ok(limits.DEFAULT_LIST_LIMIT <= limits.MAX_LIST_LIMIT);
});
