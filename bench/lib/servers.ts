/** The servers under load: Bellwire, its stand-in, and the bare ones they are held against. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OwnServer } from '../../src/storage/postgres/testing/own-server.ts';
import { PROJECT_ROOT, nextMessage, startChild } from './child.ts';
import type { Child } from './child.ts';
import type { Signing } from './load-protocol.ts';
import { listenOnLoopback } from './listen.ts';
import { isInMemory } from './machine.ts';
import { placed } from './placement.ts';

const BELLWIRE_SCRIPT = 'bin/bellwire.ts';
const READY_MS = 20_000;
const READY_POLL_MS = 25;

/** A server under load: where requests go and whose CPU time counts. */
export interface Server {
  name: string;
  pid: number;
  /** Processes that work for it; their CPU time and memory count as well. */
  partners?: readonly number[];
  port: number;
  path: string;
  /** Value of the authorization header; null for servers that know none. */
  authorization: string | null;
  /** Where requests are signed instead. */
  signing?: Signing | undefined;
  stop(): Promise<void>;
}

/** What is measured: a server that knows subscriptions. */
export interface Subject extends Server {
  /** Subscribes `targetUrl` to one event type. */
  subscribe(eventType: string, targetUrl: string): Promise<void>;
  /** @returns the path of its URL. */
  createSource(settings: object): Promise<string>;
}

export const SUBJECTS = ['bellwire', 'in-memory'] as const;
export type SubjectName = (typeof SUBJECTS)[number];

export async function startSubject(name: SubjectName): Promise<Subject> {
  return name === 'bellwire' ? startBellwire() : startStandIn();
}

/** The limit of accept: parses and answers, nothing else. */
export async function startBare202(): Promise<Server> {
  return startBare('bare-202', []);
}

/** The limit of accept + deliver: forwards to the sink and answers, nothing else. */
export async function startBareRelay(sinkPort: number, connections: number): Promise<Server> {
  return startBare('bare-relay', [String(sinkPort), String(connections)]);
}

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * A fresh folder on a real disk: the system's temporary one unless that lies in memory. It is
 * gone when the process ends.
 */
export function createDataFolder(): string {
  let parent = tmpdir();
  if (isInMemory(parent)) {
    parent = join(PROJECT_ROOT, '.bellwire');
    mkdirSync(parent, { recursive: true });
  }
  const folder = mkdtempSync(join(parent, 'bellwire-bench-'));
  folders.add(folder);
  return folder;
}

async function startBare(name: string, args: string[]): Promise<Server> {
  const script = `bench/calibration/${name}.ts`;
  const child = startChild({ role: 'server', name, script, args });
  const { port } = await nextMessage<{ port: number }>(child);
  return { name, pid: child.pid, port, path: '/', authorization: null, stop: child.stop };
}

async function startStandIn(): Promise<Subject> {
  return withSubscribe(await startBare('in-memory', []));
}

/** Bellwire with a PostgreSQL of its own, on the same core and a real disk. */
export async function startOnPostgres(): Promise<Subject> {
  const directory = createDataFolder();
  // PostgreSQL may run as somebody else than we do.
  chmodSync(directory, 0o755);
  const database = await OwnServer.create({
    directory,
    command: (program, args) => placed('server', program, args),
  });
  try {
    const subject = await startBellwire({ BELLWIRE_DATABASE_URL: database.url('postgres') });
    const stop = async (): Promise<void> => {
      await subject.stop();
      await database.remove();
    };
    return { ...subject, name: 'bellwire on postgres', partners: [database.pid], stop };
  } catch (error) {
    await database.remove();
    throw error;
  }
}

async function startBellwire(more: Readonly<Record<string, string>> = {}): Promise<Subject> {
  const port = await freePort();
  const folder = createDataFolder();
  const adminKey = randomBytes(24).toString('base64url');
  const child = startChild({
    role: 'server',
    name: 'bellwire',
    script: BELLWIRE_SCRIPT,
    args: ['serve'],
    env: {
      NODE_ENV: 'production',
      BELLWIRE_HOST: '127.0.0.1',
      BELLWIRE_PORT: String(port),
      BELLWIRE_DATA: folder,
      BELLWIRE_ADMIN_KEY: adminKey,
      BELLWIRE_MASTER_KEY: randomBytes(32).toString('base64'),
      BELLWIRE_ALLOW_TARGETS: '127.0.0.1/32:*',
      BELLWIRE_LOG_LEVEL: 'warn',
      ...more,
    },
  });
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await becomesReady(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const authorization = `Bearer ${adminKey}`;
  const server = {
    name: 'bellwire',
    pid: child.pid,
    port,
    path: '/v1/events',
    authorization,
    stop,
  };
  return withSubscribe(server);
}

function withSubscribe(server: Server): Subject {
  const headers = {
    'content-type': 'application/json',
    ...(server.authorization === null ? {} : { authorization: server.authorization }),
  };
  const create = async (path: string, fields: object): Promise<string> => {
    const url = `http://127.0.0.1:${server.port}${path}`;
    const body = JSON.stringify(fields);
    const response = await fetch(url, { method: 'POST', headers, body });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`${path} answered ${response.status} ${text}`);
    return text;
  };
  return {
    ...server,
    async subscribe(eventType, targetUrl) {
      const fields = { event_type: eventType, target_url: targetUrl };
      await create('/v1/webhooks/subscriptions', fields);
    },
    async createSource(settings) {
      const reply = await create('/v1/sources', settings);
      const path = /"url":"https?:\/\/[^/"]+([^"]+)"/.exec(reply)?.[1];
      if (path === undefined) throw new Error(`a source without a URL: ${reply}`);
      return path;
    },
  };
}

async function becomesReady(child: Child, port: number): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    const answer = fetch(`http://127.0.0.1:${port}/readyz`).then(
      async (response) => {
        await response.text();
        return response.status;
      },
      () => 0,
    );
    if ((await Promise.race([answer, child.died])) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  throw new Error(`${BELLWIRE_SCRIPT} was not ready (GET /readyz) within ${READY_MS} ms`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listenOnLoopback(probe);
  await new Promise((closed) => probe.close(closed));
  return port;
}
