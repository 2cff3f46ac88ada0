import { createServer } from 'node:net';
import type { Server } from 'node:net';
import type { AttemptResult } from '../domain/attempt-result.ts';
import type { Egress } from './port.ts';
import type { Resolver } from './resolver.ts';

/** Each probe is refused without any network wait; the timeout only bounds a broken guard. */
const PROBE_TIMEOUT_MS = 2_000;

/** What names resolve to during the test: public at the look of it, private underneath. */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'loopback.example.com': ['127.0.0.1'],
  'loopback6.example.com': ['::1'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'compatible.example.com': ['::127.0.0.1'],
  'nat64.example.com': ['64:ff9b::7f00:1'],
  'unspecified.example.com': ['0.0.0.0'],
  'mixed.example.com': ['192.88.98.1', '127.0.0.1'],
};

/** Ways to write loopback in a URL, and names that stand for it. */
const HOSTNAMES: readonly string[] = `
  127.0.0.1 127.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001
  127.0.0.1. 127.0.0.2 0 0.0.0.0 127。0。0。1 ①②⑦.0.0.1
  localhost localhost. LOCALHOST canary.localhost canary
  [::1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1]
  [0:0:0:0:0:ffff:7f00:1] [64:ff9b::127.0.0.1] [2002:7f00:1::]`
  .trim()
  .split(/\s+/)
  .concat(Object.keys(HOSTS));

const hostsResolver: Resolver = {
  resolve: (hostname) => Promise.resolve(HOSTS[hostname] ?? ['127.0.0.1']),
};

/**
 * Puts canary servers on loopback and tries to reach them through a client that must refuse.
 * Rejects when a canary saw a connection or a probe ended in anything but a refusal.
 */
export async function runSelfTest(createClient: (resolver: Resolver) => Egress): Promise<void> {
  const egress = createClient(hostsResolver);
  const canaries = await startCanaries();
  try {
    const breaches = await Promise.all(
      canaries.flatMap(({ port }) => HOSTNAMES.map((host) => probe(egress, host, port))),
    );
    const seen = canaries.reduce((sum, canary) => sum + canary.connections, 0);
    const failed = breaches.filter((breach) => breach !== null);
    if (seen === 0 && failed.length === 0) return;
    throw new Error(
      `egress guard self-test failed: ${seen} connections reached a loopback canary; ` +
        `not refused: ${failed.join(', ') || 'none'}`,
    );
  } finally {
    await egress.close();
    await Promise.all(canaries.map((canary) => canary.close()));
  }
}

/** The host when the probe was not refused, else `null`. */
async function probe(egress: Egress, host: string, port: number): Promise<string | null> {
  const result = await new Promise<AttemptResult>((resolve) => {
    const url = new URL(`http://${host}:${port}/bellwire-self-test`);
    const request = { url, method: 'POST', headers: [], body: null } as const;
    egress.send({ ...request, timeoutMs: PROBE_TIMEOUT_MS, maxConnections: 1 }, resolve);
  });
  return result.kind === 'failure' && result.reason === 'blocked' ? null : host;
}

interface Canary {
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

async function startCanaries(): Promise<readonly Canary[]> {
  const four = await startCanary('127.0.0.1');
  if (four === null) throw new Error('egress guard self-test: no port can be bound on 127.0.0.1');
  // A machine without IPv6 has no loopback there that could be reached.
  const six = await startCanary('::1');
  return six === null ? [four] : [four, six];
}

async function startCanary(address: string): Promise<Canary | null> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  const port = await listen(server, address);
  if (port === null) return null;
  return {
    port,
    get connections() {
      return connections;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: Server, address: string): Promise<number | null> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen({ host: address, port: 0 }, () => {
      const bound = server.address();
      resolve(bound === null || typeof bound === 'string' ? null : bound.port);
    });
  });
}
