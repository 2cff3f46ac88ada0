/** What the machine did meanwhile: CPU time and memory of process trees, and foreign load. */
import { readFileSync, readdirSync, statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { placement } from './placement.ts';
import { rounded } from './stats.ts';

/** USER_HZ: the unit of /proc CPU times, 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;
const MICROS_PER_TICK = 1_000_000 / TICKS_PER_SECOND;
const TMPFS_MAGIC = 0x01021994;

/**
 * CPU time (user + system, all threads, ended children included) of a process and its living
 * descendants in µs, in steps of 10 ms; undefined off Linux or when the process is gone.
 */
export function cpuMicros(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command name may hold spaces and parentheses; fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const children = childrenOf(pid).map((child) => cpuMicros(child) ?? 0);
  return children.reduce((sum, micros) => sum + micros, ticks * MICROS_PER_TICK);
}

/** Resident memory of a process and its descendants in MiB; undefined off Linux. */
export function residentMiB(pid: number): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  if (kib === undefined) return undefined;
  const children = childrenOf(pid).map((child) => residentMiB(child) ?? 0);
  return children.reduce((sum, mib) => sum + mib, Number(kib) / 1024);
}

/** Whether a folder lies in memory, where an fsync costs nothing and proves nothing. */
export function isInMemory(folder: string): boolean {
  return statfsSync(folder).type === TMPFS_MAGIC;
}

/** Busy and stolen CPU time of the whole machine since boot, µs; undefined off Linux. */
interface MachineTimes {
  at: number;
  busy: number;
  stolen: number;
  own: number;
}

/** Shares of all cores' time, 0 to 1. */
export interface ForeignLoad {
  foreign_share: number;
  stolen_share: number;
}

/** Notes the machine's times now; the returned function says what share was not ours since. */
export function watchForeignLoad(): () => ForeignLoad | null {
  const start = machineTimes();
  return () => {
    const end = machineTimes();
    if (start === undefined || end === undefined) return null;
    const available = (end.at - start.at) * 1000 * cpus().length;
    const foreign = end.busy - start.busy - (end.own - start.own);
    return {
      foreign_share: rounded(Math.max(0, foreign) / available),
      stolen_share: rounded((end.stolen - start.stolen) / available),
    };
  };
}

/** The environment block of every result file. */
export function describeMachine(): Record<string, unknown> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory_gib: rounded(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    load_average_at_start: rounded(loadavg()[0] ?? 0),
    placement: placement(),
  };
}

function machineTimes(): MachineTimes | undefined {
  const line = /^cpu +(.*)$/m.exec(readText('/proc/stat') ?? '')?.[1];
  const own = cpuMicros(process.pid);
  if (line === undefined || own === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(' ')
    .map((field) => Number(field) * MICROS_PER_TICK);
  const busy = user + nice + system + irq + softirq;
  return { at: performance.now(), busy, stolen: steal, own };
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => (readText(`/proc/${pid}/task/${task}/children`) ?? '').split(' '))
      .filter((text) => text.trim() !== '')
      .map(Number);
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
