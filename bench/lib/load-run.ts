/** One run inside the load process: generate, wait until the sink has everything, sum up. */
import { nowMicros } from './clock.ts';
import { generate } from './generator.ts';
import type { GeneratorResult } from './generator.ts';
import { encode } from './histogram.ts';
import { Ledger } from './ledger.ts';
import type { LoadPlan, LoadResult } from './load-protocol.ts';
import type { Arrivals, Sink } from './sink.ts';

const DRAIN_STALL_MS = 15_000;
const WATCHDOG_MS = 250;

export interface RunOptions {
  plan: LoadPlan;
  sink: Sink;
  /** First sequence number of this run. */
  base: number;
  spin: boolean;
  /** How long the drain waits without any arrival before it calls the rest lost. */
  drainStallMs?: number;
}

/** Runs a plan and returns its result and the first sequence number of the next run. */
export async function runPlan(options: RunOptions): Promise<{ result: LoadResult; next: number }> {
  const { plan, sink, base, spin, drainStallMs = DRAIN_STALL_MS } = options;
  const ledger = new Ledger(base);
  const arrivals = sink.begin(ledger);
  const cpuBefore = process.cpuUsage();
  const startMicros = nowMicros();
  const generated = await generate({ plan, ledger, spin });
  if (plan.expectArrivals) await drain(sink, ledger, drainStallMs);
  const cpu = process.cpuUsage(cpuBefore);
  const loadCpuShare = (cpu.user + cpu.system) / (nowMicros() - startMicros);
  const lost = plan.expectArrivals ? ledger.outstanding : 0;
  return { result: sumUp(generated, arrivals, lost, loadCpuShare), next: ledger.next };
}

async function drain(sink: Sink, ledger: Ledger, stallMs: number): Promise<void> {
  if (ledger.outstanding === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  let lastArrival = performance.now();
  sink.onArrival = () => {
    if (ledger.outstanding === 0) resolve();
    lastArrival = performance.now();
  };
  // One watchdog instead of a timer per arrival, which would cost the sink what it measures.
  const watchdog = setInterval(
    () => {
      if (performance.now() - lastArrival > stallMs) resolve();
    },
    Math.min(WATCHDOG_MS, stallMs),
  );
  await promise;
  clearInterval(watchdog);
  sink.onArrival = () => undefined;
}

function sumUp(
  made: GeneratorResult,
  arrivals: Arrivals,
  lost: number,
  loadCpuShare: number,
): LoadResult {
  const { ledger } = arrivals;
  return {
    sent: made.sent,
    accepted: made.accepted,
    statuses: made.statuses,
    reconnects: made.reconnects,
    unanswered: made.unanswered,
    unsent: made.unsent,
    acceptSeconds: (made.lastAnswerMicros - made.firstSendMicros) / 1_000_000,
    acceptLatency: encode(made.acceptLatency),
    sendLag: encode(made.sendLag),
    arrivals: {
      unique: ledger.unique,
      duplicates: ledger.duplicates,
      lost,
      strays: arrivals.strays,
      unreadable: arrivals.unreadable,
      seconds: (arrivals.lastMicros - made.firstSendMicros) / 1_000_000,
      latency: encode(arrivals.latency),
    },
    loadCpuShare,
  };
}
