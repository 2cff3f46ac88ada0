/** What a NATS server that asks for credentials says to right and to wrong ones. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import type { Credentials } from '../../domain/destination.ts';
import { attempt, jobFor, outcomeOf, subscriptionTo } from '../contract/destination-contract.ts';
import { openBroker } from '../testing/broker-world.ts';
import { nats } from './nats.ts';

const isMissing = spawnSync('nats-server', ['--version']).error !== undefined;
const skip = isMissing ? 'there is no program nats-server on this machine' : false;

/** @returns the port of a server of its own, without streams. */
async function startServer(t: TestContext, access: readonly string[]): Promise<number> {
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', '-1', ...access]);
  t.after(async () => {
    server.kill();
    await once(server, 'exit');
  });
  for await (const line of createInterface({ input: server.stderr })) {
    const port = /client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('nats-server ended before it listened');
}

const RIGHT: Credentials = { username: 'agent', password: 'right' };
const WRONG: readonly (Credentials | null)[] = [
  { username: 'agent', password: 'wrong' },
  { token: 'a token' },
  { seed: 'SU that is no seed' },
  null,
];

test('wrong credentials are told as such, right ones get in', { skip }, async (t) => {
  const port = await startServer(t, ['--user', 'agent', '--pass', 'right']);
  const world = await openBroker(t, nats, port);
  const servers = [`nats://127.0.0.1:${world.proxy.port}`];
  const destination = { kind: 'nats', servers, subject: 'nobody.listens' } as const;
  for (const credentials of WRONG) {
    const job = jobFor(subscriptionTo({ destination, credentials }), 1);
    assert.equal(outcomeOf(await attempt(world, job)), 'auth_failed', JSON.stringify(credentials));
  }
  const job = jobFor(subscriptionTo({ destination, credentials: RIGHT }), 1);
  assert.equal(outcomeOf(await attempt(world, job)), 'overloaded');
});

test('a token is taken where the server knows it', { skip }, async (t) => {
  const port = await startServer(t, ['--auth', 'the-token']);
  const world = await openBroker(t, nats, port);
  const servers = [`nats://127.0.0.1:${world.proxy.port}`];
  const destination = { kind: 'nats', servers, subject: 'nobody.listens' } as const;
  const job = jobFor(subscriptionTo({ destination, credentials: { token: 'the-token' } }), 1);
  assert.equal(outcomeOf(await attempt(world, job)), 'overloaded');
});
