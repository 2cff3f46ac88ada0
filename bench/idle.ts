/**
 * How long does one event take through an idle server? A few events a second leave every part
 * asleep in between: polling anywhere on the way shows here and nowhere else.
 */
import { compare, comparisonDetails, faultsOfBoth, mergedLatency, warmUp } from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { eventTypeOf, sinkUrlOf } from './lib/payload.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { startBareRelay, startSubject } from './lib/servers.ts';
import { closed, open } from './lib/traffic.ts';

const MAX_P50_MS = 3;
const MAX_P99_MS = 15;
const EVENTS_PER_SECOND = 10;
const CONNECTIONS = 4;

const p50Of: ValueOf = (measured) => measured.endToEnd.p50;

export async function benchIdle(context: BenchContext): Promise<Outcome> {
  const { load, rounds, seconds } = context;
  const subject = await startSubject(context.subject);
  const limit = await startBareRelay(load.sinkPort, CONNECTIONS);
  try {
    await subject.subscribe(eventTypeOf(0), sinkUrlOf(load.sinkPort, 0));
    context.note(`idle: ${EVENTS_PER_SECOND} events/s, ${rounds} rounds`);
    const traffic = open({
      connections: CONNECTIONS,
      seconds,
      ratePerSecond: EVENTS_PER_SECOND,
      arrivals: 'constant',
      expectArrivals: true,
    });
    const warm = closed(CONNECTIONS, seconds, true);
    for (const server of [subject, limit]) await warmUp(load, server, warm);
    const comparison = await compare({ load, subject, limit, traffic, rounds });
    const details = comparisonDetails(comparison, p50Of);
    return outcome('idle', rowsOf(comparison), faultsOfBoth(comparison), details);
  } finally {
    await Promise.all([subject.stop(), limit.stop()]);
  }
}

function rowsOf({ subjects, limits }: Comparison): RowInput[] {
  const measured = mergedLatency(subjects, (result) => result.arrivals.latency);
  const relayed = mergedLatency(limits, (result) => result.arrivals.latency);
  return [
    {
      metric: 'end to end p50',
      unit: 'ms',
      measured: measured.p50,
      limit: { name: 'bare relay', value: relayed.p50 },
      target: { of: 'measured', bound: 'at most', value: MAX_P50_MS },
    },
    {
      metric: 'end to end p99',
      unit: 'ms',
      measured: measured.p99,
      limit: { name: 'bare relay', value: relayed.p99 },
      target: { of: 'measured', bound: 'at most', value: MAX_P99_MS },
    },
  ];
}
