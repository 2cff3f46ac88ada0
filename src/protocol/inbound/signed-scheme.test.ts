/** Corners of signed schemes that no entry of the catalogue turns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundRequest, sampleKeys, signedRequest } from '../../testing/inbound-signer.ts';
import type { SampleRequest, Signing } from '../../testing/inbound-signer.ts';
import { findProvider } from '../providers/catalogue.ts';
import { compileVerifier } from './compile.ts';
import { MAX_SIGNATURES } from './signature-header.ts';
import type { HmacScheme, SignedScheme } from './scheme.ts';
import type { VerifierOptions } from './verifier.ts';

const NOW = 1_735_689_600_000;

const LIST: HmacScheme = {
  kind: 'hmac',
  hash: 'sha256',
  content: '{header:x-tenant}.{body}',
  key: 'text',
  signature: {
    at: { headers: ['x-sig'] },
    layout: { kind: 'list', separator: ',', prefix: 'v1=' },
    encoding: 'hex',
  },
  timestamp: null,
};

function optionsOf(secret: string): VerifierOptions {
  const keys = { document: () => Promise.reject(new Error('No key is fetched here')) };
  return { secrets: [secret], config: {}, keys };
}

function sender(scheme: SignedScheme) {
  const keys = sampleKeys(scheme, 'seed');
  const verifier = compileVerifier(scheme, optionsOf(keys.secret));
  return {
    sign: (changes: Partial<Signing> = {}) =>
      signedRequest(scheme, {
        keys,
        body: Buffer.from('{}'),
        timestamp: String(NOW / 1_000),
        headers: { 'x-tenant': 'acme' },
        ...changes,
      }),
    reasonFor: (request: SampleRequest): string => {
      const verdict = verifier.verify(inboundRequest(request), NOW);
      assert.ok(!(verdict instanceof Promise));
      return verdict.ok ? 'ok' : verdict.reason;
    },
  };
}

test('more signatures than a sender has secrets are not tried', () => {
  const { sign, reasonFor } = sender(LIST);
  const request = sign();
  const times = (count: number) => {
    const value = Array.from({ length: count }, () => request.headers['x-sig']).join(',');
    return { ...request, headers: { ...request.headers, 'x-sig': value } };
  };
  assert.equal(reasonFor(times(MAX_SIGNATURES)), 'ok');
  assert.equal(reasonFor(times(MAX_SIGNATURES + 1)), 'malformed_signature');
});

test('bytes can not move from a header into what follows it', () => {
  const { sign, reasonFor } = sender(LIST);
  const request = sign({ body: Buffer.from('b.{}'), headers: { 'x-tenant': 'a' } });
  assert.equal(reasonFor(request), 'ok');
  const headers = { ...request.headers, 'x-tenant': 'a.b' };
  assert.equal(reasonFor({ ...request, headers, body: Buffer.from('{}') }), 'malformed_body');
});

test('a header that is signed must be there', () => {
  const { sign, reasonFor } = sender(LIST);
  const request = sign();
  const others = { 'x-sig': request.headers['x-sig'] ?? '' };
  assert.equal(reasonFor({ ...request, headers: others }), 'malformed_body');
});

test('a plain hash vouches for text alone, so that nobody can go on hashing', () => {
  const scheme = findProvider('e2b')?.scheme;
  assert.equal(scheme?.kind, 'hash');
  const { sign, reasonFor } = sender(scheme);
  assert.equal(reasonFor(sign()), 'ok');
  const extended = Buffer.concat([Buffer.from('{}'), Buffer.from([0x80, 0, 0]), Buffer.from('x')]);
  assert.equal(reasonFor(sign({ body: extended })), 'wrong_signature');
});

test('a signature in the body or the URL is read there, once', () => {
  const inQuery: HmacScheme = {
    ...LIST,
    content: '{body}',
    signature: {
      at: { query: 'sig' },
      layout: { kind: 'single', prefix: '' },
      encoding: 'hex',
    },
  };
  const query = sender(inQuery);
  const request = query.sign();
  assert.equal(query.reasonFor(request), 'ok');
  const [, signature] = /sig=(\w+)/.exec(request.url) ?? [];
  const twice = `${request.url}&sig=${signature}`;
  assert.equal(query.reasonFor({ ...request, url: twice }), 'missing_signature');
  assert.equal(query.reasonFor({ ...request, url: 'https://a.test/' }), 'missing_signature');

  const mailgun = findProvider('mailgun')?.scheme;
  assert.equal(mailgun?.kind, 'hmac');
  const inBody = sender(mailgun);
  assert.equal(inBody.reasonFor(inBody.sign()), 'ok');
  const broken = { ...inBody.sign(), body: Buffer.from('{"signature":{"signature":7}}') };
  assert.equal(inBody.reasonFor(broken), 'malformed_body');
});
