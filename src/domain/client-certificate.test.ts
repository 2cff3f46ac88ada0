import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, createSelfSigned } from '../egress/testing/certificates.ts';
import {
  certificateFacts,
  checkClientCertificate,
  MAX_CERTIFICATES,
  type ClientCertificate,
} from './client-certificate.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const authority = createAuthority();
const { key, cert } = authority.issue(['billing.acme.test']);
const GOOD: ClientCertificate = { certificate: cert, privateKey: key, ca: null };

function problem(change: Partial<ClientCertificate>, now = NOW): string {
  const found = checkClientCertificate({ ...GOOD, ...change }, now);
  return found === undefined ? 'ok' : `${found.field} ${found.reason}`;
}

function newKey(type: 'rsa' | 'x25519', passphrase?: string): string {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 1_024 })
      : generateKeyPairSync('x25519');
  const sealing = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem', ...sealing }).toString();
}

test('a certificate with its key is good, so is a chain and an authority of its own', () => {
  assert.equal(problem({}), 'ok');
  assert.equal(problem({ certificate: `${cert}\n${authority.cert}`, ca: authority.cert }), 'ok');
  const own = createSelfSigned(['billing.acme.test']);
  assert.equal(problem({ certificate: own.cert, privateKey: own.key }), 'ok');
});

test('what is wrong is named with its field, and never shown', () => {
  const other = authority.issue(['orders.acme.test']);
  const many = Array.from({ length: MAX_CERTIFICATES + 1 }, () => cert).join('');
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const cases: readonly (readonly [Partial<ClientCertificate>, string])[] = [
    [{ certificate: '' }, 'certificate holds no certificate in PEM'],
    [{ certificate: key }, 'certificate holds no certificate in PEM'],
    [{ certificate: broken }, 'certificate holds a certificate that can not be read'],
    [{ certificate: many }, 'certificate holds more than 10 certificates'],
    [{ certificate: authority.issue(['a'], -1).cert }, 'certificate has expired'],
    [{ privateKey: '' }, 'privateKey is no private key in PEM'],
    [{ privateKey: cert }, 'privateKey is no private key in PEM'],
    [{ privateKey: other.key }, 'privateKey does not belong to the first certificate'],
    [{ privateKey: newKey('rsa', 'open sesame') }, 'privateKey must not be encrypted'],
    [{ privateKey: newKey('rsa') }, 'privateKey must have at least 2048 bits'],
    [{ privateKey: newKey('x25519') }, 'privateKey must be an RSA, EC or Ed25519 key'],
    [{ ca: 'nobody' }, 'ca holds no certificate in PEM'],
  ];
  for (const [change, expected] of cases) assert.equal(problem(change), expected);
  assert.equal(problem({}, NOW + 2 * DAY_MS), 'certificate has expired');
});

test('anybody may know fingerprint, subject and end', () => {
  const { fingerprint, subject, expiresAt } = certificateFacts(GOOD);
  assert.equal(fingerprint, new X509Certificate(cert).fingerprint256);
  assert.equal(subject, 'CN=billing.acme.test');
  assert.ok(Math.abs(expiresAt - NOW - DAY_MS) < 60_000);
});
