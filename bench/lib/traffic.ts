/** The traffic shapes of the benches. */
import type { Traffic } from './measure.ts';

/** Seed of every run, so that arrivals and choice of targets repeat. */
export const SEED = 20_260_409;

const ONE_TARGET = { targets: 1, hotShare: 0, seed: SEED };

/** As fast as `connections` allow, to one event type. */
export function closed(connections: number, seconds: number, expectArrivals: boolean): Traffic {
  return {
    connections,
    loop: { kind: 'closed', seconds },
    traffic: ONE_TARGET,
    excludedTargets: [],
    expectArrivals,
  };
}

export interface OpenOptions {
  connections: number;
  seconds: number;
  ratePerSecond: number;
  arrivals: 'constant' | 'poisson';
  expectArrivals: boolean;
}

/** At a planned rate whatever the server does, to one event type. */
export function open(options: OpenOptions): Traffic {
  const { connections, seconds, ratePerSecond, arrivals, expectArrivals } = options;
  return {
    connections,
    loop: { kind: 'open', seconds, ratePerSecond, arrivals, seed: SEED },
    traffic: ONE_TARGET,
    excludedTargets: [],
    expectArrivals,
  };
}
