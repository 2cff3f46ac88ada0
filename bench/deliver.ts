/**
 * How fast do events get through: accepted, committed, signed and delivered to one subscriber? Held
 * against a relay that only forwards. An event counts when it arrived, so a server that answers
 * fast and delivers later pays for its backlog.
 */
import { compare, comparisonDetails, faultsOfBoth, warmUp } from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { eventTypeOf, sinkUrlOf } from './lib/payload.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { arrivalRows, rateRows } from './lib/rows.ts';
import { startBareRelay, startSubject } from './lib/servers.ts';
import type { Subject } from './lib/servers.ts';
import { closed } from './lib/traffic.ts';

const MIN_RATIO = 0.8;

const rateOf: ValueOf = (measured) => measured.deliverRate;

export async function benchDeliver(context: BenchContext): Promise<Outcome> {
  const subject = await startSubject(context.subject);
  try {
    await subject.subscribe(eventTypeOf(0), sinkUrlOf(context.load.sinkPort, 0));
    const rows: RowInput[] = [];
    const comparisons: Comparison[] = [];
    for (const connections of context.connections) {
      context.note(`deliver: ${connections} connections, ${context.rounds} rounds`);
      const comparison = await againstRelay(context, subject, connections);
      comparisons.push(comparison);
      const options = { connections, limitName: 'bare relay', rateOf, minRatio: MIN_RATIO };
      rows.push(...rateRows(comparison, options), ...arrivalRows(comparison, connections));
    }
    const details = comparisons.map((comparison) => comparisonDetails(comparison, rateOf));
    return outcome('deliver', rows, comparisons.flatMap(faultsOfBoth), details);
  } finally {
    await subject.stop();
  }
}

async function againstRelay(
  context: BenchContext,
  subject: Subject,
  connections: number,
): Promise<Comparison> {
  const { load, rounds, seconds } = context;
  const limit = await startBareRelay(load.sinkPort, connections);
  try {
    const traffic = closed(connections, seconds, true);
    for (const server of [subject, limit]) await warmUp(load, server, traffic);
    return await compare({ load, subject, limit, traffic, rounds });
  } finally {
    await limit.stop();
  }
}
