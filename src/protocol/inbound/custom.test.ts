import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundRequest, sampleKeys, signedRequest } from '../../testing/inbound-signer.ts';
import { findProvider } from '../providers/catalogue.ts';
import { compileVerifier } from './compile.ts';
import { parseCustomScheme } from './custom.ts';

const keys = { document: () => Promise.reject(new Error('No key is fetched here')) };

const PLAIN = {
  kind: 'hmac',
  content: '{body}',
  signature: { header: 'X-Signature', encoding: 'hex' },
};

/** The message for a scheme that is refused. */
function refusal(json: unknown): string {
  try {
    parseCustomScheme(json);
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${JSON.stringify(json)}`);
}

test('the least that a scheme says is what is signed and where the signature stands', () => {
  assert.deepEqual(parseCustomScheme(PLAIN), {
    kind: 'hmac',
    hash: 'sha256',
    key: 'text',
    content: '{body}',
    signature: {
      at: { headers: ['x-signature'] },
      layout: { kind: 'single', prefix: '' },
      encoding: 'hex',
    },
    timestamp: null,
  });
});

test("entries of the catalogue can be written in the user's language", () => {
  const stripe = parseCustomScheme({
    kind: 'hmac',
    hash: 'sha256',
    content: '{timestamp}.{body}',
    signature: {
      header: 'Stripe-Signature',
      encoding: 'hex',
      fields: { separator: ',', assign: '=', signature: 'v1', timestamp: 't' },
    },
    timestamp: { in_signature: true, unit: 's', tolerance_seconds: 300 },
  });
  assert.deepEqual(stripe, findProvider('stripe')?.scheme);

  const standard = parseCustomScheme({
    kind: 'hmac',
    content: '{id}.{timestamp}.{body}',
    secret_encoding: 'standard',
    signature: { header: 'webhook-signature', encoding: 'base64', separator: ' ', prefix: 'v1,' },
    timestamp: { header: 'webhook-timestamp' },
    id_header: 'webhook-id',
  });
  assert.deepEqual(standard, findProvider('standard-webhooks')?.scheme);

  const discord = parseCustomScheme({
    kind: 'signature',
    algorithm: 'ed25519',
    key_encoding: 'raw-hex',
    content: '{timestamp}{body}',
    signature: { header: 'x-signature-ed25519', encoding: 'hex' },
    timestamp: { header: 'x-signature-timestamp' },
  });
  assert.deepEqual(discord, findProvider('discord')?.scheme);
});

test('tokens and choices can be written, too', () => {
  const token = { kind: 'token', header: 'Authorization', prefix: 'Bearer ' };
  assert.deepEqual(parseCustomScheme({ kind: 'any', of: [PLAIN, token] }), {
    kind: 'any',
    of: [
      parseCustomScheme(PLAIN),
      { kind: 'token', at: { header: 'authorization', prefix: 'Bearer ' } },
    ],
  });
  for (const [place, at] of [
    [{ query: 'token' }, { query: 'token' }],
    [{ basic: true }, { basic: true }],
    [{ json: '/value/*/clientState' }, { json: '/value/*/clientState' }],
  ]) {
    assert.deepEqual(parseCustomScheme({ kind: 'token', ...place }), { kind: 'token', at });
  }
});

test('a scheme of all parts verifies what is signed by it', () => {
  const scheme = parseCustomScheme({
    kind: 'hmac',
    hash: 'sha512',
    secret_encoding: 'hex',
    content: 'v2:{method}:{path}:{id}:{header:x-tenant}:{timestamp}:{body_sha256_hex}',
    signature: { headers: ['x-sig', 'x-sig-old'], encoding: 'base64url', prefix: 'v2=' },
    timestamp: { header: 'x-time', unit: 'iso8601', tolerance_seconds: 60 },
    id_header: 'x-id',
  });
  assert.equal(scheme.kind, 'hmac');
  const sample = sampleKeys(scheme, 'seed');
  const now = 1_735_689_600_000;
  const request = signedRequest(scheme, {
    keys: sample,
    body: Buffer.from('{}'),
    timestamp: new Date(now).toISOString(),
    headers: { 'x-tenant': 'acme' },
  });
  const verifier = compileVerifier(scheme, { secrets: [sample.secret], config: {}, keys });
  assert.deepEqual(verifier.verify(inboundRequest(request), now), { ok: true, secret: 0 });
  const other = { ...request, headers: { ...request.headers, 'x-tenant': 'other' } };
  assert.notDeepEqual(verifier.verify(inboundRequest(other), now), { ok: true, secret: 0 });
});

test('what would let strangers in is refused with the reason', () => {
  const signed = (content: string, more: object = {}) => refusal({ ...PLAIN, content, ...more });
  const time = { timestamp: { header: 'x-time' } };
  assert.match(signed('{timestamp}', time), /^\/content: the body is not signed.*put \{body\}/s);
  assert.match(signed(''), /^\/content: the body is not signed/);
  assert.match(
    signed('{body}', time),
    /^\/content: the timestamp is not signed.*put \{timestamp\}/s,
  );
  assert.match(signed('{timestamp}.{body}'), /say in "timestamp" where that stands/);
  assert.match(signed('{id}.{body}'), /name its header in "id_header"/);
  assert.match(signed('{body}', { id_header: 'x-id' }), /\{id\} is not in it/);
  assert.match(signed('{id}{body}', { id_header: 'x-id' }), /put a character between them/);
  assert.match(signed('{header:x-a}{body}'), /put a character between them/);
  assert.match(signed('{secret}{body}'), /hash scheme/);
  assert.match(
    refusal({ ...PLAIN, kind: 'hash', hash: 'sha256' }),
    /^\/content: a plain hash without \{secret\} can be made by anybody/,
  );
  assert.match(
    refusal({ ...PLAIN, kind: 'hash', hash: 'sha1', content: '{secret}{body}' }),
    /^\/hash/,
  );
  assert.match(
    refusal({ kind: 'none' }),
    /^\/kind: write one of hmac, hash, signature, token, any/,
  );
  const inUrl = { query: 'sig', encoding: 'hex' };
  assert.match(signed('{url}{body}', { signature: inUrl }), /the URL holds the signature/);
});

test('what can not be understood is named by its place, with what to write', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /^\/: write a JSON object here$/],
    ['hmac', /^\/: write a JSON object here$/],
    [{}, /^\/kind: write one of/],
    [{ ...PLAIN, content: 7 }, /^\/content: write a text here$/],
    [{ ...PLAIN, content: '{nonce}{body}' }, /^\/content: A content knows no \{nonce\}/],
    [{ ...PLAIN, content: '{body}{body}' }, /^\/content: A content holds \{body\} at most once/],
    [{ ...PLAIN, content: '{body' }, /^\/content: /],
    [{ ...PLAIN, content: '{body}}' }, /^\/content: A content has a brace/],
    [{ ...PLAIN, content: '{config.x}{body}' }, /^\/content: write the value itself/],
    [{ ...PLAIN, hash: 'md5' }, /^\/hash: write one of sha256, sha512, sha384, sha1$/],
    [{ ...PLAIN, tolerence: 1 }, /^\/tolerence: is not known here; known are .*content.*kind/],
    [{ ...PLAIN, signature: undefined }, /^\/signature: write a JSON object here$/],
    [{ ...PLAIN, signature: { encoding: 'hex' } }, /^\/signature: write exactly one of header,/],
    [
      { ...PLAIN, signature: { header: 'a', query: 'b', encoding: 'hex' } },
      /^\/signature: write exactly one of/,
    ],
    [{ ...PLAIN, signature: { header: 'a b', encoding: 'hex' } }, /^\/signature\/header: /],
    [{ ...PLAIN, signature: { header: 'a', encoding: 'HEX' } }, /^\/signature\/encoding: /],
    [
      { ...PLAIN, signature: { header: 'a', encoding: 'hex', separator: 'x' } },
      /^\/signature\/separator: write 1 to 3 marks/,
    ],
    [{ ...PLAIN, signature: { headers: [], encoding: 'hex' } }, /^\/signature\/headers: /],
    [{ ...PLAIN, signature: { headers: [1], encoding: 'hex' } }, /^\/signature\/headers\/0: /],
    [{ ...PLAIN, signature: { json: 'sig', encoding: 'hex' } }, /^\/signature\/json: /],
    [
      { ...PLAIN, signature: { header: 'a', encoding: 'hex', fields: { signature: 'v 1' } } },
      /^\/signature\/fields\/signature: /,
    ],
    [
      {
        ...PLAIN,
        content: '{timestamp}.{body}',
        timestamp: { header: 'x-t', tolerance_seconds: 0 },
      },
      /^\/timestamp\/tolerance_seconds: write a whole number from 1 to 86400$/,
    ],
    [
      { ...PLAIN, content: '{timestamp}.{body}', timestamp: { in_signature: true } },
      /^\/content: the timestamp is said to stand in the signature; name its field in "fields"$/,
    ],
    [{ kind: 'token' }, /^\/: write exactly one of header, query, json, basic$/],
    [{ kind: 'token', basic: false }, /^\/basic: write true/],
    [{ kind: 'any', of: [] }, /^\/of: write a list of 1 to 4 schemes$/],
    [{ kind: 'any', of: [PLAIN, { kind: 'token' }] }, /^\/of\/1: write exactly one of/],
    [{ kind: 'any', of: [{ kind: 'any', of: [PLAIN] }] }, /^\/of\/0\/kind: write one of hmac/],
    [{ kind: 'code', name: 'sns' }, /^\/kind: /],
  ];
  for (const [json, message] of cases) assert.match(refusal(json), message);
});
