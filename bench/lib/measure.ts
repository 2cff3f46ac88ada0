/** One load run against one server, with what the server spent meanwhile. */
import { merge, summarize } from './histogram.ts';
import type { Latency } from './histogram.ts';
import type { Load } from './load.ts';
import type { LoadPlan, LoadResult } from './load-protocol.ts';
import { cpuMicros, residentMiB } from './machine.ts';
import type { Server } from './servers.ts';
import { rounded } from './stats.ts';

/** From this CPU share on, generator and sink may be what a closed loop measured. */
const LOAD_BOUND_SHARE = 0.95;

export type Traffic = Omit<LoadPlan, 'port' | 'path' | 'authorization' | 'signing'>;

export interface Measured {
  server: string;
  loop: 'closed' | 'open';
  result: LoadResult;
  /** Answered 2xx per second, first send to last answer. */
  acceptRate: number;
  /** Arrived (once) per second, first send to last arrival: the tail of the drain counts. */
  deliverRate: number;
  accept: Latency;
  endToEnd: Latency;
  sendLag: Latency;
  serverCpuMicrosPerEvent: number | null;
  serverResidentMiB: number | null;
}

/** Puts `traffic` on `server` and waits for its end (and for the arrivals, if expected). */
export async function measure(load: Load, server: Server, traffic: Traffic): Promise<Measured> {
  const { port, path, authorization, signing } = server;
  const pids = [server.pid, ...(server.partners ?? [])];
  const cpuBefore = totalOf(pids, cpuMicros);
  const result = await load.run({ ...traffic, port, path, authorization, signing });
  const cpuAfter = totalOf(pids, cpuMicros);
  const cpu = cpuBefore === undefined || cpuAfter === undefined ? null : cpuAfter - cpuBefore;
  return {
    server: server.name,
    loop: traffic.loop.kind,
    result,
    acceptRate: result.accepted / result.acceptSeconds,
    deliverRate: result.arrivals.unique / result.arrivals.seconds,
    accept: summarize(merge([result.acceptLatency])),
    endToEnd: summarize(merge([result.arrivals.latency])),
    sendLag: summarize(merge([result.sendLag])),
    serverCpuMicrosPerEvent: cpu === null ? null : cpu / result.accepted,
    serverResidentMiB: totalOf(pids, residentMiB) ?? null,
  };
}

/** Undefined when it is of any of them. */
function totalOf(
  pids: readonly number[],
  measureOf: (pid: number) => number | undefined,
): number | undefined {
  const values = pids.map(measureOf);
  return values.reduce(
    (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );
}

/** Why a run may not count; empty when it does. */
export function faultsOf(measured: Measured): string[] {
  const { result, server } = measured;
  const { lost, unreadable } = result.arrivals;
  const faults: string[] = [];
  if (result.accepted === 0) faults.push('nothing was accepted');
  if (lost > 0) faults.push(`${lost} accepted events never arrived`);
  if (unreadable > 0) faults.push(`${unreadable} deliveries without the published data`);
  if (result.unanswered > 0) faults.push(`${result.unanswered} requests without an answer`);
  if (result.unsent > 0) faults.push(`${result.unsent} planned events could not be sent`);
  for (const [status, count] of Object.entries(result.statuses)) {
    if (!status.startsWith('2')) faults.push(`${count} answers with status ${status}`);
  }
  return faults.map((fault) => `${server}: ${fault}`);
}

/** The part of a measurement that goes into the result file. */
export function detailsOf(measured: Measured): Record<string, unknown> {
  const { result, serverCpuMicrosPerEvent: cpu, serverResidentMiB: resident } = measured;
  return {
    server: measured.server,
    loop: measured.loop,
    accept_per_second: rounded(measured.acceptRate),
    deliver_per_second: result.arrivals.unique === 0 ? null : rounded(measured.deliverRate),
    accepted: result.accepted,
    statuses: result.statuses,
    arrived: result.arrivals.unique,
    lost: result.arrivals.lost,
    duplicates: result.arrivals.duplicates,
    strays: result.arrivals.strays,
    reconnects: result.reconnects,
    accept_ms: measured.accept,
    end_to_end_ms: result.arrivals.unique === 0 ? null : measured.endToEnd,
    send_lag_ms: measured.sendLag,
    server_cpu_us_per_event: cpu === null ? null : rounded(cpu),
    server_resident_mib: resident === null ? null : rounded(resident),
    load_cpu_share: rounded(result.loadCpuShare),
    load_bound: loadBound(measured),
  };
}

/** An open loop spins on its core while it waits, so only its send lag can tell. */
function loadBound(measured: Measured): boolean {
  return measured.loop === 'closed' && measured.result.loadCpuShare > LOAD_BOUND_SHARE;
}
