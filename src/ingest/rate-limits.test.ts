import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_REFUSALS_PER_SECOND_PER_ADDRESS,
  MAX_REMEMBERED_ADDRESSES,
} from '../domain/limits-ingest.ts';
import { RefusalLimits } from './rate-limits.ts';

test('an address that was refused too often waits, and others of the source do not', () => {
  const limits = new RefusalLimits();
  for (let count = 0; count < MAX_REFUSALS_PER_SECOND_PER_ADDRESS; count += 1) {
    assert.equal(limits.waitOf(1, '192.0.2.1', 1_000), 0);
    limits.refused(1, '192.0.2.1', 1_000);
  }
  const wait = limits.waitOf(1, '192.0.2.1', 1_000);
  assert.ok(wait > 0 && wait <= 1_000, String(wait));
  assert.equal(limits.waitOf(1, '192.0.2.2', 1_000), 0);
  assert.equal(limits.waitOf(2, '192.0.2.1', 1_000), 0);
  assert.equal(limits.waitOf(1, '192.0.2.1', 1_000 + wait), 0);
});

test('a million addresses take no more memory than the most that are remembered', () => {
  const limits = new RefusalLimits();
  for (let count = 0; count < 100_000; count += 1) {
    limits.refused(count % 7, `10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`, count);
  }
  assert.equal(limits.size, MAX_REMEMBERED_ADDRESSES);
});
