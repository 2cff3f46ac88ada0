/** What this machine can do at best: the limits the other benches are read against. */
import { nextMessage, startChild } from '../lib/child.ts';
import type { BenchContext } from '../lib/context.ts';
import { rmSync } from 'node:fs';
import { detailsOf, faultsOf, measure } from '../lib/measure.ts';
import type { Measured } from '../lib/measure.ts';
import { warmUp } from '../lib/compare.ts';
import { sinkPathOf } from '../lib/payload.ts';
import { outcome } from '../lib/report.ts';
import type { Outcome } from '../lib/report.ts';
import { createDataFolder, startBare202, startBareRelay } from '../lib/servers.ts';
import type { Server } from '../lib/servers.ts';
import { closed } from '../lib/traffic.ts';
import type { FsyncCost } from './fsync.ts';
import type { HmacCost } from './hmac.ts';

const FSYNC_SECONDS = 2;
const HMAC_SECONDS = 0.5;
/** Generator and sink must manage twice what they measure, or they are what is measured. */
const MIN_HEADROOM = 2;

export async function benchCalibration(context: BenchContext): Promise<Outcome> {
  const { load } = context;
  context.note('calibration: fsync and HMAC');
  const fsync = await context.fsync();
  const hmac = await measureHmac();
  const connections = context.connections[0] ?? 64;
  context.note(`calibration: bare servers at ${connections} connections`);
  const accepting = await measureOne(context, await startBare202(), connections, false);
  const relay = await startBareRelay(load.sinkPort, connections);
  const relayed = await measureOne(context, relay, connections, true);
  const alone = await measureOne(context, sinkAsServer(load.sinkPort), connections, true);
  return outcome(
    'calibration',
    [
      { metric: 'fdatasync 16 KiB p50', unit: 'ms', measured: fsync.p50Ms },
      { metric: 'fdatasync 16 KiB p99', unit: 'ms', measured: fsync.p99Ms },
      { metric: 'HMAC-SHA256 0.5 KB', unit: 'µs', measured: hmac.micros },
      { metric: `bare 202 @${connections}`, unit: '/s', measured: accepting.acceptRate },
      { metric: `bare relay @${connections}`, unit: '/s', measured: relayed.deliverRate },
      {
        metric: 'generator + sink alone',
        unit: '/s',
        measured: alone.deliverRate,
        limit: { name: 'bare relay', value: relayed.deliverRate },
        target: { of: 'ratio', bound: 'at least', value: MIN_HEADROOM },
      },
    ],
    [accepting, relayed, alone].flatMap(faultsOf),
    {
      fsync,
      hmac,
      bare_202: detailsOf(accepting),
      bare_relay: detailsOf(relayed),
      generator_and_sink: detailsOf(alone),
    },
  );
}

/** fdatasync cost in a fresh folder on the disk the store would use. */
export async function measureFsync(): Promise<FsyncCost> {
  const folder = createDataFolder();
  try {
    return await askScript<FsyncCost>('fsync', [folder, String(FSYNC_SECONDS)]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureHmac(): Promise<HmacCost> {
  return askScript<HmacCost>('hmac', [String(HMAC_SECONDS)]);
}

async function askScript<T>(name: string, args: string[]): Promise<T> {
  const script = `bench/calibration/${name}.ts`;
  const child = startChild({ role: 'server', name, script, args });
  const answer = await nextMessage<T>(child);
  await child.stop();
  return answer;
}

async function measureOne(
  context: BenchContext,
  server: Server,
  connections: number,
  expectArrivals: boolean,
): Promise<Measured> {
  try {
    const traffic = closed(connections, context.seconds, expectArrivals);
    await warmUp(context.load, server, traffic);
    return await measure(context.load, server, traffic);
  } finally {
    await server.stop();
  }
}

/** The sink answers the generator directly: one process playing both sides. */
function sinkAsServer(port: number): Server {
  return {
    name: 'sink',
    pid: 0,
    port,
    path: sinkPathOf(0),
    authorization: null,
    stop: () => Promise.resolve(),
  };
}
