import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { request, type RequestOptions } from 'node:https';
import { test, type TestContext } from 'node:test';
import { DEFAULT_SOURCE_CHOICES } from '../../domain/source.ts';
import {
  createAuthority,
  createSelfSigned,
  type Identity,
} from '../../egress/testing/certificates.ts';
import { tlsServerFactory } from '../http-server.ts';
import { openApiWorld } from '../testing/api-world.ts';

/** The status that a POST of `{}` gets; 0 when the connection fails. */
function post(url: URL, ca: string, client?: Identity): Promise<number> {
  const identity = client && { key: client.key, cert: client.cert };
  const headers = { 'content-type': 'application/json' };
  const options: RequestOptions = { method: 'POST', ca, servername: 'localhost', headers };
  return new Promise((resolve) => {
    request(url, { ...options, ...identity }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', () => resolve(0))
      .end('{}');
  });
}

async function start(t: TestContext, rule: (client: Identity) => object) {
  const authority = createAuthority();
  const { cert: certificate, key: privateKey } = authority.issue(['localhost']);
  const client = authority.issue(['hooks.example.com']);
  const clientAuthorities = authority.cert;
  const serverFactory = tlsServerFactory({ certificate, privateKey, clientAuthorities });
  const world = await openApiWorld({ serverFactory });
  t.after(() => world.close());
  const settings = {
    ...DEFAULT_SOURCE_CHOICES,
    provider: 'none',
    allowUnsigned: true,
    config: { client_certificate: rule(client) },
  };
  const source = await world.deps.sources.create({ tenant: 1, settings, secrets: [] });
  const url = new URL(`/in/${source.token}`, world.url.replace('http:', 'https:'));
  return { authority, client, url };
}

test('only the certificate that the source names opens it', async (t) => {
  const fingerprint = (client: Identity) => new X509Certificate(client.cert).fingerprint256;
  const { authority, client, url } = await start(t, (wanted) => ({
    fingerprint_sha256: fingerprint(wanted),
  }));
  assert.equal(await post(url, authority.cert, client), 200);
  assert.equal(await post(url, authority.cert), 401);
  const other = authority.issue(['hooks.example.com']);
  assert.equal(await post(url, authority.cert, other), 401);
});

test('a name is enough only in a certificate of our authority', async (t) => {
  const { authority, client, url } = await start(t, () => ({ subject: 'CN=hooks.example.com' }));
  assert.equal(await post(url, authority.cert, client), 200);
  assert.equal(await post(url, authority.cert, authority.issue(['evil.example.com'])), 401);
  assert.equal(await post(url, authority.cert, createSelfSigned(['hooks.example.com'])), 401);
});
