/** A real Bellwire in a process of its own, for tests that look at it from outside. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bellwire } from '../../sdk/client/index.ts';
import { startChild } from './child.ts';
import type { Child, Ending } from './child.ts';
import { waitUntil } from './wait-until.ts';

const CLI = fileURLToPath(new URL('../../bin/bellwire.ts', import.meta.url));

/** The same at every start, so that a second one can read what the first has sealed. */
const MASTER_KEY = Buffer.alloc(32, 'bellwire test master key').toString('base64');

const READY_WITHIN_MS = 15_000;
/** Longer than the server gives itself to drain. */
const STOP_WITHIN_MS = 25_000;

export interface BellwireOptions {
  /** `BELLWIRE_*` settings; they win over the ones chosen here. */
  readonly env?: Readonly<Record<string, string>>;
  /** To start again on the data of another one. Default: a temporary one, gone with `stop`. */
  readonly dataDir?: string;
  /** Default `serve`, with all of 127.0.0.1 allowed as a target. */
  readonly mode?: 'serve' | 'dev';
}

export interface RunningBellwire {
  readonly url: string;
  readonly adminKey: string;
  readonly dataDir: string;
  readonly pid: number;
  /** With the admin key, in the default tenant. */
  readonly client: Bellwire;
  /** How the process ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  /** Standard output and error so far, for messages of failed tests. */
  output(): string;
  /** SIGTERM, and the end of it; then its temporary data is removed. May be called repeatedly. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would end it. Keeps the data. */
  kill9(): Promise<void>;
}

/** Resolves when `/readyz` says yes. @throws Error with the output when it does not in time. */
export async function startBellwire(options: BellwireOptions = {}): Promise<RunningBellwire> {
  const { mode = 'serve' } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'bellwire-test-')));
  const removeData = async () => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const env = {
    BELLWIRE_PORT: '0',
    BELLWIRE_DATA: dataDir,
    BELLWIRE_ADMIN_KEY: `test-admin-${randomBytes(16).toString('hex')}`,
    ...(mode === 'serve' && {
      BELLWIRE_MASTER_KEY: MASTER_KEY,
      BELLWIRE_ALLOW_TARGETS: '127.0.0.1/32:*',
    }),
    ...options.env,
  };
  const child = await startChild(process.execPath, [CLI, mode], { env });
  try {
    const url = await readyAt(child);
    const adminKey = env.BELLWIRE_ADMIN_KEY;
    return {
      url,
      adminKey,
      dataDir,
      pid: child.pid,
      client: new Bellwire({ baseUrl: url, apiKey: adminKey }),
      ended: child.ended,
      output: () => child.output(),
      async stop() {
        await terminate(child);
        await removeData();
      },
      async kill9() {
        await child.kill('SIGKILL');
      },
    };
  } catch (error) {
    await child.kill('SIGKILL');
    await removeData();
    throw error;
  }
}

/** `serve` logs a JSON line with its url when it listens, `dev` prints a banner. */
const READY = /"url":"(?<logged>http:[^"]+)"|is ready at (?<shown>http:\S+)/;

async function readyAt(child: Child): Promise<string> {
  const { groups } = await child.says(READY, READY_WITHIN_MS);
  const url = groups?.['logged'] ?? groups?.['shown'] ?? '';
  await waitUntil(async () => (await fetch(`${url}/readyz`)).ok, {
    what: `${url}/readyz`,
    deadlineMs: READY_WITHIN_MS,
    context: () => child.output(),
  });
  return url;
}

async function terminate(child: Child): Promise<void> {
  let waitedInVain = false;
  const tooLate = setTimeout(() => {
    waitedInVain = true;
    void child.kill('SIGKILL');
  }, STOP_WITHIN_MS);
  await child.kill('SIGTERM');
  clearTimeout(tooLate);
  if (waitedInVain) throw new Error(`Bellwire ignored SIGTERM:\n${child.output()}`);
}
