import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createHistogram, encode, merge, record, summarize } from './histogram.ts';

function filled(values: readonly number[]): string {
  const histogram = createHistogram();
  for (const value of values) record(histogram, value);
  return encode(histogram);
}

describe('latency histogram', () => {
  it('reports percentiles in milliseconds', () => {
    const latency = summarize(
      merge([filled(Array.from({ length: 1000 }, (_, i) => (i + 1) * 10))]),
    );
    assert.equal(latency.count, 1000);
    assert.ok(Math.abs(latency.p50 - 5) < 0.05, `p50 ${latency.p50}`);
    assert.ok(Math.abs(latency.p99 - 9.9) < 0.1, `p99 ${latency.p99}`);
    assert.ok(Math.abs(latency.max - 10) < 0.1, `max ${latency.max}`);
  });

  it('merging parts equals recording everything into one', () => {
    const micros = fc.array(fc.integer({ min: 1, max: 120_000_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(micros, { maxLength: 4 }), (parts) => {
        const merged = summarize(merge(parts.map(filled)));
        assert.deepEqual(merged, summarize(merge([filled(parts.flat())])));
      }),
      { numRuns: 50 },
    );
  });

  it('counts values outside its range at the edge', () => {
    const latency = summarize(merge([filled([-5, 0, 500_000_000])]));
    assert.equal(latency.count, 3);
    assert.ok(latency.p50 <= 0.001);
    assert.ok(Math.abs(latency.max - 120_000) < 120);
  });

  it('says zero for an empty histogram', () => {
    assert.deepEqual(summarize(merge([])), { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
  });
});
