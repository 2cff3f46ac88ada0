import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createSelfSigned } from '../egress/testing/certificates.ts';
import { certificateRule } from './certificate-rule.ts';
import { parseNetworks } from './networks.ts';
import type { RequestHead } from './port.ts';

const certificate = new X509Certificate(createSelfSigned(['hooks.example.com']).cert);
const clientCert = `:${certificate.raw.toString('base64')}:`;
const trusted = parseNetworks(['10.0.0.0/8']);

function isShown(peer: string, headers: Record<string, string>, proxies = trusted): boolean {
  const rule = { fingerprint_sha256: certificate.fingerprint256 };
  const gate = certificateRule({ client_certificate: rule }, proxies);
  const head: RequestHead = {
    method: 'POST',
    token: 't',
    target: '/in/t',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    peer,
    certificate: () => null,
  };
  return gate?.isShown(head) ?? false;
}

test('a trusted proxy may tell of the certificate, as RFC 9440 says; nobody else may', () => {
  assert.equal(isShown('10.0.0.1', { 'client-cert': clientCert }), true);
  assert.equal(isShown('192.0.2.1', { 'client-cert': clientCert }), false);
  assert.equal(isShown('10.0.0.1', {}), false);
});

test('what is spelled otherwise, or is no certificate, shows nothing', () => {
  const base64 = clientCert.slice(1, -1);
  for (const value of ['', base64, `:${base64}`, `:${base64}:, :${base64}:`, ':AAAA:', '::']) {
    assert.equal(isShown('10.0.0.1', { 'client-cert': value }), false, value.slice(0, 20));
  }
});

test('without a rule no certificate is wanted', () => {
  assert.equal(certificateRule({}, trusted), null);
});
