/** fal and Manus: signatures under a key from one fixed place. */
import assert from 'node:assert/strict';
import { createHash, createSign, sign } from 'node:crypto';
import { test } from 'node:test';
import {
  fakeKeys,
  INBOUND_URL,
  inboundRequest,
  verifierOptions,
} from '../../../testing/inbound.ts';
import type { FakeKeys } from '../../../testing/inbound.ts';
import { ed25519Keys, keySet, rsaKeys } from '../../../testing/signed-tokens.ts';
import { compileFal } from './fal.ts';
import { compileManus } from './manus.ts';

const NOW = 1_700_000_000;
const BODY = '{"request_id":"r1","status":"OK"}';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
type Headers = Record<string, string | undefined>;

const FAL_URL = 'https://rest.fal.ai/.well-known/jwks.json';
const FAL = ed25519Keys();

function falHeaders(change: Headers = {}, body = BODY): Headers {
  const headers = {
    'x-fal-webhook-request-id': 'r1',
    'x-fal-webhook-user-id': 'user',
    'x-fal-webhook-timestamp': String(NOW),
    ...change,
  };
  const lines = [...Object.values(headers).slice(0, 3), sha256(body)].join('\n');
  const signature = sign(null, Buffer.from(lines), FAL.privateKey).toString('hex');
  return { 'x-fal-webhook-signature': signature, ...headers };
}

async function fal(headers: Headers, keys: FakeKeys, body = BODY): Promise<string> {
  const verifier = compileFal(verifierOptions({ keys }));
  const verdict = await verifier.verify(inboundRequest({ headers, body }), NOW * 1000);
  return verdict.ok ? 'ok' : verdict.reason;
}

test('fal: ids, time and body are covered', async () => {
  const keys = fakeKeys({ [FAL_URL]: keySet(FAL.publicKey, 'a') });
  assert.equal(await fal(falHeaders(), keys), 'ok');
  assert.equal(await fal(falHeaders(), keys, `${BODY} `), 'wrong_signature');
  for (const name of ['x-fal-webhook-request-id', 'x-fal-webhook-user-id']) {
    assert.equal(await fal({ ...falHeaders(), [name]: 'other' }, keys), 'wrong_signature');
    assert.equal(await fal({ ...falHeaders(), [name]: undefined }, keys), 'missing_signature');
  }
  const time = 'x-fal-webhook-timestamp';
  assert.equal(await fal({ ...falHeaders(), [time]: `${NOW + 1}` }, keys), 'wrong_signature');
  assert.equal(await fal(falHeaders({ [time]: `${NOW - 301}` }), keys), 'stale_timestamp');
  assert.equal(await fal(falHeaders({ [time]: `${NOW + 301}` }), keys), 'future_timestamp');
  assert.equal(await fal(falHeaders({ [time]: `${NOW}.0` }), keys), 'malformed_timestamp');
  const upper = falHeaders()['x-fal-webhook-signature']?.toUpperCase();
  const misspelt = { ...falHeaders(), 'x-fal-webhook-signature': upper };
  assert.equal(await fal(misspelt, keys), 'malformed_signature');
});

test('fal: any published key may sign, a new one after one more look, no other', async () => {
  const other = ed25519Keys();
  const both = { keys: [other, FAL].map(({ publicKey }) => publicKey.export({ format: 'jwk' })) };
  assert.equal(await fal(falHeaders(), fakeKeys({ [FAL_URL]: JSON.stringify(both) })), 'ok');
  const old = fakeKeys({ [FAL_URL]: keySet(other.publicKey, 'a') });
  assert.equal(await fal(falHeaders(), old), 'wrong_signature');
  assert.deepEqual(old.asked, [FAL_URL, `${FAL_URL} fresh`]);
  const rsa = fakeKeys({ [FAL_URL]: keySet(rsaKeys().publicKey, 'a') });
  assert.equal(await fal(falHeaders(), rsa), 'wrong_signature');
  assert.equal(await fal(falHeaders(), fakeKeys()), 'key_unavailable');
});

const MANUS_URL = 'https://api.manus.ai/v2/webhook.publicKey';
const MANUS = rsaKeys();
const pemOf = (keys = MANUS) => keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();

function manusHeaders(at = NOW, url = INBOUND_URL, body = BODY): Headers {
  const content = `${at}.${url}.${sha256(body)}`;
  return {
    'x-webhook-timestamp': String(at),
    'x-webhook-signature': createSign('sha256').update(content).sign(MANUS.privateKey, 'base64'),
  };
}

async function manus(headers: Headers, text?: string, url = INBOUND_URL): Promise<string> {
  const keys = fakeKeys(text === undefined ? {} : { [MANUS_URL]: text });
  const verifier = compileManus(verifierOptions({ keys }));
  const verdict = await verifier.verify(inboundRequest({ headers, url, body: BODY }), NOW * 1000);
  return verdict.ok ? 'ok' : verdict.reason;
}

test('Manus: time, URL with query and body are covered', async () => {
  assert.equal(await manus(manusHeaders(), pemOf()), 'ok');
  assert.equal(await manus(manusHeaders(), JSON.stringify({ public_key: pemOf() })), 'ok');
  const asked = `${INBOUND_URL}?a=1`;
  assert.equal(await manus(manusHeaders(NOW, asked), pemOf(), asked), 'ok');
  assert.equal(await manus(manusHeaders(NOW, asked), pemOf()), 'wrong_signature');
  assert.equal(await manus(manusHeaders(NOW, INBOUND_URL, '{}'), pemOf()), 'wrong_signature');
  assert.equal(await manus(manusHeaders(NOW - 301), pemOf()), 'stale_timestamp');
  assert.equal(await manus({}, pemOf()), 'missing_signature');
});

test('Manus: what is published must be a public key of the right kind', async () => {
  const privatePem = MANUS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const ed25519 = ed25519Keys().publicKey.export({ type: 'spki', format: 'pem' }).toString();
  for (const text of ['', '{}', '{"public_key":1}', privatePem, ed25519, pemOf(rsaKeys(1024))]) {
    assert.equal(await manus(manusHeaders(), text), 'key_unavailable');
  }
  assert.equal(await manus(manusHeaders(), pemOf(rsaKeys())), 'wrong_signature');
  assert.equal(await manus(manusHeaders()), 'key_unavailable');
});
