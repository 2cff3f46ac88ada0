/** Ways in which verifiers have been fooled before; each must be refused for its own reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HmacSha256Key } from '../hmac.ts';
import { generateSigningKeyPair, standardKey } from '../secrets.ts';
import { ed25519PrivateKey, signStandard, signStandardEd25519 } from './standard.ts';
import { MAX_SIGNATURES_PER_HEADER, verifyStandard } from './standard.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOW = 1_700_000_000;
const BODY = new TextEncoder().encode('{"a":1}');
const GOOD = signStandard(new HmacSha256Key(standardKey(SECRET)), 'evt_1', NOW, BODY);
const BAD = `v1,${Buffer.alloc(32).toString('base64')}`;

interface Change {
  secrets?: string[];
  id?: string | undefined;
  timestamp?: string | undefined;
  signatureHeader?: string | undefined;
  nowSeconds?: number;
  toleranceSeconds?: number;
}

function verdictOf(change: Change): string {
  const message = { id: 'evt_1', timestamp: String(NOW), signatureHeader: GOOD, body: BODY };
  const verdict = verifyStandard({ secrets: [SECRET], nowSeconds: NOW, ...message, ...change });
  return verdict.ok ? 'ok' : verdict.reason;
}

function decoded(header: string): Buffer {
  return Buffer.from(header.slice('v1,'.length), 'base64');
}

/** The good signature behind bad ones. */
function many(count: number): string {
  return [...Array.from({ length: count - 1 }, () => BAD), GOOD].join(' ');
}

test('the unchanged message passes', () => {
  assert.equal(verdictOf({}), 'ok');
});

test('each header is needed, and empty is missing', () => {
  for (const value of [undefined, '']) {
    assert.equal(verdictOf({ id: value }), 'missing');
    assert.equal(verdictOf({ timestamp: value }), 'missing');
    assert.equal(verdictOf({ signatureHeader: value }), 'missing');
  }
});

test('the timestamp may be off by the tolerance, both ways, and not by more', () => {
  assert.equal(verdictOf({ nowSeconds: NOW + 300 }), 'ok');
  assert.equal(verdictOf({ nowSeconds: NOW - 300 }), 'ok');
  assert.equal(verdictOf({ nowSeconds: NOW + 301 }), 'stale');
  assert.equal(verdictOf({ nowSeconds: NOW - 301 }), 'future');
  assert.equal(verdictOf({ nowSeconds: NOW + 11, toleranceSeconds: 10 }), 'stale');
});

test('other spellings of a timestamp are malformed', () => {
  const spellings = ['N abc', ' N', 'N ', 'N.9', '+N', '-N', '0xN', 'N\n', 'Ne0', 'NaN', '1e9'];
  for (const spelling of spellings) {
    assert.equal(verdictOf({ timestamp: spelling.replace('N', `${NOW}`) }), 'malformed', spelling);
  }
  assert.equal(verdictOf({ timestamp: '9'.repeat(13) }), 'malformed');
  assert.equal(verdictOf({ timestamp: `0${NOW}` }), 'mismatch');
});

test('empty, shortened and decorated signatures do not match', () => {
  const text = GOOD.slice('v1,'.length);
  for (let length = 1; length < text.length; length += 1) {
    assert.equal(verdictOf({ signatureHeader: `v1,${text.slice(0, length)}` }), 'mismatch');
  }
  const url = text.replaceAll('+', '-').replaceAll('/', '_');
  const spellings = [
    `!${text}`,
    `${text}=`,
    `${text}\n`,
    text.slice(0, -1),
    `${text}AA`,
    `=${url}`,
  ];
  for (const spelling of spellings) {
    assert.equal(verdictOf({ signatureHeader: `v1,${spelling}` }), 'mismatch', spelling);
  }
  assert.equal(verdictOf({ signatureHeader: 'v1,' }), 'malformed');
  for (const header of [text, 'v1', ' ', 'v1,AA==']) {
    assert.equal(verdictOf({ signatureHeader: header }), 'mismatch', header);
  }
});

test('a signature whose unused base64 bits are set is another text and does not match', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const last = alphabet.indexOf(GOOD.at(-2) ?? '');
  const twin = `${GOOD.slice(0, -2)}${alphabet[last + 1]}=`;
  assert.deepEqual(decoded(twin), decoded(GOOD));
  assert.equal(verdictOf({ signatureHeader: twin }), 'mismatch');
});

test('unknown versions are skipped, wherever they stand', () => {
  for (const header of [`v9,AAAA ${GOOD}`, `${GOOD} v2,x`, `v9,a ${BAD} ${GOOD}`, `  ${GOOD} `]) {
    assert.equal(verdictOf({ signatureHeader: header }), 'ok', header);
  }
});

test('a right value under another version proves nothing', () => {
  const text = GOOD.slice('v1,'.length);
  for (const version of ['v0', 'v1a', 'v2', 'none', 'V1', '']) {
    assert.equal(verdictOf({ signatureHeader: `${version},${text}` }), 'mismatch', version);
  }
});

test('a repeated header, joined by the HTTP stack, is malformed in either order', () => {
  assert.equal(verdictOf({ signatureHeader: `${GOOD}, ${BAD}` }), 'malformed');
  assert.equal(verdictOf({ signatureHeader: `${BAD}, ${GOOD}` }), 'malformed');
});

test('more signatures than a rotation needs are refused', () => {
  assert.equal(verdictOf({ signatureHeader: many(MAX_SIGNATURES_PER_HEADER) }), 'ok');
  assert.equal(verdictOf({ signatureHeader: many(MAX_SIGNATURES_PER_HEADER + 1) }), 'malformed');
});

test('without secrets nothing passes, and an empty secret is an error, not a key', () => {
  assert.equal(verdictOf({ secrets: [] }), 'mismatch');
  for (const secret of ['', 'whsec_', 'whsec_***', 'whpk_AAAA']) {
    assert.throws(() => verdictOf({ secrets: [secret] }), TypeError, secret);
  }
});

test('ed25519 and HMAC do not stand in for each other', () => {
  const pair = generateSigningKeyPair(new Uint8Array(32));
  const asymmetric = signStandardEd25519(ed25519PrivateKey(pair.secret), 'evt_1', NOW, BODY);
  assert.equal(verdictOf({ signatureHeader: asymmetric }), 'mismatch');
  assert.equal(verdictOf({ secrets: [pair.publicKey] }), 'mismatch');
  const both = { secrets: [SECRET, pair.publicKey] };
  assert.equal(verdictOf({ ...both, signatureHeader: asymmetric }), 'ok');
  assert.equal(verdictOf({ ...both, signatureHeader: `${asymmetric} ${BAD}` }), 'ok');
  for (const broken of ['v1a,=', 'v1a,AAAA', `${asymmetric}=`, asymmetric.replace(/==$/, '')]) {
    assert.equal(verdictOf({ ...both, signatureHeader: broken }), 'mismatch', broken);
  }
  // The HMAC of a body under the public key's text must not open an ed25519 endpoint.
  const forged = new HmacSha256Key(new TextEncoder().encode(pair.publicKey));
  const signatureHeader = signStandard(forged, 'evt_1', NOW, BODY);
  assert.equal(verdictOf({ secrets: [pair.publicKey], signatureHeader }), 'mismatch');
});
