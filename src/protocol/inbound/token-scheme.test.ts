import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileVerifier } from './compile.ts';
import type { InboundRequest } from './request.ts';
import type { SchemeDescription, TokenScheme } from './scheme.ts';
import type { InboundVerdict } from './verifier.ts';

const keys = { document: () => Promise.reject(new Error('No key is fetched here')) };

function judge(
  scheme: SchemeDescription,
  parts: {
    readonly secrets?: readonly string[];
    readonly config?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly url?: string;
    readonly body?: string;
  },
): InboundVerdict {
  const { secrets = ['s3cret:x'], config = {}, headers = {}, body = '' } = parts;
  const request: InboundRequest = {
    method: 'POST',
    url: parts.url ?? 'https://a.test/in/x',
    headers: (name) => headers[name],
    body: new TextEncoder().encode(body),
  };
  const verdict = compileVerifier(scheme, { secrets, config, keys }).verify(request, 0);
  assert.ok(!(verdict instanceof Promise));
  return verdict;
}

function reasonOf(verdict: InboundVerdict): string {
  return verdict.ok ? 'ok' : verdict.reason;
}

const inHeader: TokenScheme = { kind: 'token', at: { header: 'x-token', prefix: '' } };
const bearer: TokenScheme = { kind: 'token', at: { header: 'authorization', prefix: 'Bearer ' } };
const basic: TokenScheme = { kind: 'token', at: { basic: true } };
const inQuery: TokenScheme = { kind: 'token', at: { query: 'token' } };
const inBody: TokenScheme = { kind: 'token', at: { json: '/value/*/clientState' } };

test('a token in a header is compared whole', () => {
  const headers = (token: string) => ({ headers: { 'x-token': token } });
  assert.deepEqual(judge(inHeader, headers('s3cret:x')), { ok: true, secret: 0 });
  assert.equal(reasonOf(judge(inHeader, {})), 'missing_signature');
  assert.equal(reasonOf(judge(inHeader, headers(''))), 'missing_signature');
  for (const token of ['s3cret', 's3cret:x ', 's3cret:x, s3cret:x', 'S3CRET:X', 'x']) {
    assert.equal(reasonOf(judge(inHeader, headers(token))), 'wrong_signature', token);
  }
});

test('the index tells which secret came', () => {
  const parts = { secrets: ['new', 'old'], headers: { 'x-token': 'old' } };
  assert.deepEqual(judge(inHeader, parts), { ok: true, secret: 1 });
});

test('the name of the authentication scheme may have any case', () => {
  const headers = (value: string) => ({ headers: { authorization: value } });
  assert.ok(judge(bearer, headers('Bearer s3cret:x')).ok);
  assert.ok(judge(bearer, headers('bearer s3cret:x')).ok);
  assert.equal(reasonOf(judge(bearer, headers('s3cret:x'))), 'malformed_signature');
  assert.equal(reasonOf(judge(bearer, headers('Bearer '))), 'missing_signature');
});

test('Basic is user and password', () => {
  const headers = (text: string) => ({ headers: { authorization: `Basic ${text}` } });
  assert.ok(judge(basic, headers(btoa('s3cret:x'))).ok);
  assert.equal(reasonOf(judge(basic, headers(btoa('s3cret:y')))), 'wrong_signature');
  assert.equal(reasonOf(judge(basic, headers('!'))), 'malformed_signature');
  assert.equal(reasonOf(judge(basic, {})), 'missing_signature');
  assert.throws(() => judge(basic, { secrets: ['no colon'] }), /user:password/);
});

test('a token in the URL comes once', () => {
  const url = (query: string) => ({ url: `https://a.test/in/x?${query}` });
  assert.ok(judge(inQuery, url('a=1&token=s3cret%3Ax')).ok);
  assert.equal(reasonOf(judge(inQuery, url('a=1'))), 'missing_signature');
  assert.equal(reasonOf(judge(inQuery, {})), 'missing_signature');
  const twice = url('token=s3cret%3Ax&token=s3cret%3Ax');
  assert.equal(reasonOf(judge(inQuery, twice)), 'malformed_signature');
});

test('in the body every item must have it, and there must be one', () => {
  const body = (...states: unknown[]) => ({
    body: JSON.stringify({ value: states.map((clientState) => ({ clientState })) }),
  });
  assert.ok(judge(inBody, body('s3cret:x', 's3cret:x')).ok);
  assert.equal(reasonOf(judge(inBody, body('s3cret:x', 'y'))), 'wrong_signature');
  assert.equal(reasonOf(judge(inBody, body('s3cret:x', null))), 'missing_signature');
  assert.equal(reasonOf(judge(inBody, body())), 'missing_signature');
  assert.equal(reasonOf(judge(inBody, { body: 'no JSON' })), 'malformed_body');
  const mixed = { ...body('new', 'old'), secrets: ['new', 'old'] };
  assert.equal(reasonOf(judge(inBody, mixed)), 'wrong_signature');
});

test('names come from the settings of the source, or from the default', () => {
  const at = { header: '{config.header|X-Default}', prefix: '' };
  const scheme: TokenScheme = { kind: 'token', at };
  assert.ok(judge(scheme, { headers: { 'x-default': 's3cret:x' } }).ok);
  const config = { header: 'X-Mine' };
  assert.ok(judge(scheme, { config, headers: { 'x-mine': 's3cret:x' } }).ok);
  assert.equal(reasonOf(judge(scheme, { config, headers: { 'x-default': 's3cret:x' } })), MISSING);
  assert.throws(() => judge(scheme, { config: { header: 'no name' } }), /name of a header/);
  const needy: TokenScheme = { kind: 'token', at: { header: '{config.header}', prefix: '' } };
  assert.throws(() => judge(needy, {}), /config\.header/);
});

const MISSING = 'missing_signature';

test('of several ways one is enough, and the telling refusal is told', () => {
  const any: SchemeDescription = { kind: 'any', of: [basic, bearer, inQuery] };
  assert.ok(judge(any, { headers: { authorization: 'Bearer s3cret:x' } }).ok);
  assert.ok(judge(any, { headers: { authorization: `Basic ${btoa('s3cret:x')}` } }).ok);
  assert.equal(reasonOf(judge(any, {})), MISSING);
  const wrong = judge(any, { url: 'https://a.test/in/x?token=wrong' });
  assert.equal(reasonOf(wrong), 'wrong_signature');
  // A secret without a colon is none for Basic, and still one for Bearer.
  const secrets = ['plain'];
  assert.ok(judge(any, { secrets, headers: { authorization: 'Bearer plain' } }).ok);
  assert.throws(() => judge(any, { secrets: [''] }), /empty/);
});

test('no scheme at all believes everybody', () => {
  assert.deepEqual(judge({ kind: 'none' }, { secrets: [] }), { ok: true, secret: null });
});
