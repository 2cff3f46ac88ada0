/**
 * Does one target that never answers slow the others down? Two servers with a hundred targets
 * each get the same events; on one of them the busiest target (1 % of targets, 20 % of events)
 * hangs. Only the 99 others are measured, on both. Slices alternate, so that both see the same
 * machine; the hanging target keeps hanging in between and its attempts run into their timeout.
 */
import {
  compare,
  comparisonDetails,
  faultsOfBoth,
  medianOf,
  medianRatio,
  warmUp,
} from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { faultsOf, measure } from './lib/measure.ts';
import type { Measured, Traffic } from './lib/measure.ts';
import { eventTypeOf, sinkUrlOf } from './lib/payload.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { startSubject } from './lib/servers.ts';
import type { Subject } from './lib/servers.ts';
import { SEED } from './lib/traffic.ts';

const TARGETS = 100;
/** The busiest target; the servers' event types are the same, only its address differs. */
const BUSIEST = 0;
const HANGING_PATH = '/hanging';
const BUSIEST_SHARE = 0.2;
const LOAD_FACTOR = 0.4;
const CONNECTIONS = 64;
const MAX_P99_RATIO = 1.5;

const p50Of: ValueOf = (measured) => measured.endToEnd.p50;
const p99Of: ValueOf = (measured) => measured.endToEnd.p99;
const rateOf: ValueOf = (measured) => measured.deliverRate;

export async function benchHangingTarget(context: BenchContext): Promise<Outcome> {
  const { load, rounds } = context;
  const healthy = await startSubject(context.subject);
  const hanging = await startSubject(context.subject);
  try {
    const origin = `http://127.0.0.1:${load.sinkPort}`;
    await subscribeAll(healthy, load.sinkPort, sinkUrlOf(load.sinkPort, BUSIEST));
    await subscribeAll(hanging, load.sinkPort, `${origin}${HANGING_PATH}`);
    const saturated = await saturate(context, healthy);
    await warmUp(load, hanging, trafficOf({ kind: 'closed', seconds: context.seconds }));
    await load.behave(HANGING_PATH, { kind: 'hang' });
    const traffic = openLoop(context, saturated.deliverRate * LOAD_FACTOR);
    const plan = { load, subject: hanging, limit: healthy, traffic, rounds };
    return report(saturated, await compare(plan));
  } finally {
    await Promise.all([healthy.stop(), hanging.stop()]);
  }
}

async function subscribeAll(subject: Subject, sinkPort: number, busiestUrl: string): Promise<void> {
  await subject.subscribe(eventTypeOf(BUSIEST), busiestUrl);
  for (let target = BUSIEST + 1; target < TARGETS; target++) {
    await subject.subscribe(eventTypeOf(target), sinkUrlOf(sinkPort, target));
  }
}

async function saturate(context: BenchContext, subject: Subject): Promise<Measured> {
  context.note(`hanging target: saturation with ${TARGETS} targets`);
  const traffic = trafficOf({ kind: 'closed', seconds: context.seconds });
  await warmUp(context.load, subject, traffic);
  return measure(context.load, subject, { ...traffic, excludedTargets: [] });
}

function openLoop(context: BenchContext, ratePerSecond: number): Traffic {
  const { seconds, rounds } = context;
  context.note(`hanging target: ${Math.round(ratePerSecond)} events/s, ${rounds} rounds`);
  return trafficOf({ kind: 'open', seconds, ratePerSecond, arrivals: 'poisson', seed: SEED });
}

function trafficOf(loop: Traffic['loop']): Traffic {
  return {
    connections: CONNECTIONS,
    loop,
    traffic: { targets: TARGETS, hotShare: BUSIEST_SHARE, seed: SEED },
    excludedTargets: [BUSIEST],
    expectArrivals: true,
  };
}

function report(saturated: Measured, comparison: Comparison): Outcome {
  return outcome(
    'hanging-target',
    [
      row(comparison, 'p50', 'ms', p50Of),
      {
        ...row(comparison, 'p99', 'ms', p99Of),
        target: { of: 'ratio', bound: 'at most', value: MAX_P99_RATIO },
      },
      row(comparison, 'events/s', '/s', rateOf),
    ],
    [...faultsOf(saturated), ...faultsOfBoth(comparison)],
    comparisonDetails(comparison, p99Of),
  );
}

function row(comparison: Comparison, metric: string, unit: string, valueOf: ValueOf): RowInput {
  return {
    metric: `healthy ${metric} while 1 of ${TARGETS} hangs`,
    unit,
    measured: medianOf(comparison.subjects, valueOf),
    limit: { name: 'none hangs', value: medianOf(comparison.limits, valueOf) },
    ratio: medianRatio(comparison, valueOf),
  };
}
