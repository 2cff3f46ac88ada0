/** A Bellwire of the demo's own: started as a user starts it, on data that goes with it. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const CLI = fileURLToPath(new URL('../../bin/bellwire.ts', import.meta.url));

export interface BellwireProcess extends AsyncDisposable {
  readonly url: string;
  readonly adminKey: string;
}

/** @throws Error when it ends before it is ready; its own words are on standard error then. */
export async function startBellwire(): Promise<BellwireProcess> {
  const data = await mkdtemp(join(tmpdir(), 'bellwire-demo-'));
  const adminKey = `demo-${randomBytes(16).toString('hex')}`;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BELLWIRE_'));
  const child = spawn(process.execPath, [CLI, 'dev'], {
    env: {
      ...Object.fromEntries(inherited),
      BELLWIRE_PORT: '0',
      BELLWIRE_DATA: data,
      BELLWIRE_ADMIN_KEY: adminKey,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  const url = await urlIn(child.stdout);
  // Nobody reads on, and a full pipe would stop the server.
  child.stdout.resume();
  if (url !== undefined) return { url, adminKey, [Symbol.asyncDispose]: stop };
  await stop();
  throw new Error('Bellwire ended before it was ready');
}

async function urlIn(output: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input: output })) {
    const url = /is ready at (http:\S+)/.exec(stripVTControlCharacters(line))?.[1];
    if (url !== undefined) return url;
  }
  return undefined;
}
