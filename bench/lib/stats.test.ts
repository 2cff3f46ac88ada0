import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { median, percentile, rounded, spread } from './stats.ts';

describe('stats', () => {
  it('finds the middle of odd and even lists in any order', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  it('takes the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    assert.equal(percentile(hundred, 50), 50);
    assert.equal(percentile(hundred, 99), 99);
    assert.equal(percentile([7], 1), 7);
  });

  it('measures disagreement against the median', () => {
    assert.equal(spread([8, 10, 12]), 0.4);
  });

  it('keeps three digits', () => {
    assert.equal(rounded(12_345), 12_300);
    assert.equal(rounded(0.123456), 0.123);
  });
});
