/**
 * Where processes run: the server under test alone on one core, generator and sink on another, so
 * that neither steals from the other and a ratio compares one core with one core.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Role = 'server' | 'load';

export interface Placement {
  /** False when all share the cores; then ratios are not comparable with pinned ones. */
  pinned: boolean;
  reason: string;
}

const CPU_OF: Record<Role, number> = { server: 0, load: 1 };

let decided: Placement | undefined;

/** Whether pinning works here, found out once per process. */
export function placement(): Placement {
  decided ??= decide();
  return decided;
}

/** The command line that runs `command` in its role's place. */
export function placed(role: Role, command: string, args: readonly string[]): [string, string[]] {
  if (!placement().pinned) return [command, [...args]];
  return ['taskset', ['-c', String(CPU_OF[role]), command, ...args]];
}

function decide(): Placement {
  const cores = availableParallelism();
  if (cores < 2) return { pinned: false, reason: 'only one core is available' };
  for (const cpu of Object.values(CPU_OF)) {
    const probe = spawnSync('taskset', ['-c', String(cpu), 'true']);
    if (probe.status !== 0)
      return { pinned: false, reason: `taskset -c ${cpu} does not work here` };
  }
  return { pinned: true, reason: 'server on cpu 0, generator and sink on cpu 1' };
}
