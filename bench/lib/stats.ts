/** The middle of a list (mean of the two middle ones when even); NaN when empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  const lower = sorted.length % 2 === 0 ? (sorted[half - 1] ?? Number.NaN) : upper;
  return (lower + upper) / 2;
}

/** The value at or below which `percent` of the list lies (nearest rank); NaN when empty. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Largest minus smallest, relative to the median: how far the rounds of a run disagree. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/** Rounded to three significant digits, for tables and JSON alike. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
