/** HubSpot, Microsoft Graph, Worldpay, Dropbox Sign, Adyen, Twilio: what their own tests need. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  fakeKeys,
  INBOUND_URL,
  inboundRequest,
  verifierOptions,
} from '../../../testing/inbound.ts';
import type { InboundParts } from '../../../testing/inbound.ts';
import { keySet, rsaKeys, signers, token } from '../../../testing/signed-tokens.ts';
import type { VerifierOptions } from '../verifier.ts';
import { compileCode } from './index.ts';
import type { CodeScheme } from './scheme.ts';

const NOW = 1_700_000_000_000;
const SECRET = 'a secret of some length';
const hmac = (text: string, secret = SECRET) => createHmac('sha256', secret).update(text);

async function outcome(
  scheme: CodeScheme,
  parts: InboundParts,
  options: Partial<VerifierOptions> = {},
): Promise<string> {
  const whole = verifierOptions({ secrets: [SECRET], ...options });
  const verdict = await compileCode(scheme, whole).verify(inboundRequest(parts), NOW);
  return verdict.ok ? `ok ${verdict.secret}` : verdict.reason;
}

const V3 = { kind: 'code', name: 'hubspot-v3', params: {} } as const;

function hubspot(change: { url?: string; signed?: string; at?: number; body?: string } = {}) {
  const { url = INBOUND_URL, at = NOW, body = '[{"eventId":1}]' } = change;
  const content = `POST${change.signed ?? url}${body}${at}`;
  const headers = {
    'x-hubspot-signature-v3': hmac(content).digest('base64'),
    'x-hubspot-request-timestamp': String(at),
  };
  return { url, headers, body };
}

test('HubSpot v3: method, URL, body and time', async () => {
  const good = hubspot();
  assert.equal(await outcome(V3, good), 'ok 0');
  assert.equal(await outcome(V3, good, { secrets: ['other', SECRET] }), 'ok 1');
  assert.equal(await outcome(V3, { ...good, method: 'PUT' }), 'wrong_signature');
  assert.equal(await outcome(V3, { ...good, url: `${INBOUND_URL}?a=1` }), 'wrong_signature');
  assert.equal(await outcome(V3, { ...good, body: '[]' }), 'wrong_signature');
  assert.equal(await outcome(V3, hubspot({ at: NOW - 301_000 })), 'stale_timestamp');
  assert.equal(await outcome(V3, { ...good, headers: {} }), 'missing_signature');
  const url = `${INBOUND_URL}?to=https%3A%2F%2Fx.example%2f&name=a%20b`;
  const signed = `${INBOUND_URL}?to=https://x.example/&name=a%20b`;
  assert.equal(await outcome(V3, hubspot({ url, signed })), 'ok 0', 'some signs are decoded');
});

const V1V2 = { kind: 'code', name: 'hubspot-v1v2', params: {} } as const;

function hashed(version: string, text: string, parts: InboundParts) {
  const signature = createHash('sha256').update(text).digest('hex');
  const headers = {
    'x-hubspot-signature': signature,
    'x-hubspot-signature-version': version,
  };
  return { ...parts, headers };
}

test('HubSpot v1 and v2: neither passes for the other, and nothing can be appended', async () => {
  const body = '[{"eventId":1}]';
  const v1 = hashed('v1', SECRET + body, { body });
  const v2 = hashed('v2', `${SECRET}POST${INBOUND_URL}${body}`, { body });
  assert.equal(await outcome(V1V2, v1), 'ok 0');
  assert.equal(await outcome(V1V2, v2), 'ok 0');
  const as = (parts: typeof v1, version: string) => ({
    ...parts,
    headers: { ...parts.headers, 'x-hubspot-signature-version': version },
  });
  assert.equal(await outcome(V1V2, as(v1, 'v2')), 'wrong_signature');
  assert.equal(await outcome(V1V2, as(v2, 'v1')), 'wrong_signature');
  assert.equal(await outcome(V1V2, as(v1, 'v3')), 'malformed_signature');
  const pinned = { config: { signature_version: 'v2' } };
  assert.equal(await outcome(V1V2, v1, pinned), 'malformed_signature');
  assert.equal(await outcome(V1V2, v2, pinned), 'ok 0');
  assert.equal(await outcome(V1V2, hashed('v1', SECRET, { body: '' })), 'malformed_body');
  // What length extension yields: the padding of SHA-256, then what the attacker likes.
  const padding = Buffer.concat([
    Buffer.from(body),
    Buffer.from([0x80, 0, 0, 1]),
    Buffer.from('{}'),
  ]);
  const signature = createHash('sha256').update(SECRET).update(padding).digest('hex');
  const extended = { body: padding, headers: { ...v1.headers, 'x-hubspot-signature': signature } };
  assert.equal(await outcome(V1V2, extended), 'malformed_body');
});

const GRAPH = { kind: 'code', name: 'microsoft-graph', params: {} } as const;
const TENANT = '0b9e3f4c-1111-4222-8333-944455566677';
const ENTRA = rsaKeys();
const graphKeys = () =>
  fakeKeys({
    'https://login.microsoftonline.com/common/discovery/v2.0/keys': keySet(ENTRA.publicKey, 'k'),
  });

function entraToken(change: object = {}): string {
  const claims = {
    iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    aud: 'my-app',
    azp: '0bf30f3b-4a52-48df-9a82-234910c4a086',
    exp: NOW / 1000 + 600,
    ...change,
  };
  return token({ alg: 'RS256', kid: 'k' }, claims, signers.rs256(ENTRA.privateKey));
}

test('Microsoft Graph: every notification must know the clientState', async () => {
  const body = (...states: unknown[]) =>
    JSON.stringify({
      value: states.map((clientState) => ({ clientState, changeType: 'created' })),
    });
  assert.equal(await outcome(GRAPH, { body: body(SECRET, SECRET) }), 'ok 0');
  assert.equal(await outcome(GRAPH, { body: body(SECRET, 'other') }), 'wrong_signature');
  for (const state of [undefined, null, '', 1, [SECRET]]) {
    assert.equal(await outcome(GRAPH, { body: body(SECRET, state) }), 'missing_signature');
  }
  for (const text of ['', '{}', '{"value":[]}', '{"value":{}}', '[]']) {
    assert.equal(await outcome(GRAPH, { body: text }), 'malformed_body', text);
  }
});

test('Microsoft Graph: with data, every token must be of the publisher, for us', async () => {
  const body = (validationTokens: unknown) =>
    JSON.stringify({ value: [{ clientState: SECRET, encryptedContent: {} }], validationTokens });
  const options = () => ({ config: { tenant_id: TENANT, app_id: 'my-app' }, keys: graphKeys() });
  const said = (tokens: unknown) => outcome(GRAPH, { body: body(tokens) }, options());
  assert.equal(await said([entraToken()]), 'ok 0');
  assert.equal(await said([entraToken(), entraToken({ azp: 'other' })]), 'wrong_signature');
  assert.equal(await said([entraToken({ aud: 'other' })]), 'wrong_signature');
  assert.equal(await said([entraToken({ iss: 'https://evil.example' })]), 'wrong_signature');
  assert.equal(await said([entraToken({ exp: 1 })]), 'stale_timestamp');
  assert.equal(await said([]), 'missing_signature');
  assert.equal(await said(undefined), 'missing_signature');
  assert.equal(await said([1]), 'malformed_signature');
  assert.equal(await said(Array.from({ length: 9 }, () => entraToken())), 'malformed_signature');
  assert.equal(await outcome(GRAPH, { body: body([entraToken()]) }), 'key_unavailable');
  const config = { tenant_id: '../evil' };
  assert.throws(
    () => compileCode(GRAPH, verifierOptions({ secrets: [SECRET], config })),
    TypeError,
  );
});

test('Worldpay: any of several keys; of others nothing is believed', async () => {
  const scheme = { kind: 'code', name: 'worldpay', params: {} } as const;
  const body = '{"eventId":"1"}';
  const hex = hmac(body).digest('hex');
  const said = (value: string, config = {}) =>
    outcome(scheme, { body, headers: { 'event-signature': value } }, { config });
  assert.equal(await said(`k1/SHA256/${hex}`), 'ok 0');
  assert.equal(await said(`k2/SHA256/${'0'.repeat(64)}, k1/SHA256/${hex}`), 'ok 0');
  assert.equal(await said(`k1/SHA256/${hex}`, { key_id: 'k2' }), 'wrong_signature');
  assert.equal(await said(`k1/SHA1/${hex}`), 'malformed_signature');
  assert.equal(await said(hex), 'malformed_signature');
  assert.equal(await said(''), 'missing_signature');
  const many = Array.from({ length: 9 }, () => `k1/SHA256/${hex}`).join(',');
  assert.equal(await said(many), 'malformed_signature');
});

test('Dropbox Sign: the event in a form, as it comes and no other way', async () => {
  const scheme = { kind: 'code', name: 'dropbox-sign', params: {} } as const;
  const event = (change: object = {}) => ({
    event_time: '1700000000',
    event_type: 'signature_request_sent',
    event_hash: hmac('1700000000signature_request_sent').digest('hex'),
    ...change,
  });
  const part = (text: string) =>
    `--b1\r\ncontent-disposition: form-data; name="json"\r\n\r\n${text}\r\n`;
  const multipart = (...texts: string[]): InboundParts => ({
    headers: { 'content-type': 'multipart/form-data; boundary=b1' },
    body: `${texts.map(part).join('')}--b1--\r\n`,
  });
  const said = (change?: object) =>
    outcome(scheme, multipart(JSON.stringify({ event: event(change) })));
  assert.equal(await said(), 'ok 0');
  assert.equal(await said({ event_type: 'signature_request_signed' }), 'wrong_signature');
  assert.equal(await said({ event_time: '1700000001' }), 'wrong_signature');
  assert.equal(await said({ event_time: '1700000000s', event_type: 'ignature' }), 'malformed_body');
  assert.equal(await said({ event_hash: '' }), 'missing_signature');
  const text = JSON.stringify({ event: event() });
  assert.equal(await outcome(scheme, multipart(text, text)), 'malformed_body');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const urlencoded = { headers: form, body: `json=${encodeURIComponent(text)}` };
  assert.equal(await outcome(scheme, urlencoded), 'ok 0');
  assert.equal(await outcome(scheme, { ...urlencoded, body: 'other=1' }), 'malformed_body');
});

test('Adyen: a colon can not move text from one field to the next', async () => {
  const scheme = { kind: 'code', name: 'adyen-items', params: {} } as const;
  const key = 'ab'.repeat(32);
  const item = (change: object) => {
    const hmacSignature = createHmac('sha256', Buffer.from(key, 'hex'))
      .update('psp:a:b:c:ref:1:EUR:X:true')
      .digest('base64');
    const fields = { amount: { value: 1, currency: 'EUR' }, eventCode: 'X', success: 'true' };
    const whole = { ...fields, additionalData: { hmacSignature }, ...change };
    return JSON.stringify({ notificationItems: [{ NotificationRequestItem: whole }] });
  };
  const said = (change: object) => outcome(scheme, { body: item(change) }, { secrets: [key] });
  const base = { pspReference: 'psp', originalReference: 'a', merchantAccountCode: 'b' };
  assert.equal(await said({ ...base, merchantReference: 'c:ref' }), 'ok 0');
  const moved = { ...base, merchantAccountCode: 'b:c', merchantReference: 'ref' };
  assert.equal(await said(moved), 'malformed_body');
  assert.throws(() => compileCode(scheme, verifierOptions({ secrets: ['no hex'] })), TypeError);
});

test('Twilio: odd forms, and bodies that nobody vouches for, are refused', async () => {
  const scheme = { kind: 'code', name: 'twilio', params: {} } as const;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const signature = createHmac('sha1', SECRET).update(INBOUND_URL).digest('base64');
  const said = (parts: InboundParts) =>
    outcome(scheme, { ...parts, headers: { 'x-twilio-signature': signature, ...parts.headers } });
  assert.equal(await said({ method: 'GET' }), 'ok 0');
  assert.equal(await said({ url: INBOUND_URL.replace('.com', '.com:443') }), 'ok 0');
  assert.equal(await said({ url: INBOUND_URL.replace('.com', '.com:8443') }), 'wrong_signature');
  for (const body of ['a=%', 'a=%FF', 'a=b c', 'a=\u00e9', 'a=%C3%28']) {
    assert.equal(await said({ headers: form, body }), 'malformed_body', body);
  }
  const json = { headers: { 'content-type': 'application/json' }, body: '{}' };
  assert.equal(await said(json), 'malformed_body');
  const twice = `${INBOUND_URL}?bodySHA256=a&bodySHA256=b`;
  assert.equal(await said({ ...json, url: twice }), 'wrong_signature');
});
