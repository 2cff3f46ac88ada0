import assert from 'node:assert/strict';
import { connect, Socket } from 'node:net';
import type { TcpNetConnectOpts } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { NO_ALLOWED_TARGETS, parseAllowTargets } from './allow-targets.ts';
import { createConnectors } from './connector.ts';
import type { BlockedConnect, ConnectorOptions } from './connector.ts';
import { BLOCKED_DETAIL, EgressError } from './egress-error.ts';
import { realClock } from './testing/clocks.ts';
import { startTcp } from './testing/servers.ts';
import { fakeResolver } from './testing/setup.ts';

const ONE_AND_TWO = parseAllowTargets('127.0.0.1/32:*,127.0.0.2/32:*');
const ONLY_TWO = parseAllowTargets('127.0.0.2/32:*');

/** Connects over http by name; gives the socket or throws what the connector reported. */
function connectTo(
  t: TestContext,
  hostname: string,
  port: number,
  options: Partial<ConnectorOptions>,
): Promise<Socket> {
  const connectors = createConnectors({
    clock: realClock,
    policy: { allowTargets: NO_ALLOWED_TARGETS, allowHttp: true },
    resolver: fakeResolver({}),
    connectTimeoutMs: 1_000,
    ...options,
  });
  return new Promise((resolve, reject) => {
    connectors(null)({ hostname, protocol: 'http:', port: String(port) }, (error, socket) => {
      if (socket === null) return reject(error);
      t.after(() => socket.destroy());
      resolve(socket);
    });
  });
}

function isBlocked(error: unknown): boolean {
  return (
    error instanceof EgressError && error.reason === 'blocked' && error.message === BLOCKED_DETAIL
  );
}

const policyOf = (allowTargets: typeof ONLY_TWO) => ({ allowTargets, allowHttp: true });

test('dials the address the name was resolved to', async (t) => {
  const server = await startTcp(t, () => {}, '127.0.0.2');
  const resolver = fakeResolver({ 'a.example.com': [['127.0.0.2']] });
  const options = { resolver, policy: policyOf(ONLY_TWO) };
  const socket = await connectTo(t, 'a.example.com', server.port, options);
  assert.equal(socket.remoteAddress, '127.0.0.2');
});

test('a name with one forbidden address is refused as a whole, in either order', async (t) => {
  const canary = await startTcp(t, () => {});
  for (const answer of [
    ['127.0.0.2', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.2', '::1'],
  ]) {
    const resolver = fakeResolver({ 'a.example.com': [answer] });
    const options = { resolver, policy: policyOf(ONLY_TWO) };
    await assert.rejects(connectTo(t, 'a.example.com', canary.port, options), isBlocked);
  }
  assert.equal(canary.connections, 0);
});

test('operators learn what was blocked, the error does not say it', async (t) => {
  const blocked: BlockedConnect[] = [];
  const resolver = fakeResolver({ 'a.example.com': [['10.9.8.7']] });
  const options = { resolver, onBlocked: (one: BlockedConnect) => blocked.push(one) };
  await assert.rejects(connectTo(t, 'a.example.com', 443, options), isBlocked);
  await assert.rejects(connectTo(t, 'a.example.com', 80, options), isBlocked);
  assert.deepEqual(blocked, [
    { host: 'a.example.com', port: 443, why: 'port 443 is not allowed for a webhook target' },
    { host: 'a.example.com', port: 80, why: '10.9.8.7: private network' },
  ]);
});

test('literals and bad names are refused without asking the resolver', async (t) => {
  const resolver = fakeResolver({});
  const hosts = [
    '127.0.0.1',
    '::1',
    '[::1]',
    'localhost',
    'localhost.',
    'metadata.google.internal',
  ];
  for (const host of hosts) {
    await assert.rejects(connectTo(t, host, 8080, { resolver }), isBlocked, host);
  }
  assert.deepEqual(resolver.asked, []);
});

test('localhost goes only to the loopback addresses that are listed', async (t) => {
  const server = await startTcp(t, () => {});
  const resolver = fakeResolver({});
  const policy = policyOf(parseAllowTargets('127.0.0.1/32:*'));
  const socket = await connectTo(t, 'localhost', server.port, { resolver, policy });
  assert.equal(socket.remoteAddress, '127.0.0.1');
  assert.deepEqual(resolver.asked, []);
});

test('goes on to the next vetted address when one refuses', async (t) => {
  const server = await startTcp(t, () => {}, '127.0.0.2');
  const resolver = fakeResolver({ 'a.example.com': [['127.0.0.1', '127.0.0.2']] });
  const options = { resolver, policy: policyOf(ONE_AND_TWO) };
  const socket = await connectTo(t, 'a.example.com', server.port, options);
  assert.equal(socket.remoteAddress, '127.0.0.2');
});

test('a connection that ends up elsewhere than dialled is destroyed', async (t) => {
  const canary = await startTcp(t, () => {});
  const opened: Socket[] = [];
  const openSocket: ConnectorOptions['openSocket'] = (options) => {
    const socket = connect({ ...options, host: '127.0.0.1' });
    opened.push(socket);
    return socket;
  };
  const resolver = fakeResolver({ 'a.example.com': [['127.0.0.2', '127.0.0.1']] });
  const options = { resolver, openSocket, policy: policyOf(ONE_AND_TWO) };
  await assert.rejects(connectTo(t, 'a.example.com', canary.port, options), isBlocked);
  assert.equal(opened.length, 1);
  assert.ok(opened.every((socket) => socket.destroyed));
});

test('a name without an answer is a dns failure', async (t) => {
  await assert.rejects(connectTo(t, 'a.example.com', 80, {}), (error) => {
    return error instanceof EgressError && error.reason === 'dns';
  });
});

test('the time for connecting is shared by all addresses', async (t) => {
  const server = await startTcp(t, () => {}, '127.0.0.2');
  const resolver = fakeResolver({ 'a.example.com': [['127.0.0.1', '127.0.0.2']] });
  const options = {
    resolver,
    openSocket: swallowFirstAddress,
    policy: policyOf(ONE_AND_TWO),
    connectTimeoutMs: 1_000,
  };
  const startedAt = performance.now();
  const socket = await connectTo(t, 'a.example.com', server.port, options);
  assert.equal(socket.remoteAddress, '127.0.0.2');
  assert.ok(performance.now() - startedAt < 900, 'the first address took more than its share');
});

test('an address that swallows packets is a timeout', async (t) => {
  const options = {
    openSocket: swallowFirstAddress,
    policy: policyOf(ONE_AND_TWO),
    connectTimeoutMs: 50,
  };
  await assert.rejects(connectTo(t, '127.0.0.1', 8080, options), (error) => {
    return error instanceof EgressError && error.reason === 'timeout';
  });
});

/** A socket that never connects stands for an address that swallows packets. */
function swallowFirstAddress(options: TcpNetConnectOpts): Socket {
  return options.host === '127.0.0.1' ? new Socket() : connect(options);
}
