/**
 * What does receiving cost beside publishing? The same server takes signed requests at a source
 * (verified, deduplicated, committed with fsync, answered) and published events, in alternating
 * slices. Then the same with every request sent twice, and the answer's time at half load.
 */
import {
  comparisonDetails,
  faultsOfBoth,
  medianOf,
  medianRatio,
  mergedLatency,
} from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { halfBusy, saturated } from './lib/loads.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { rateRows } from './lib/rows.ts';
import { startSubject } from './lib/servers.ts';
import type { Server, Subject } from './lib/servers.ts';

const MIN_RATIO = 0.8;
const MIN_REPEATED_RATIO = 1;
const MAX_P99_MS = 10;
const LOAD_FACTOR = 0.5;
const LIMIT_NAME = 'accept only';
const SECRET = 'the-secret-of-the-inbound-bench';

const rateOf: ValueOf = (measured) => measured.acceptRate;
const p99Of: ValueOf = (measured) => measured.accept.p99;

export async function benchInbound(context: BenchContext): Promise<Outcome> {
  const subject = await startSubject('bellwire');
  try {
    const once = await sourceOf(subject, 'inbound', 1);
    const twice = await sourceOf(subject, 'inbound, half repeats', 2);
    const rows: RowInput[] = [];
    const comparisons: Comparison[] = [];
    for (const connections of context.connections) {
      context.note(`inbound: ${connections} connections, ${context.rounds} rounds`);
      const received = await saturated(context, { subject: once, limit: subject }, connections);
      const options = { connections, limitName: LIMIT_NAME, rateOf, minRatio: MIN_RATIO };
      rows.push(...rateRows(received, options));
      context.note(`inbound: half repeats, ${connections} connections`);
      const repeated = await saturated(context, { subject: twice, limit: once }, connections);
      rows.push(repeatRow(repeated, connections));
      comparisons.push(received, repeated);
    }
    const rates = comparisons.map(({ subjects }) => medianOf(subjects, rateOf));
    const rate = Math.min(...rates) * LOAD_FACTOR;
    context.note(`inbound: open loop at ${Math.round(rate)} requests/s`);
    const half = await halfBusy(context, { subject: once, limit: subject }, rate);
    rows.push(...latencyRows(half));
    return outcome('inbound', rows, [...comparisons, half].flatMap(faultsOfBoth), {
      saturation: comparisons.map((comparison) => comparisonDetails(comparison, rateOf)),
      half_busy: comparisonDetails(half, p99Of),
    });
  } finally {
    await subject.stop();
  }
}

/** The same server, knocked at where GitHub would. @param copies of each request, in a row. */
async function sourceOf(subject: Subject, name: string, copies: number): Promise<Server> {
  const path = await subject.createSource({ provider: 'github', secret: SECRET });
  const signing = { secret: SECRET, copies };
  return { ...subject, name, path, authorization: null, signing };
}

function repeatRow(comparison: Comparison, connections: number): RowInput {
  return {
    metric: `50 % duplicates: requests/s @${connections}`,
    unit: '/s',
    measured: medianOf(comparison.subjects, rateOf),
    limit: { name: 'no duplicates', value: medianOf(comparison.limits, rateOf) },
    ratio: medianRatio(comparison, rateOf),
    target: { of: 'ratio', bound: 'at least', value: MIN_REPEATED_RATIO },
  };
}

function latencyRows(half: Comparison): RowInput[] {
  const measured = mergedLatency(half.subjects, (result) => result.acceptLatency);
  const published = mergedLatency(half.limits, (result) => result.acceptLatency);
  return [
    {
      metric: 'ack p50 at 50 % load',
      unit: 'ms',
      measured: measured.p50,
      limit: { name: LIMIT_NAME, value: published.p50 },
    },
    {
      metric: 'ack p99 at 50 % load',
      unit: 'ms',
      measured: measured.p99,
      limit: { name: LIMIT_NAME, value: published.p99 },
      target: { of: 'measured', bound: 'at most', value: MAX_P99_MS },
    },
  ];
}
