/** Rows that more than one bench reports. */
import { medianOf, medianRatio } from './compare.ts';
import type { Comparison, ValueOf } from './compare.ts';
import type { RowInput } from './report.ts';
import { total } from './stats.ts';

export interface RateRowOptions {
  connections: number;
  limitName: string;
  rateOf: ValueOf;
  minRatio: number;
}

/** Events per second (judged by the median ratio) and the CPU time an event cost the server. */
export function rateRows(comparison: Comparison, options: RateRowOptions): RowInput[] {
  const { connections, limitName: name, rateOf, minRatio } = options;
  const { subjects, limits } = comparison;
  return [
    {
      metric: `events/s @${connections}`,
      unit: '/s',
      measured: medianOf(subjects, rateOf),
      limit: { name, value: medianOf(limits, rateOf) },
      ratio: medianRatio(comparison, rateOf),
      target: { of: 'ratio', bound: 'at least', value: minRatio },
    },
    {
      metric: `server CPU/event @${connections}`,
      unit: 'µs',
      measured: medianOf(subjects, cpuOf),
      limit: { name, value: medianOf(limits, cpuOf) },
      ratio: medianRatio(comparison, cpuOf),
    },
  ];
}

/** Lost (must be none) and duplicates of the subject over all slices. */
export function arrivalRows({ subjects }: Comparison, connections: number): RowInput[] {
  const arrivals = subjects.map(({ result }) => result.arrivals);
  return [
    {
      metric: `lost @${connections}`,
      unit: 'events',
      measured: total(arrivals.map(({ lost }) => lost)),
      target: { of: 'measured', bound: 'at most', value: 0 },
    },
    {
      metric: `duplicates @${connections}`,
      unit: 'events',
      measured: total(arrivals.map(({ duplicates }) => duplicates)),
    },
  ];
}

const cpuOf: ValueOf = (measured) => measured.serverCpuMicrosPerEvent ?? Number.NaN;
