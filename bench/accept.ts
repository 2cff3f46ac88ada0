/**
 * How fast are events accepted (validated, committed with fsync, answered 202), and how long does
 * the answer take when the server is half busy? No subscription matches.
 */
import { comparisonDetails, faultsOfBoth, medianOf, mergedLatency } from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { halfBusy, saturated } from './lib/loads.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { rateRows } from './lib/rows.ts';
import { startBare202, startSubject } from './lib/servers.ts';

const MIN_RATIO = 0.6;
const MAX_P99_MS = 10;
const FSYNC_FACTOR = 3;
const FSYNC_ALLOWANCE_MS = 2;
const LOAD_FACTOR = 0.5;
const LIMIT_NAME = 'bare 202';

const rateOf: ValueOf = (measured) => measured.acceptRate;
const p99Of: ValueOf = (measured) => measured.accept.p99;

export async function benchAccept(context: BenchContext): Promise<Outcome> {
  const subject = await startSubject(context.subject);
  const limit = await startBare202();
  try {
    const rows: RowInput[] = [];
    const comparisons: Comparison[] = [];
    for (const connections of context.connections) {
      context.note(`accept: ${connections} connections, ${context.rounds} rounds`);
      const comparison = await saturated(context, { subject, limit }, connections);
      comparisons.push(comparison);
      const options = { connections, limitName: LIMIT_NAME, rateOf, minRatio: MIN_RATIO };
      rows.push(...rateRows(comparison, options));
    }
    const saturation = Math.max(...comparisons.map(({ subjects }) => medianOf(subjects, rateOf)));
    const rate = saturation * LOAD_FACTOR;
    context.note(`accept: open loop at ${Math.round(rate)} events/s`);
    const half = await halfBusy(context, { subject, limit }, rate);
    const fsync = await context.fsync();
    rows.push(...latencyRows(half, fsync.p99Ms));
    return outcome('accept', rows, [...comparisons, half].flatMap(faultsOfBoth), {
      saturation: comparisons.map((comparison) => comparisonDetails(comparison, rateOf)),
      half_busy: comparisonDetails(half, p99Of),
      fsync,
    });
  } finally {
    await Promise.all([subject.stop(), limit.stop()]);
  }
}

function latencyRows(half: Comparison, fsyncP99Ms: number): RowInput[] {
  const measured = mergedLatency(half.subjects, (result) => result.acceptLatency);
  const bare = mergedLatency(half.limits, (result) => result.acceptLatency);
  const fsyncBound = FSYNC_FACTOR * fsyncP99Ms + FSYNC_ALLOWANCE_MS;
  return [
    {
      metric: 'p50 at 50 % load',
      unit: 'ms',
      measured: measured.p50,
      limit: { name: LIMIT_NAME, value: bare.p50 },
    },
    {
      metric: 'p99 at 50 % load',
      unit: 'ms',
      measured: measured.p99,
      limit: { name: LIMIT_NAME, value: bare.p99 },
      target: { of: 'measured', bound: 'at most', value: MAX_P99_MS },
    },
    {
      metric: 'p99 at 50 % load, by fsync',
      unit: 'ms',
      measured: measured.p99,
      limit: { name: `${FSYNC_FACTOR} × fsync p99 + ${FSYNC_ALLOWANCE_MS}`, value: fsyncBound },
      target: { of: 'ratio', bound: 'at most', value: 1 },
    },
  ];
}
