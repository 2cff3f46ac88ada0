/**
 * What does receiving cost beside publishing? The same server takes signed requests at a source
 * (verified, deduplicated, committed with fsync, answered) and published events, in alternating
 * slices. Then the same with every request sent twice, and the answer's time at half load.
 */
import {
  compare,
  comparisonDetails,
  faultsOfBoth,
  medianOf,
  medianRatio,
  mergedLatency,
  warmUp,
} from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { rateRows } from './lib/rows.ts';
import { startSubject } from './lib/servers.ts';
import type { Server, Subject } from './lib/servers.ts';
import { closed, open } from './lib/traffic.ts';

const MIN_RATIO = 0.8;
const MIN_REPEATED_RATIO = 1;
const MAX_P99_MS = 10;
const LOAD_FACTOR = 0.5;
const HALF_BUSY_CONNECTIONS = 64;
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
      const received = await saturate(context, once, subject, connections);
      const options = { connections, limitName: LIMIT_NAME, rateOf, minRatio: MIN_RATIO };
      rows.push(...rateRows(received, options));
      const repeated = await saturate(context, twice, once, connections);
      rows.push(repeatRow(repeated, connections));
      comparisons.push(received, repeated);
    }
    const rates = comparisons.map(({ subjects }) => medianOf(subjects, rateOf));
    const half = await halfBusy(context, once, subject, Math.min(...rates) * LOAD_FACTOR);
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

async function saturate(
  context: BenchContext,
  subject: Server,
  limit: Server,
  connections: number,
): Promise<Comparison> {
  const { load, rounds, seconds } = context;
  context.note(`inbound: ${subject.name}, ${connections} connections, ${rounds} rounds`);
  const traffic = closed(connections, seconds, false);
  for (const server of [subject, limit]) await warmUp(load, server, traffic);
  return compare({ load, subject, limit, traffic, rounds });
}

async function halfBusy(
  context: BenchContext,
  subject: Server,
  limit: Server,
  ratePerSecond: number,
): Promise<Comparison> {
  const { load, rounds, seconds } = context;
  context.note(`inbound: open loop at ${Math.round(ratePerSecond)} requests/s`);
  const traffic = open({
    connections: HALF_BUSY_CONNECTIONS,
    seconds,
    ratePerSecond,
    arrivals: 'poisson',
    expectArrivals: false,
  });
  return compare({ load, subject, limit, traffic, rounds });
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
