/** Mutual TLS against real servers that ask for a certificate. */
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import type { EgressOptions } from './egress.ts';
import type { ClientIdentity } from './port.ts';
import { createAuthority, createSelfSigned } from './testing/certificates.ts';
import type { Identity } from './testing/certificates.ts';
import { startHttp, startServer } from './testing/servers.ts';
import { fakeResolver, sendTo, setupEgress, summary } from './testing/setup.ts';

const NAME = 'hooks.example.com';
const serverAuthority = createAuthority();
const clientAuthority = createAuthority();
const serverIdentity = serverAuthority.issue([NAME]);

function identity(id: string, { key, cert }: Identity, ca: string | null = null): ClientIdentity {
  return { id, certificate: cert, privateKey: key, ca };
}

const BILLING = identity('billing', clientAuthority.issue(['billing.acme.test']));
const ORDERS = identity('orders', clientAuthority.issue(['orders.acme.test']));

/** Who asked, one entry a request, and whether its session was resumed. */
interface Caller {
  readonly name: string;
  readonly isResumed: boolean;
}

interface ServerWish {
  /** Closes each connection after its response. */
  readonly once?: boolean;
  readonly tls?: ServerOptions;
}

async function startMutualTls(t: TestContext, { once = true, tls = {} }: ServerWish = {}) {
  const callers: Caller[] = [];
  const options = { ...serverIdentity, ca: clientAuthority.cert, requestCert: true, ...tls };
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    assert.ok(socket instanceof TLSSocket);
    const name = String(socket.getPeerCertificate().subject?.CN ?? 'nobody');
    callers.push({ name, isResumed: socket.isSessionReused() });
    response.writeHead(200, once ? { connection: 'close' } : {}).end();
  });
  server.on('tlsClientError', () => {});
  const running = await startServer(t, server);
  return {
    callers,
    running,
    names: () => callers.map(({ name }) => name),
    url: `https://${NAME}:${running.port}/`,
  };
}

function setup(t: TestContext, options: Partial<EgressOptions> = {}) {
  const resolver = fakeResolver({ [NAME]: [['127.0.0.1']] });
  return setupEgress(t, { resolver, extraCa: [serverAuthority.cert], ...options });
}

test('the certificate is shown, and a server that wants one lets nobody else in', async (t) => {
  const server = await startMutualTls(t);
  const egress = setup(t);
  assert.equal(summary(await sendTo(egress, server.url, { identity: BILLING })), 'response 200');
  assert.equal(
    summary(await sendTo(egress, server.url)),
    'tls: the target asks for a client certificate',
  );
  assert.deepEqual(server.names(), ['billing.acme.test']);
});

test('a server with TLS 1.2 refuses during the handshake, and says so too', async (t) => {
  const server = await startMutualTls(t, { tls: { maxVersion: 'TLSv1.2' } });
  const egress = setup(t);
  assert.equal(summary(await sendTo(egress, server.url, { identity: BILLING })), 'response 200');
  assert.match(summary(await sendTo(egress, server.url)), /^tls: /);
});

test('connections are shared within one certificate only', async (t) => {
  const server = await startMutualTls(t, { once: false, tls: { rejectUnauthorized: false } });
  const egress = setup(t);
  const order = [BILLING, ORDERS, undefined, BILLING, ORDERS, undefined];
  for (const one of order) await sendTo(egress, server.url, { identity: one, poolScope: 'ten_1' });
  const names = ['billing.acme.test', 'orders.acme.test', 'nobody'];
  assert.deepEqual(server.names(), [...names, ...names]);
  assert.equal(server.running.connections, 3);
});

for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
  test(`a ${maxVersion} session is resumed by the identity that began it alone`, async (t) => {
    const server = await startMutualTls(t, { tls: { maxVersion, rejectUnauthorized: false } });
    const egress = setup(t);
    for (const one of [BILLING, BILLING, ORDERS, undefined, ORDERS, undefined]) {
      await sendTo(egress, server.url, { identity: one });
    }
    assert.deepEqual(server.callers, [
      { name: 'billing.acme.test', isResumed: false },
      { name: 'billing.acme.test', isResumed: true },
      { name: 'orders.acme.test', isResumed: false },
      { name: 'nobody', isResumed: false },
      { name: 'orders.acme.test', isResumed: true },
      { name: 'nobody', isResumed: true },
    ]);
  });
}

test('an authority of the identity is trusted for its requests, and for no others', async (t) => {
  const privateServer = await startMutualTls(t);
  const publicAuthority = createAuthority();
  const egress = setup(t, { extraCa: [publicAuthority.cert] });
  const plain = await sendTo(egress, privateServer.url, { identity: BILLING });
  assert.match(summary(plain), /^tls: the certificate/);
  const trusting = { ...BILLING, id: 'trusting', ca: serverAuthority.cert };
  const trusted = await sendTo(egress, privateServer.url, { identity: trusting });
  assert.equal(summary(trusted), 'response 200');
  assert.match(summary(await sendTo(egress, privateServer.url)), /^tls: the certificate/);
  const usual = await startMutualTls(t, { tls: publicAuthority.issue([NAME]) });
  const both = await sendTo(egress, usual.url, { identity: trusting });
  assert.equal(summary(both), 'response 200', 'the usual authorities are trusted, too');
});

test('a certificate that the server does not take fails the request, unheard', async (t) => {
  const server = await startMutualTls(t);
  const egress = setup(t);
  const strangers = {
    stranger: createAuthority().issue(['billing.acme.test']),
    'self-signed': createSelfSigned(['billing.acme.test']),
    expired: clientAuthority.issue(['billing.acme.test'], -1),
  };
  for (const [id, stranger] of Object.entries(strangers)) {
    const result = await sendTo(egress, server.url, { identity: identity(id, stranger) });
    // Most servers send an alert; Node's hangs up.
    assert.match(summary(result), /^(tls|reset): /, id);
  }
  assert.deepEqual(server.callers, []);
});

test('a key that does not fit is told without a word about it', async (t) => {
  const server = await startMutualTls(t);
  const { privateKey } = ORDERS;
  const mixed = { ...BILLING, id: 'mixed', privateKey };
  const result = await sendTo(setup(t), server.url, { identity: mixed });
  assert.equal(summary(result), 'tls: the client certificate can not be used');
  assert.ok(!inspect(result, { depth: 9 }).includes(privateKey.split('\n')[1] ?? privateKey));
});

test('over plain http no certificate can be shown, so nothing is sent', async (t) => {
  const server = await startHttp(t, (_, response) => response.end());
  const result = await sendTo(setup(t), `http://127.0.0.1:${server.port}/`, { identity: BILLING });
  assert.equal(summary(result), 'blocked: a client certificate can only be shown over https');
  assert.equal(server.connections, 0);
});
