import assert from 'node:assert/strict';
import { createSign } from 'node:crypto';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { fakeKeys, inboundRequest, verifierOptions } from '../../../testing/inbound.ts';
import type { FakeKeys } from '../../../testing/inbound.ts';
import { rsaCertificate } from '../../../testing/rsa-certificate.ts';
import { rsaKeys } from '../../../testing/signed-tokens.ts';
import { crc32 } from './crc32.ts';
import { compilePaypal } from './paypal.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const DAY = 86_400_000;
const WEBHOOK = '8PT597110X687430LKGECATA';
const URL_OF_CERT = 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594';
const KEYS = rsaKeys();
const WHILE = { from: NOW - DAY, to: NOW + DAY };
const CERT = rsaCertificate(KEYS, 'messageverificationcerts.paypal.com', WHILE);
const BODY = '{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED"}';

type Headers = Record<string, string | undefined>;

function signed(change: Headers = {}, body = BODY, webhook = WEBHOOK): Headers {
  const headers = {
    'paypal-transmission-id': '69cd13f0-d67a-11e5-baa3-778b53f4ae55',
    'paypal-transmission-time': new Date(NOW - 3000).toISOString(),
    'paypal-cert-url': URL_OF_CERT,
    'paypal-auth-algo': 'SHA256withRSA',
    ...change,
  };
  const [id, time] = [headers['paypal-transmission-id'], headers['paypal-transmission-time']];
  const text = `${id}|${time}|${webhook}|${zlibCrc32(body)}`;
  const signature = createSign('sha256').update(text).sign(KEYS.privateKey, 'base64');
  return { 'paypal-transmission-sig': signature, ...headers };
}

async function outcome(
  headers: Headers,
  change: { keys?: FakeKeys; body?: string; config?: Record<string, string> } = {},
): Promise<string> {
  const keys = change.keys ?? fakeKeys({ [URL_OF_CERT]: CERT });
  const config = change.config ?? { webhook_id: WEBHOOK };
  const verifier = compilePaypal(verifierOptions({ keys, config }));
  const request = inboundRequest({ headers, body: change.body ?? BODY });
  const verdict = await verifier.verify(request, NOW);
  return verdict.ok ? 'ok' : verdict.reason;
}

test('a good request passes; for another webhook or body it does not', async () => {
  assert.equal(await outcome(signed()), 'ok');
  assert.equal(await outcome(signed(), { body: `${BODY} ` }), 'wrong_signature');
  assert.equal(await outcome(signed({}, BODY, 'other')), 'wrong_signature');
  assert.equal(await outcome(signed(), { config: { webhook_id: 'x' } }), 'wrong_signature');
  assert.equal(await outcome(signed(), { config: {} }), 'key_unavailable');
});

test('certificates are taken from PayPal and from nowhere else', async () => {
  const urls = [
    'https://evil.example/v1/notifications/certs/CERT-1',
    'http://api.paypal.com/v1/notifications/certs/CERT-1',
    'https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1',
    'https://evilpaypal.com/v1/notifications/certs/CERT-1',
    'https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1',
    'https://user@api.paypal.com/v1/notifications/certs/CERT-1',
    'https://api.paypal.com:8443/v1/notifications/certs/CERT-1',
    'https://www.paypal.com/v1/notifications/certs/CERT-1',
    'https://api.paypal.com/v1/files/CERT-1',
    'https://api.paypal.com/v1/notifications/certs/../../files/CERT-1',
    'https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://evil.example',
    'https://api.paypal.com/v1/notifications/certs/',
    'javascript:alert(1)',
    '',
  ];
  for (const url of urls) {
    const keys = fakeKeys({ [url]: CERT });
    assert.equal(
      await outcome(signed({ 'paypal-cert-url': url }), { keys }),
      'wrong_signature',
      url,
    );
    assert.deepEqual(keys.asked, [], 'nobody is asked');
  }
  const others = [
    rsaCertificate(KEYS, 'www.evil.example', WHILE),
    rsaCertificate(KEYS, 'paypal.com.evil.example', WHILE),
    rsaCertificate(KEYS, 'messageverificationcerts.paypal.com', { from: 0, to: NOW - DAY }),
    'not a certificate',
  ];
  for (const text of others) {
    const keys = fakeKeys({ [URL_OF_CERT]: text });
    assert.equal(await outcome(signed(), { keys }), 'wrong_signature');
  }
  assert.equal(await outcome(signed(), { keys: fakeKeys() }), 'key_unavailable');
});

test('what is missing, misspelt, old or of another algorithm is refused', async () => {
  const cases: [Headers, string][] = [
    [{ ...signed(), 'paypal-transmission-sig': undefined }, 'missing_signature'],
    [{ ...signed(), 'paypal-transmission-sig': '***' }, 'malformed_signature'],
    [{ ...signed(), 'paypal-transmission-id': undefined }, 'missing_signature'],
    [signed({ 'paypal-transmission-id': 'a|b' }), 'malformed_signature'],
    [signed({ 'paypal-auth-algo': 'SHA1withRSA' }), 'malformed_signature'],
    [signed({ 'paypal-auth-algo': undefined }), 'malformed_signature'],
    [signed({ 'paypal-transmission-time': undefined }), 'missing_timestamp'],
    [signed({ 'paypal-transmission-time': 'now' }), 'malformed_timestamp'],
    [signed({ 'paypal-transmission-time': '2026-01-01T00:00:00Z' }), 'stale_timestamp'],
    [signed({ 'paypal-transmission-time': '2026-02-01T00:00:00Z' }), 'future_timestamp'],
    [signed({ 'paypal-cert-url': undefined }), 'wrong_signature'],
  ];
  for (const [headers, expected] of cases) assert.equal(await outcome(headers), expected);
});

test('the checksum is the one of zip', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => crc32(bytes) === zlibCrc32(bytes)),
  );
});
