/**
 * Nothing private is reachable unless the operator said so. A canary listens on loopback in every
 * test; whatever is tried, it must see no connection.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { FakeReceiver } from '../../src/testing/fake-receiver.ts';
import type { RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn, serverFor } from './call.ts';

interface Canary {
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

async function startCanary(): Promise<Canary> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Hosts that lead to loopback, to the operator's network, or nowhere; none may be a target. */
const HOSTS: readonly string[] = `
  127.0.0.1 127.1 127.0.0.2 127.255.255.254 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001
  127.0.0.1. 127.0.0.1%2e ①②⑦.⓪.⓪.① １２７.０.０.１ 127。0。0。1 %31%32%37.0.0.1 0 0.0.0.0 0x0
  localhost localhost. LOCALHOST LocalHost.LocalDomain a.localhost printer intranet.corp db.local
  host.docker.internal metadata.google.internal metadata.goog 1.0.0.127.in-addr.arpa
  10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 169.254.169.254 168.63.129.16
  192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
  [::1] [::] [::127.0.0.1] [::7f00:1] [::ffff:127.0.0.1] [::ffff:7f00:1]
  [0:0:0:0:0:ffff:a9fe:a9fe] [::ffff:0:7f00:1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1]
  [2002:7f00:1::] [2001:0:7f00:1::] [2001:db8::1] [2001:470::5efe:7f00:1] [100::1]
  [100:0:0:1::1] [fe80::1] [fc00::1] [fd00:ec2::254] [fec0::1] [ff02::1] [4000::1]`
  .trim()
  .split(/\s+/);

/** Whole URLs; PORT is the canary's. */
const URLS: readonly string[] = [
  'http://127.0.0.1:PORT/',
  'http:127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT\\',
  'ht\ntps://127.0.0.1:PORT/',
  'https://user@127.0.0.1:PORT/',
  'https://user:pass@example.com/',
  'https://example.com@127.0.0.1:PORT/',
  'https://127.0.0.1:PORT#@example.com/',
  'https://127.0.0.1:PORT\\@example.com/',
  'https://[fe80::1%25eth0]:PORT/',
  'https://127.0.0.256:PORT/',
  'https://127.0.0.1:PORT:80/',
  'https://%00/',
  'https://example.com:22/',
  'https://example.com:6379/',
  'https://example.com:99999/',
  'http://example.com/',
  'FILE:///etc/passwd',
  'file:///etc/passwd',
  'gopher://127.0.0.1:PORT/_GET',
  'ftp://example.com/',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/info',
  'data:text/plain,hello',
  'blob:https://127.0.0.1:PORT/1',
  'javascript:alert(1)',
  '//127.0.0.1:PORT/',
  '/webhooks',
  'example.com/webhooks',
  '',
  `https://example.com/${'a'.repeat(2_100)}`,
];

const BAD_TARGETS = [...URLS, ...HOSTS.map((host) => `https://${host}:PORT/webhooks`)];

const BASE = '/v1/webhooks/subscriptions';

/** Every place where a tenant can write a URL. */
const FIELDS: readonly ((url: string) => object)[] = [
  (url) => ({ target_url: url }),
  (url) => ({ destination: { kind: 'webhook', url } }),
];

/** Where tokens are fetched from is a target, too. */
function tokenUrl(url: string): object {
  return { auth: { kind: 'oauth2', token_url: url, client_id: 'a', client_secret: 'b' } };
}

/** The request must be refused for its target, with a reason. */
async function refused(
  server: RunningBellwire,
  path: string,
  method: string,
  body: object,
): Promise<void> {
  const reply = await call(server, path, { method, body });
  const about = `${method} ${JSON.stringify(body).slice(0, 200)}: ${reply.status} ${reply.text}`;
  assert.equal(reply.status, 422, about);
  const problem = objectIn(reply);
  assert.match(String(problem['code']), /^(target_not_allowed|validation_failed)$/, about);
  assert.match(
    JSON.stringify(problem['errors']),
    /\/target_url|\/destination\/url|\/token_url/,
    about,
  );
  assert.ok(String(problem['detail']).length > 20, about);
}

let dataDir: string;
let canary: Canary;
let receiver: FakeReceiver;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bellwire-test-'));
  canary = await startCanary();
  receiver = await FakeReceiver.start();
});

after(async () => {
  await receiver.close();
  await canary.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts on the data of this file and ends with the test. */
async function serverAllowing(t: TestContext, targets: string): Promise<RunningBellwire> {
  return serverFor(t, { dataDir, env: { BELLWIRE_ALLOW_TARGETS: targets } });
}

const REDIRECTS: readonly (readonly [number, string])[] = [
  [301, 'http://127.0.0.1:PORT/'],
  [302, 'http://localhost:PORT/'],
  [303, '//127.0.0.1:PORT/'],
  [307, 'http://[::ffff:127.0.0.1]:PORT/'],
  [308, 'http://2130706433:PORT/'],
  [302, '/elsewhere'],
  [302, 'file:///etc/passwd'],
];

test('what the operator has opened, and nothing beside it', async (t) => {
  const { port } = new URL(receiver.url);
  const server = await serverAllowing(t, `127.0.0.1/32:${port}`);

  await t.test('an allowed port opens no other port and no other address', async () => {
    for (const host of ['127.0.0.1', '127.0.0.2', '[::1]', '0.0.0.0', '[::ffff:127.0.0.2]']) {
      const url = `http://${host}:${host === '127.0.0.1' ? canary.port : port}/`;
      await refused(server, BASE, 'POST', { event_type: 'a.b', target_url: url });
    }
    const target = `${receiver.url}/once-allowed`;
    await server.client.subscriptions.create({ event_type: 'once.allowed', target_url: target });
    await server.client.events.publish({ event_type: 'once.allowed' });
    await receiver.waitFor(1);
  });

  await t.test('a redirect to elsewhere is a failed attempt and leads nowhere', async () => {
    const seen = receiver.requests.length;
    const ids = await Promise.all(REDIRECTS.map((_, index) => publishRedirected(server, index)));
    for (const [index, [status]] of REDIRECTS.entries()) {
      const attempt = await firstAttempt(server, ids[index] ?? '');
      assert.equal(attempt.failure_reason, 'redirect');
      assert.equal(attempt.response_status, status);
    }
    const paths = receiver.requests.slice(seen).map(({ path }) => path);
    assert.deepEqual(
      paths.toSorted(),
      REDIRECTS.map((_, index) => `/redirect.r${index}`),
    );
  });

  assert.equal(canary.connections, 0);
});

async function publishRedirected(server: RunningBellwire, index: number): Promise<string> {
  const [status, location] = REDIRECTS[index] ?? [302, ''];
  const type = `redirect.r${index}`;
  const headers = { location: location.replaceAll('PORT', String(canary.port)) };
  receiver.script(`/${type}`, { status, headers });
  const target = `${receiver.url}/${type}`;
  await server.client.subscriptions.create({ event_type: type, target_url: target });
  return (await server.client.events.publish({ event_type: type })).id;
}

test('serve as it comes, on the data of the server before', async (t) => {
  const server = await serverAllowing(t, '');

  await t.test('every private or odd target is refused, wherever it is written', async () => {
    const publicTarget = { event_type: 'a.b', target_url: 'https://example.com/webhooks' };
    const created = await server.client.subscriptions.create(publicTarget);
    for (const text of BAD_TARGETS) {
      const url = text.replaceAll('PORT', String(canary.port));
      for (const field of FIELDS) {
        await refused(server, BASE, 'POST', { event_type: 'a.b', ...field(url) });
        await refused(server, `${BASE}/${created.id}`, 'PATCH', field(url));
      }
      await refused(server, BASE, 'POST', { ...publicTarget, ...tokenUrl(url) });
      await refused(server, `${BASE}/${created.id}`, 'PATCH', tokenUrl(url));
    }
    const { data } = await server.client.subscriptions.list({ limit: 250 }).page();
    assert.equal(data.length, 1 + REDIRECTS.length + 1);
    assert.equal(data.at(-1)?.target_url, publicTarget.target_url);
  });

  await t.test('a target that is no longer allowed is not dialled', async () => {
    const seen = receiver.requests.length;
    const { id } = await server.client.events.publish({ event_type: 'once.allowed' });
    const attempt = await firstAttempt(server, id);
    assert.equal(attempt.outcome, 'failed');
    assert.equal(attempt.failure_reason, 'blocked');
    assert.equal(attempt.response_status, null);
    assert.doesNotMatch(String(attempt.detail), /127\.0\.0\.1|ECONN/);
    assert.equal(receiver.requests.length, seen);
  });

  assert.equal(canary.connections, 0);
});

async function firstAttempt(server: RunningBellwire, eventId: string) {
  const { client } = server;
  const delivery = await waitUntil(
    async () => {
      const [first] = (await client.events.deliveries(eventId).page()).data;
      return first?.attempts === 1 && first;
    },
    { what: `an attempt of ${eventId}`, context: () => server.output() },
  );
  const [attempt] = (await client.deliveries.attempts(delivery.id).page()).data;
  assert.ok(attempt);
  return attempt;
}
