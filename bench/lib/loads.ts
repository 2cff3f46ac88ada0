/** Two servers under the loads that accept and inbound ask about. */
import { compare, warmUp } from './compare.ts';
import type { Comparison } from './compare.ts';
import type { BenchContext } from './context.ts';
import type { Server } from './servers.ts';
import { closed, open } from './traffic.ts';

const HALF_BUSY_CONNECTIONS = 64;

export interface Pair {
  readonly subject: Server;
  readonly limit: Server;
}

/** As fast as `connections` allow; both are warmed up before. */
export async function saturated(
  { load, rounds, seconds }: BenchContext,
  { subject, limit }: Pair,
  connections: number,
): Promise<Comparison> {
  const traffic = closed(connections, seconds, false);
  for (const server of [subject, limit]) await warmUp(load, server, traffic);
  return compare({ load, subject, limit, traffic, rounds });
}

/** At a planned rate, as strangers arrive. */
export function halfBusy(
  { load, rounds, seconds }: BenchContext,
  pair: Pair,
  ratePerSecond: number,
): Promise<Comparison> {
  const traffic = open({
    connections: HALF_BUSY_CONNECTIONS,
    seconds,
    ratePerSecond,
    arrivals: 'poisson',
    expectArrivals: false,
  });
  return compare({ load, ...pair, traffic, rounds });
}
