import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failedOutcome, outcome, renderTable } from './report.ts';
import type { RowInput } from './report.ts';

const rate: RowInput = {
  metric: 'rate',
  unit: '/s',
  measured: 79,
  limit: { name: 'bare', value: 100 },
  target: { of: 'ratio', bound: 'at least', value: 0.8 },
};
const latency: RowInput = {
  metric: 'p99',
  unit: 'ms',
  measured: 9.99,
  target: { of: 'measured', bound: 'at most', value: 10 },
};

describe('bench report', () => {
  it('judges ratios and values on the right side of their bound', () => {
    const { rows } = outcome('q', [rate, { ...rate, measured: 80 }, latency], [], null);
    assert.deepEqual(
      rows.map((row) => row.verdict),
      ['miss', 'pass', 'pass'],
    );
    assert.deepEqual([rows[0]?.ratio, rows[0]?.target], [0.79, 'ratio ≥ 0.8']);
    assert.equal(rows[2]?.target, '≤ 10 ms');
  });

  it('prefers a given ratio (median of rounds) to the quotient', () => {
    const { rows } = outcome('q', [{ ...rate, ratio: 0.9 }], [], null);
    assert.deepEqual([rows[0]?.ratio, rows[0]?.verdict], [0.9, 'pass']);
  });

  it('lets no faulty or missing measurement pass', () => {
    const faulty = outcome('q', [{ ...rate, measured: 100 }], ['1 event lost'], null);
    const missing = outcome('q', [{ ...latency, measured: Number.NaN }], [], null);
    const failed = failedOutcome('q', 'no server');
    for (const { rows } of [faulty, missing, failed]) assert.equal(rows[0]?.verdict, 'invalid');
    assert.equal(missing.rows[0]?.measured, null);
    assert.deepEqual(failed.faults, ['no server']);
  });

  it('takes rows without a target as information', () => {
    const { rows } = outcome('q', [{ metric: 'cpu', unit: 'µs', measured: 5 }], [], null);
    assert.equal(rows[0]?.verdict, 'info');
  });

  it('prints one aligned line a row', () => {
    const lines = renderTable(outcome('q', [rate, latency], [], null).rows).split('\n');
    assert.equal(lines.length, 4);
    const column = lines[0]?.indexOf('verdict') ?? -1;
    assert.equal(lines[2]?.slice(column), 'miss');
    assert.equal(lines[3]?.slice(column), 'pass');
  });
});
