/** Rows of a bench report: what was measured, against which limit, and whether it is enough. */
import { rounded } from './stats.ts';

export type Verdict = 'pass' | 'miss' | 'invalid' | 'info';

/** A bound on the ratio (`of: 'ratio'`) or on the measured value itself. */
export interface Target {
  of: 'ratio' | 'measured';
  bound: 'at least' | 'at most';
  value: number;
}

export interface Row {
  question: string;
  metric: string;
  unit: string;
  measured: number | null;
  /** What the same machine can do at best, measured in the same run; null where nothing fits. */
  limit: number | null;
  limit_name: string | null;
  ratio: number | null;
  target: string | null;
  verdict: Verdict;
}

export interface RowInput {
  metric: string;
  unit: string;
  measured: number;
  limit?: { name: string; value: number };
  /** Given where it isn't measured ÷ limit, as for a median of per-round ratios. */
  ratio?: number;
  target?: Target;
}

/** What one bench hands back. Faults (lost events, errors) make its judged rows invalid. */
export interface Outcome {
  rows: Row[];
  faults: string[];
  details: unknown;
}

/** Judges the rows of one question. Without a target a row is information. */
export function outcome(
  question: string,
  inputs: readonly RowInput[],
  faults: readonly string[],
  details: unknown,
): Outcome {
  const rows = inputs.map((input) => toRow(question, input, faults.length === 0));
  return { rows, faults: [...faults], details };
}

/** The outcome of a bench that could not be run at all. */
export function failedOutcome(question: string, reason: string): Outcome {
  const row: Row = {
    question,
    metric: 'could not be measured',
    unit: '',
    measured: null,
    limit: null,
    limit_name: null,
    ratio: null,
    target: null,
    verdict: 'invalid',
  };
  return { rows: [row], faults: [reason], details: null };
}

function toRow(question: string, input: RowInput, valid: boolean): Row {
  const { metric, unit, measured, limit, target } = input;
  const ratio = input.ratio ?? (limit === undefined ? null : measured / limit.value);
  return {
    question,
    metric,
    unit,
    measured: finite(measured),
    limit: limit === undefined ? null : finite(limit.value),
    limit_name: limit?.name ?? null,
    ratio: ratio === null ? null : finite(ratio),
    target: target === undefined ? null : describeTarget(target, unit),
    verdict: judge(target, measured, ratio, valid),
  };
}

function judge(
  target: Target | undefined,
  measured: number,
  ratio: number | null,
  valid: boolean,
): Verdict {
  if (target === undefined) return 'info';
  const value = target.of === 'ratio' ? ratio : measured;
  if (!valid || value === null || !Number.isFinite(value)) return 'invalid';
  const met = target.bound === 'at least' ? value >= target.value : value <= target.value;
  return met ? 'pass' : 'miss';
}

function describeTarget(target: Target, unit: string): string {
  const sign = target.bound === 'at least' ? '≥' : '≤';
  return target.of === 'ratio'
    ? `ratio ${sign} ${rounded(target.value)}`
    : `${sign} ${rounded(target.value)} ${unit}`;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? rounded(value) : null;
}

const HEADINGS = ['question', 'metric', 'measured', 'limit', 'ratio', 'target', 'verdict'];

/** The report as an aligned text table. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.question,
    row.metric,
    row.measured === null ? '-' : `${row.measured} ${row.unit}`.trim(),
    row.limit === null ? '-' : `${row.limit} (${row.limit_name ?? ''})`,
    row.ratio === null ? '-' : String(row.ratio),
    row.target ?? '-',
    row.verdict,
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((line) => (line[column] ?? '').length)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  return [HEADINGS, rule, ...cells]
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}
