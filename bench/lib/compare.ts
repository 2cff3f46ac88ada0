/**
 * Two servers under the same load in alternating slices of one run. A shared machine drifts by
 * more than the differences we look for; neighbouring slices see the same machine, so the median
 * of their ratios holds where a ratio of two separate runs would not.
 */
import { merge, summarize } from './histogram.ts';
import type { Latency } from './histogram.ts';
import type { Load } from './load.ts';
import type { LoadResult } from './load-protocol.ts';
import { detailsOf, faultsOf, measure } from './measure.ts';
import type { Measured, Traffic } from './measure.ts';
import type { Server } from './servers.ts';
import { median, rounded, spread } from './stats.ts';

const WARM_UP_SECONDS = 2;

export interface ComparePlan {
  load: Load;
  /** The server in question. */
  subject: Server;
  /** The server that shows what can be had. */
  limit: Server;
  traffic: Traffic;
  rounds: number;
}

/** The slices of both sides; the n-th of each are neighbours in time. */
export interface Comparison {
  subjects: Measured[];
  limits: Measured[];
}

/** Measures both in turns; who goes first alternates too. Warm them up before. */
export async function compare(plan: ComparePlan): Promise<Comparison> {
  const { load, subject, limit, traffic, rounds } = plan;
  const subjects: Measured[] = [];
  const limits: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) subjects.push(await measure(load, subject, traffic));
    limits.push(await measure(load, limit, traffic));
    if (round % 2 === 1) subjects.push(await measure(load, subject, traffic));
  }
  return { subjects, limits };
}

/**
 * A closed loop long enough for the code to be compiled and the connections pooled.
 *
 * @throws Error when even that failed: nothing measured afterwards would mean anything
 */
export async function warmUp(load: Load, server: Server, traffic: Traffic): Promise<void> {
  const loop = { kind: 'closed', seconds: WARM_UP_SECONDS } as const;
  const faults = faultsOf(await measure(load, server, { ...traffic, loop }));
  if (faults.length > 0) throw new Error(`warm-up failed: ${faults.join('; ')}`);
}

/** A number of a slice, such as its rate. */
export type ValueOf = (measured: Measured) => number;

export function medianOf(slices: readonly Measured[], valueOf: ValueOf): number {
  return median(slices.map(valueOf));
}

/** Median of the per-round ratios subject ÷ limit. */
export function medianRatio(comparison: Comparison, valueOf: ValueOf): number {
  return median(ratiosOf(comparison, valueOf));
}

/** One latency over all slices, so that no slow one is hidden. */
export function mergedLatency(
  slices: readonly Measured[],
  histogramOf: (result: LoadResult) => string,
): Latency {
  return summarize(merge(slices.map((slice) => histogramOf(slice.result))));
}

export function faultsOfBoth({ subjects, limits }: Comparison): string[] {
  return [...subjects, ...limits].flatMap(faultsOf);
}

/** The comparison for the result file, with the per-round ratios of one number. */
export function comparisonDetails(comparison: Comparison, valueOf: ValueOf): unknown {
  const ratios = ratiosOf(comparison, valueOf);
  return {
    ratios: ratios.map(rounded),
    ratio_spread: rounded(spread(ratios)),
    subject: comparison.subjects.map(detailsOf),
    limit: comparison.limits.map(detailsOf),
  };
}

function ratiosOf({ subjects, limits }: Comparison, valueOf: ValueOf): number[] {
  return subjects.flatMap((subject, round) => {
    const limit = limits[round];
    return limit === undefined ? [] : [valueOf(subject) / valueOf(limit)];
  });
}
