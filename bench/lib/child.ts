/** Child processes of a bench: started in place, heard when they die, never left behind. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { placed } from './placement.ts';
import type { Role } from './placement.ts';

/** Node of the lockfile, as npm scripts find it; the system's may be too old to strip types. */
const NODE = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STOP_MS = 10_000;
const KEPT_OUTPUT_CHARS = 4000;

export interface ChildOptions {
  role: Role;
  name: string;
  /** Script path relative to the project root. */
  script: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  onMessage?: (message: unknown) => void;
}

export interface Child {
  pid: number;
  process: ChildProcess;
  /** Rejects with the reason and the last output when the process ends by itself. */
  died: Promise<never>;
  /** SIGTERM, then SIGKILL after 10 s; resolves when it is gone. Idempotent. */
  stop: () => Promise<void>;
}

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts a script under the pinned Node with an IPC channel, on its role's core. */
export function startChild(options: ChildOptions): Child {
  const [command, args] = placed(options.role, NODE, [options.script, ...(options.args ?? [])]);
  const child = spawn(command, args, {
    cwd: PROJECT_ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  living.add(child);
  const output = keepOutput(child);
  if (options.onMessage !== undefined) child.on('message', options.onMessage);
  let stopping = false;
  const died = deathOf(child, options.name, output, () => stopping);
  const stop = async (): Promise<void> => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(kill);
  };
  return { pid: child.pid ?? 0, process: child, died, stop };
}

function keepOutput(child: ChildProcess): () => string {
  let kept = '';
  const keep = (chunk: Buffer): void => {
    kept = (kept + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => kept.trim();
}

function deathOf(
  child: ChildProcess,
  name: string,
  output: () => string,
  expected: () => boolean,
): Promise<never> {
  const died = new Promise<never>((_resolve, reject) => {
    const fail = (why: string): void => {
      living.delete(child);
      if (!expected()) reject(new Error(`${name} ended: ${why}\n${output()}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(signal ?? `exit code ${code}`));
  });
  // Whoever awaits something from the child races against this; nobody must be forced to.
  died.catch(() => undefined);
  return died;
}

/** The next IPC message of a child, a `T` by its protocol; rejects when the child dies first. */
export async function nextMessage<T>(child: Child): Promise<T> {
  const message = once(child.process, 'message').then(([value]): T => value);
  return Promise.race([message, child.died]);
}
