/** Ways in which token verifiers have been fooled: each must be refused, for its own reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fakeKeys,
  INBOUND_URL,
  inboundRequest,
  verifierOptions,
} from '../../../testing/inbound.ts';
import type { FakeKeys } from '../../../testing/inbound.ts';
import { keySet, p256Keys, rsaKeys, signers, token } from '../../../testing/signed-tokens.ts';
import { compileJwt } from './jwt.ts';
import type { JwtParams } from './scheme.ts';

const NOW = 1_700_000_000;
const ISSUER = 'https://issuer.example';
const KEYS_URL = 'https://issuer.example/jwks';
const KEYS = rsaKeys();
const OTHER = rsaKeys();
const HEADER = { alg: 'RS256', typ: 'JWT', kid: 'one' };
const CLAIMS = { iss: ISSUER, aud: INBOUND_URL, iat: NOW - 10, exp: NOW + 300 };
const PARAMS: JwtParams = {
  header: 'authorization',
  bearer: true,
  algorithm: 'RS256',
  issuers: [{ issuer: ISSUER, keys: KEYS_URL }],
  audience: 'config-or-url',
};

const good = token(HEADER, CLAIMS, signers.rs256(KEYS.privateKey));

interface Case {
  readonly params?: Partial<JwtParams>;
  readonly keys?: FakeKeys;
  readonly config?: Record<string, string>;
  readonly nowSeconds?: number;
}

async function outcome(text: string | undefined, change: Case = {}): Promise<string> {
  const keys = change.keys ?? fakeKeys({ [KEYS_URL]: keySet(KEYS.publicKey, 'one') });
  const options = verifierOptions({ keys, config: change.config ?? {} });
  const verifier = compileJwt({ ...PARAMS, ...change.params }, options);
  const headers = { authorization: text === undefined ? undefined : `Bearer ${text}` };
  const verdict = await verifier.verify(
    inboundRequest({ headers }),
    (change.nowSeconds ?? NOW) * 1000,
  );
  return verdict.ok ? 'ok' : verdict.reason;
}

test('a good token passes', async () => {
  assert.equal(await outcome(good), 'ok');
  assert.equal(await outcome(undefined), 'missing_signature');
});

test('no token chooses how it is checked', async () => {
  const pem = KEYS.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const der = KEYS.publicKey.export({ type: 'spki', format: 'der' });
  const none = () => Buffer.from('');
  for (const alg of ['none', 'None', 'HS256', 'RS512', 'PS256', 'ES256', 'EdDSA', '']) {
    for (const signer of [none, signers.hs256(pem), signers.hs256(der), signers.hs256('')]) {
      const text = token({ ...HEADER, alg }, CLAIMS, signer);
      assert.equal(await outcome(text), 'malformed_signature', alg);
    }
  }
  const mac = token(HEADER, CLAIMS, signers.hs256(pem));
  assert.equal(await outcome(mac), 'wrong_signature');
});

test('a key inside the token is not looked at, nor asked for', async () => {
  const jwk = OTHER.publicKey.export({ format: 'jwk' });
  const keys = fakeKeys({
    [KEYS_URL]: keySet(KEYS.publicKey, 'one'),
    'https://evil.example/jwks': keySet(OTHER.publicKey, 'one'),
  });
  const url = 'https://evil.example/jwks';
  for (const extra of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['AAAA'] }, { jwk, kid: 'x' }]) {
    const text = token({ ...HEADER, ...extra }, CLAIMS, signers.rs256(OTHER.privateKey));
    assert.equal(await outcome(text, { keys }), 'wrong_signature');
  }
  assert.deepEqual(new Set(keys.asked), new Set([KEYS_URL, `${KEYS_URL} fresh`]));
});

test('a header that asks for unknown rules, or names its key oddly, is refused', async () => {
  for (const extra of [{ crit: ['exp'] }, { kid: 1 }, { kid: 'a\nb' }, { kid: 'k'.repeat(300) }]) {
    const text = token({ ...HEADER, ...extra }, CLAIMS, signers.rs256(KEYS.privateKey));
    assert.equal(await outcome(text), 'malformed_signature');
  }
  const { kid, ...unnamed } = HEADER;
  assert.equal(kid, 'one');
  const text = token(unnamed, CLAIMS, signers.rs256(KEYS.privateKey));
  assert.equal(await outcome(text), 'malformed_signature');
});

test('other spellings of a good token are refused', async () => {
  const [head = '', body = '', tail = ''] = good.split('.');
  const spellings = [
    `${good}=`,
    `${good}.`,
    `${head}.${body}`,
    `${head}.${body}.`,
    `${head}..${tail}`,
    `${good},${good}`,
    `${head}=.${body}.${tail}`,
    good.replace(tail, Buffer.from(tail, 'base64url').toString('base64')),
    `${good}!`,
    '..',
    'x'.repeat(20_000),
  ];
  for (const text of spellings) assert.equal(await outcome(text), 'malformed_signature', text);
});

test('keys for other ends, of other kinds, private, shared or weak, check nothing', async () => {
  const p256 = p256Keys();
  const weak = rsaKeys(1024);
  const secret = Buffer.from('secret').toString('base64url');
  const sets = [
    keySet(KEYS.publicKey, 'one', { use: 'enc' }),
    keySet(KEYS.publicKey, 'one', { alg: 'RS512' }),
    keySet(KEYS.publicKey, 'one', { key_ops: ['encrypt'] }),
    keySet(p256.publicKey, 'one'),
    JSON.stringify({ keys: [{ kty: 'oct', k: secret, kid: 'one' }] }),
    JSON.stringify({ keys: [] }),
  ];
  for (const set of sets) {
    assert.equal(await outcome(good, { keys: fakeKeys({ [KEYS_URL]: set }) }), 'wrong_signature');
  }
  const keys = fakeKeys({ [KEYS_URL]: keySet(weak.publicKey, 'one') });
  const text = token(HEADER, CLAIMS, signers.rs256(weak.privateKey));
  assert.equal(await outcome(text, { keys }), 'wrong_signature');
});

test('an unknown key is asked for once more; a document that is none is not believed', async () => {
  const keys = fakeKeys({ [KEYS_URL]: keySet(OTHER.publicKey, 'old') });
  assert.equal(await outcome(good, { keys }), 'wrong_signature');
  assert.deepEqual(keys.asked, [KEYS_URL, `${KEYS_URL} fresh`]);
  for (const text of ['', 'null', '[]', '{}', '{"keys":{}}', '<html>']) {
    const odd = fakeKeys({ [KEYS_URL]: text });
    assert.equal(await outcome(good, { keys: odd }), 'key_unavailable', text);
  }
  assert.equal(await outcome(good, { keys: fakeKeys() }), 'key_unavailable');
});

test('the token must be for us, from the issuer, and for now', async () => {
  const cases: [object, string][] = [
    [{ ...CLAIMS, iss: 'https://evil.example' }, 'wrong_signature'],
    [{ ...CLAIMS, iss: [ISSUER] }, 'wrong_signature'],
    [{ ...CLAIMS, aud: 'https://hooks.example.com/in/other' }, 'wrong_signature'],
    [{ ...CLAIMS, aud: [] }, 'wrong_signature'],
    [{ ...CLAIMS, aud: { 0: INBOUND_URL } }, 'wrong_signature'],
    [{ ...CLAIMS, aud: ['x', INBOUND_URL] }, 'ok'],
    [{ ...CLAIMS, exp: NOW - 61 }, 'stale_timestamp'],
    [{ ...CLAIMS, exp: NOW - 59 }, 'ok'],
    [{ ...CLAIMS, exp: undefined }, 'missing_timestamp'],
    [{ ...CLAIMS, exp: `${NOW + 300}` }, 'malformed_timestamp'],
    [{ ...CLAIMS, exp: 1e300 }, 'malformed_timestamp'],
    [{ ...CLAIMS, nbf: NOW + 61 }, 'future_timestamp'],
    [{ ...CLAIMS, iat: NOW + 61 }, 'future_timestamp'],
  ];
  for (const [claims, expected] of cases) {
    const text = token(HEADER, claims, signers.rs256(KEYS.privateKey));
    assert.equal(await outcome(text), expected, JSON.stringify(claims));
  }
});

test('one issuer can not sign for another, whoever the token names', async () => {
  const issuers = [
    { issuer: ISSUER, keys: KEYS_URL },
    { issuer: 'https://two.example', keys: 'https://two.example/jwks', exact: { email: 'a@b' } },
  ];
  const keys = fakeKeys({
    [KEYS_URL]: keySet(KEYS.publicKey, 'one'),
    'https://two.example/jwks': keySet(OTHER.publicKey, 'one'),
  });
  const change = { params: { issuers }, keys };
  const two = { ...CLAIMS, iss: 'https://two.example', email: 'a@b' };
  const forged = token(HEADER, CLAIMS, signers.rs256(OTHER.privateKey));
  assert.equal(await outcome(forged, change), 'wrong_signature');
  assert.equal(await outcome(token(HEADER, two, signers.rs256(OTHER.privateKey)), change), 'ok');
  const { email, ...nobody } = two;
  assert.equal(email, 'a@b');
  for (const claims of [nobody, { ...nobody, email: 'b@b' }, { ...nobody, email: ['a@b'] }]) {
    const text = token(HEADER, claims, signers.rs256(OTHER.privateKey));
    assert.equal(await outcome(text, change), 'wrong_signature');
  }
});

test('as long as a setting is missing, nothing passes and the detail names it', async () => {
  const params = { issuers: [{ issuer: ISSUER, keys: KEYS_URL, exact: { email: '{config.me}' } }] };
  const verifier = compileJwt({ ...PARAMS, ...params }, verifierOptions());
  const verdict = await verifier.verify(inboundRequest(), NOW * 1000);
  assert.ok(!verdict.ok && verdict.reason === 'key_unavailable');
  assert.match(verdict.detail, /config\.me/);
  const strict = { params: { audience: 'config' } } as const;
  assert.equal(await outcome(good, strict), 'key_unavailable');
  assert.equal(await outcome(good, { ...strict, config: { audience: INBOUND_URL } }), 'ok');
  assert.equal(await outcome(good, { ...strict, config: { audience: 'x' } }), 'wrong_signature');
});

test('keys are asked for over https only', () => {
  for (const keys of [
    'http://issuer.example/jwks',
    'https://u:p@issuer.example/',
    'file:///x',
    '',
  ]) {
    const params = { ...PARAMS, issuers: [{ issuer: ISSUER, keys }] };
    assert.throws(() => compileJwt(params, verifierOptions()), TypeError, keys);
  }
});
