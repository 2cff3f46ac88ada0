/**
 * What does PostgreSQL cost? The same Bellwire on both stores, 1→1, accepted, committed, signed and
 * delivered. Both with their defaults and full durability; PostgreSQL runs on the server's core, as
 * the writer thread of the embedded store does, and its CPU time counts as the server's.
 */
import { compare, comparisonDetails, faultsOfBoth, warmUp } from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { eventTypeOf, sinkUrlOf } from './lib/payload.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { arrivalRows, rateRows } from './lib/rows.ts';
import { startOnPostgres, startSubject } from './lib/servers.ts';
import { closed } from './lib/traffic.ts';

const MIN_RATIO = 0.6;

const rateOf: ValueOf = (measured) => measured.deliverRate;

export async function benchPostgres(context: BenchContext): Promise<Outcome> {
  const { load, rounds, seconds } = context;
  const subject = await startOnPostgres();
  const limit = await startSubject('bellwire');
  try {
    for (const server of [subject, limit]) {
      await server.subscribe(eventTypeOf(0), sinkUrlOf(load.sinkPort, 0));
    }
    const rows: RowInput[] = [];
    const comparisons: Comparison[] = [];
    for (const connections of context.connections) {
      context.note(`postgres: ${connections} connections, ${rounds} rounds`);
      const traffic = closed(connections, seconds, true);
      for (const server of [subject, limit]) await warmUp(load, server, traffic);
      const comparison = await compare({ load, subject, limit, traffic, rounds });
      comparisons.push(comparison);
      const options = { connections, limitName: 'embedded store', rateOf, minRatio: MIN_RATIO };
      rows.push(...rateRows(comparison, options), ...arrivalRows(comparison, connections));
    }
    const details = comparisons.map((comparison) => comparisonDetails(comparison, rateOf));
    return outcome('postgres', rows, comparisons.flatMap(faultsOfBoth), details);
  } finally {
    await Promise.all([subject.stop(), limit.stop()]);
  }
}
