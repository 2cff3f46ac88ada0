import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAuthority } from '../egress/testing/certificates.ts';
import { loadConfig } from './config.ts';
import { tlsFactory } from './tls.ts';

function filesOf(t: TestContext): { cert: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'bellwire-tls-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const { cert, key } = createAuthority().issue(['localhost']);
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

function factoryOf(flags: Record<string, string>) {
  return tlsFactory(loadConfig({ flags, env: {} }));
}

test('without a certificate nothing listens with TLS', () => {
  assert.equal(factoryOf({}), undefined);
});

test('a certificate and its key make a server', (t) => {
  const { cert, key } = filesOf(t);
  const server = factoryOf({ tls_cert_file: cert, tls_key_file: key })?.(() => {});
  assert.ok(server);
  server.close();
});

test('what is missing, unreadable or of another kind is named with its setting', (t) => {
  const { cert, key } = filesOf(t);
  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{ tls_cert_file: cert }, /--tls-cert-file .* needs --tls-key-file/],
    [{ tls_key_file: key }, /--tls-key-file .* needs --tls-cert-file/],
    [{ tls_client_ca_file: cert }, /--tls-client-ca-file .* needs --tls-cert-file/],
    [{ tls_cert_file: '/nowhere', tls_key_file: key }, /nowhere .*can't be read/],
    [{ tls_cert_file: key, tls_key_file: key }, /\(--tls-cert-file .*holds no CERTIFICATE/],
    [{ tls_cert_file: cert, tls_key_file: cert }, /\(--tls-key-file .*holds no PRIVATE KEY/],
  ];
  for (const [flags, message] of wrong) {
    assert.throws(() => factoryOf(flags), { name: 'ConfigError', message }, JSON.stringify(flags));
  }
});
