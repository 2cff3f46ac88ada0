/**
 * Whatever comes in: no scheme throws, none believes it, and no handshake says more than it may.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fakeKeys, inboundRequest, verifierOptions } from '../../../testing/inbound.ts';
import type { FakeKeys } from '../../../testing/inbound.ts';
import { ed25519Keys, keySet, p256Keys, rsaKeys } from '../../../testing/signed-tokens.ts';
import { PROVIDERS } from '../../providers/catalogue.ts';
import { handshakeFor } from '../handshake/handshake.ts';
import { INBOUND_FAILURES } from '../verifier.ts';
import { compileCode } from './index.ts';

const NOW = 1_700_000_000_000;
const RUNS = 150;

const SETTINGS = {
  topic_arn: 'arn:aws:sns:us-east-1:123456789012:orders',
  webhook_id: 'webhook',
  client_id: 'client',
  issuer: 'https://issuer.example',
  audience: 'https://receiver.example',
  jwks_url: 'https://issuer.example/jwks',
  tenant_id: '0b9e3f4c-1111-4222-8333-944455566677',
  app_id: 'app',
  service_account: 'a@b.example',
  verify_token: 'token',
  topic: 'https://topic.example',
};
/** A key that every scheme can be built with: hex, and text. */
const SECRET = 'ab'.repeat(32);

const sets = [rsaKeys(), p256Keys(), ed25519Keys()].map((keys) => keySet(keys.publicKey, 'k'));
const documents = fc.oneof(
  fc.constantFrom(...sets, '', '{}', '{"keys":[null,1,{}]}', '-----BEGIN CERTIFICATE-----\nAAAA'),
  fc.json(),
  fc.string({ maxLength: 50 }),
);

/** Answers everything with the same text. */
function anyKeys(text: string): FakeKeys {
  return Object.assign(fakeKeys(), { document: () => Promise.resolve(text) });
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
const oddToken = fc
  .tuple(
    fc.record(
      { alg: fc.constantFrom('RS256', 'ES256', 'EdDSA', 'HS256', 'none'), kid: fc.constant('k') },
      { requiredKeys: [] },
    ),
    fc.dictionary(fc.constantFrom('iss', 'aud', 'exp', 'iat', 'events', 'jti'), fc.jsonValue()),
    fc.base64String(),
  )
  .map(([header, claims, tail]) => `${encoded(header)}.${encoded(claims)}.${tail}`);

const oddText = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.base64String({ maxLength: 100 }),
  oddToken,
  oddToken.map((token) => `Bearer ${token}`),
  fc.constantFrom('1700000000', '1700000000000', new Date(NOW).toISOString(), 'SHA256withRSA'),
  fc.constantFrom('sig1=("@authority");created=1700000000;tag="web-bot-auth"', 'sig1=:AAAA:'),
  fc.constantFrom('https://api.paypal.com/v1/notifications/certs/CERT-1', 'v1', 'v2', '0'),
  fc.constantFrom('application/json', 'multipart/form-data; boundary=x', 'k1/SHA256/00'),
  fc.stringMatching(/^[0-9a-f]{64}$/),
);

/** JSON with the names that the schemes look for, at any place, with anything in them. */
const NAMES = [
  'Type Message MessageId Subject Timestamp TopicArn Signature SignatureVersion SigningCertURL',
  'Token SubscribeURL notificationItems NotificationRequestItem additionalData hmacSignature',
  'amount value currency pspReference eventCode success clientState validationTokens event json',
  'encryptedContent event_hash event_time event_type type challenge payload plainToken data',
  'validationCode eventType verification_token __proto__ constructor toString',
].flatMap((line) => line.split(' '));
const SNS = [
  'Notification',
  'https://sns.us-east-1.amazonaws.com/a.pem',
  SETTINGS.topic_arn,
  '1',
  '2',
];
const oddJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), oddText, fc.constantFrom(...SNS)),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 9 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  oddJson.map((value) => new TextEncoder().encode(JSON.stringify(value) ?? '')),
  oddToken.map((token) => new TextEncoder().encode(token)),
);

const HEADERS = [
  'authorization content-type content-digest signature signature-input signature-agent',
  'webhook-signature x-webhook-signature x-webhook-timestamp plaid-verification',
  'x-twilio-signature event-signature x-hubspot-signature x-hubspot-signature-v3',
  'x-hubspot-request-timestamp x-hubspot-signature-version x-browser-use-signature',
  'x-browser-use-timestamp x-fal-webhook-signature x-fal-webhook-timestamp',
  'x-fal-webhook-request-id x-fal-webhook-user-id paypal-transmission-id',
  'paypal-transmission-time paypal-transmission-sig paypal-cert-url paypal-auth-algo',
  'x-a2a-notification-token aeg-event-type webhook-request-origin x-hook-secret',
  'x-okta-verification-challenge',
].flatMap((line) => line.split(' '));

const QUERIES = [
  '',
  '?',
  '?token=x',
  '?token=a&token=b',
  '?bodySHA256=0',
  '?validationToken=%3Cb%3E',
];
const requests = fc
  .record({
    method: fc.constantFrom('POST', 'GET', 'HEAD', 'OPTIONS', 'PUT'),
    query: fc.oneof(
      fc.constantFrom(...QUERIES, '?hub.mode=subscribe&hub.challenge=1'),
      fc.webUrl(),
    ),
    headers: fc.dictionary(fc.constantFrom(...HEADERS), oddText, { maxKeys: HEADERS.length }),
    body: bodies,
  })
  .map(({ query, ...parts }) =>
    inboundRequest({ ...parts, url: `https://hooks.example.com/in/token${query}` }),
  );

const coded = PROVIDERS.flatMap(({ id, scheme }) =>
  scheme.kind === 'code' ? [{ id, scheme }] : [],
);

for (const { id, scheme } of coded) {
  const isKeyed = ['http-signature', 'jwt', 'security-event-token'].includes(scheme.name);
  const own = JSON.stringify(ed25519Keys().publicKey.export({ format: 'jwk' }));
  const keyed = scheme.name === 'http-signature' ? [own] : [];
  const secrets = isKeyed ? keyed : [SECRET];

  test(`${id}: nothing made up is believed, and nothing throws`, async () => {
    const check = fc.asyncProperty(requests, documents, async (request, text) => {
      const options = verifierOptions({ secrets, config: SETTINGS, keys: anyKeys(text) });
      const verdict = await compileCode(scheme, options).verify(request, NOW);
      assert.equal(verdict.ok, false);
      assert.ok(INBOUND_FAILURES.includes(verdict.reason));
      assert.ok(verdict.detail.length > 10 && !verdict.detail.includes(SECRET));
    });
    await fc.assert(check, { numRuns: RUNS });
  });
}

test('every code scheme is in the catalogue and was tried', () => {
  assert.ok(new Set(coded.map(({ scheme }) => scheme.name)).size >= 17, String(coded.length));
});

for (const { id, handshake } of PROVIDERS) {
  if (handshake === null) continue;
  test(`${id}: no handshake throws, says much, or goes anywhere but to SNS`, () => {
    const { answer } = handshakeFor(handshake);
    const check = fc.property(requests, oddJson, (request, json) => {
      const reply = answer(request, json, { secrets: [SECRET], config: SETTINGS });
      if (reply === null) return;
      assert.ok(reply.body.length <= 512 && !/[<>&']/.test(reply.body), reply.body);
      assert.ok(!/[\r\n]/.test(Object.values(reply.headers).join('')));
      assert.equal(reply.headers['x-content-type-options'], 'nosniff');
      assert.equal(reply.newSecret, undefined, 'there is a secret already');
      assert.ok(reply.confirm?.startsWith('https://sns.') ?? true);
    });
    fc.assert(check, { numRuns: RUNS });
  });
}
