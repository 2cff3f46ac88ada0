/** Latency histograms: microseconds in, mergeable across rounds and processes. */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Histogram } from 'hdr-histogram-js';

const HIGHEST_MICROS = 120_000_000;
const SIGNIFICANT_DIGITS = 3;

export type { Histogram };

/** What is printed of a histogram. All values but `count` are milliseconds. */
export interface Latency {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** An empty histogram of 1 µs to 2 minutes, exact to three digits. */
export function createHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    autoResize: false,
  });
}

/** Records a duration; what lies outside the range counts at the range's edge, never vanishes. */
export function record(histogram: Histogram, micros: number): void {
  histogram.recordValue(Math.min(HIGHEST_MICROS, Math.max(1, Math.round(micros))));
}

/** Text that survives IPC and JSON; `merge` reads it. */
export function encode(histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram);
}

/** One histogram holding every value of the encoded ones. */
export function merge(encoded: readonly string[]): Histogram {
  const sum = createHistogram();
  for (const text of encoded) sum.add(decodeFromCompressedBase64(text, 32, false));
  return sum;
}

/** The percentiles of a histogram; zeros when it is empty (see `count`). */
export function summarize(histogram: Histogram): Latency {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  const count = histogram.totalCount;
  if (count === 0) return { count, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
  return { count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) };
}
