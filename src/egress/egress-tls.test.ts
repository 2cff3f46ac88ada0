import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { createServer as createTlsServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { EgressOptions } from './egress.ts';
import { createAuthority, createSelfSigned } from './testing/certificates.ts';
import type { Identity } from './testing/certificates.ts';
import { answerRaw, startServer, startTcp } from './testing/servers.ts';
import { fakeResolver, sendTo, setupEgress, summary } from './testing/setup.ts';

const NAME = 'hooks.example.com';
const authority = createAuthority();
const good = authority.issue([NAME]);

interface Handshake {
  readonly isResumed: boolean;
  readonly servername: string | false | null | undefined;
  readonly alpn: string | false | null;
}

/** An HTTPS server that closes each connection after its response. */
async function startHttps(t: TestContext, identity: Identity, host = '127.0.0.1', port = 0) {
  const handshakes: Handshake[] = [];
  const server = createServer({ ...identity, ALPNProtocols: ['h2', 'http/1.1'] }, (_, res) => {
    res.writeHead(200, { connection: 'close' }).end();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const { servername, alpnProtocol } = socket;
    handshakes.push({ isResumed: socket.isSessionReused(), servername, alpn: alpnProtocol });
  });
  server.on('tlsClientError', () => {});
  const running = await startServer(t, server, host, port);
  return { port: running.port, handshakes };
}

function setup(t: TestContext, options: Partial<EgressOptions> = {}) {
  const resolver = fakeResolver({ [NAME]: [['127.0.0.1']] });
  return setupEgress(t, { resolver, extraCa: [authority.cert], ...options });
}

test('talks HTTP/1.1 over TLS to the name it was given', async (t) => {
  const server = await startHttps(t, good);
  const result = await sendTo(setup(t), `https://${NAME}:${server.port}/`);
  assert.equal(summary(result), 'response 200');
  assert.deepEqual(server.handshakes, [{ isResumed: false, servername: NAME, alpn: 'http/1.1' }]);
});

test('resumes the TLS session on a new connection, across tenants of one client', async (t) => {
  const server = await startHttps(t, good);
  const egress = setup(t);
  for (const poolScope of ['ten_a', 'ten_a', 'ten_b']) {
    const result = await sendTo(egress, `https://${NAME}:${server.port}/`, { poolScope });
    assert.equal(summary(result), 'response 200');
  }
  assert.deepEqual(
    server.handshakes.map((handshake) => handshake.isResumed),
    [false, true, true],
  );
});

test('a session does not follow the name to another address', async (t) => {
  const first = await startHttps(t, good, '127.0.0.1');
  const second = await startHttps(t, good, '127.0.0.2', first.port);
  const resolver = fakeResolver({ [NAME]: [['127.0.0.1'], ['127.0.0.2']] });
  const egress = setup(t, { resolver });
  for (let n = 0; n < 4; n += 1) await sendTo(egress, `https://${NAME}:${first.port}/`);
  for (const { handshakes } of [first, second]) {
    assert.deepEqual(
      handshakes.map((handshake) => handshake.isResumed),
      [false, true],
    );
  }
});

const REFUSED: readonly [what: string, detail: RegExp, identity: Identity][] = [
  ['for another name', /for another host name/, authority.issue(['other.example.com'])],
  ['that has expired', /has expired/, authority.issue([NAME], -1)],
  ['that is self-signed', /is self-signed/, createSelfSigned([NAME])],
  ['of an unknown authority', /issuer|incomplete/, createAuthority().issue([NAME])],
];

for (const [what, detail, identity] of REFUSED) {
  test(`refuses a certificate ${what}, also the second time`, async (t) => {
    const server = await startHttps(t, identity);
    const egress = setup(t);
    for (let n = 0; n < 2; n += 1) {
      const result = await sendTo(egress, `https://${NAME}:${server.port}/`);
      assert.match(summary(result), /^tls: /);
      assert.match(summary(result), detail);
    }
  });
}

test('without the extra authority its certificates are refused', async (t) => {
  const server = await startHttps(t, good);
  const result = await sendTo(setup(t, { extraCa: [] }), `https://${NAME}:${server.port}/`);
  assert.match(summary(result), /^tls: /);
});

test('a certificate for a name does not cover the bare address', async (t) => {
  const server = await startHttps(t, good);
  const result = await sendTo(setup(t), `https://127.0.0.1:${server.port}/`);
  assert.match(summary(result), /^tls: .* for another host name/);
  assert.deepEqual(server.handshakes, []);
});

test('NODE_TLS_REJECT_UNAUTHORIZED has no effect', async (t) => {
  const server = await startHttps(t, createSelfSigned([NAME]));
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  const result = await sendTo(setup(t), `https://${NAME}:${server.port}/`);
  assert.match(summary(result), /^tls: .* is self-signed/);
});

test('a server that speaks no TLS, or hangs up during the handshake: tls', async (t) => {
  const answers = ['HTTP/1.1 400 Bad Request\r\n\r\n', ''];
  for (const answer of answers) {
    const server = await startTcp(
      t,
      answerRaw((socket) => socket.end(answer)),
    );
    const result = await sendTo(setup(t), `https://${NAME}:${server.port}/`);
    assert.match(summary(result), /^tls: /, JSON.stringify(answer));
  }
});

test('old protocol versions are refused', async (t) => {
  const old = createTlsServer({
    ...good,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  old.on('tlsClientError', () => {});
  const server = await startServer(t, old);
  const result = await sendTo(setup(t), `https://${NAME}:${server.port}/`);
  assert.match(summary(result), /^tls: /);
});

test('a handshake that hangs is a timeout', async (t) => {
  const server = await startTcp(t, (socket) => socket.resume());
  const egress = setup(t, { limits: { connectTimeoutMs: 100 } });
  const result = await sendTo(egress, `https://${NAME}:${server.port}/`);
  assert.equal(summary(result), 'timeout: the connection was not set up in time');
});
