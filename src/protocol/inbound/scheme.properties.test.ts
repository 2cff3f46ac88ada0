/** Any scheme of the language, and anything a stranger may send it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  inboundRequest,
  sampleKeys,
  signedRequest,
  spelled,
} from '../../testing/inbound-signer.ts';
import { PROVIDERS } from '../providers/catalogue.ts';
import { compileVerifier } from './compile.ts';
import { locate } from './locate.ts';
import type { InboundRequest } from './request.ts';
import type { HashScheme, HmacScheme, SignatureLayout, SignedScheme } from './scheme.ts';
import type { VerifierOptions } from './verifier.ts';

const NOW = 1_735_689_600_000;

function options(...secrets: readonly string[]): VerifierOptions {
  const keys = { document: () => Promise.reject(new Error('No key is fetched here')) };
  return { secrets, config: {}, keys };
}

const layouts: fc.Arbitrary<SignatureLayout> = fc.oneof(
  fc.record({
    kind: fc.constant('single' as const),
    prefix: fc.constantFrom('', 'sha256=', 'v1:', 'HMAC '),
  }),
  fc.record({
    kind: fc.constant('list' as const),
    separator: fc.constantFrom(',', ' ', ';'),
    prefix: fc.constantFrom('v1=', 'v1:', 'sig_'),
  }),
  fc.record({
    kind: fc.constant('fields' as const),
    separator: fc.constantFrom(',', ';', '|'),
    assign: fc.constantFrom('=', ':'),
    signature: fc.constantFrom('v1', 'd', 'sig'),
    timestamp: fc.constant('t'),
    spaced: fc.boolean(),
  }),
);

/** Contents with the body and the time, in any order, with or without the rest. */
const contents = fc
  .tuple(
    fc.shuffledSubarray(['{id}', '{url}', '{method}', '{path}', '{header:x-extra}'], {
      minLength: 0,
    }),
    fc.constantFrom('{body}', '{body_sha256_hex}'),
    fc.constantFrom('.', ':', '|', '\n', '-é-'),
    fc.boolean(),
  )
  .map(([parts, body, mark, bodyFirst]) => {
    const rest = ['{timestamp}', ...parts];
    return (bodyFirst ? [body, ...rest] : [...rest, body]).join(mark);
  });

const base = fc
  .record({
    content: contents,
    layout: layouts,
    encoding: fc.constantFrom('hex' as const, 'base64' as const, 'base64url' as const),
    unit: fc.constantFrom('s' as const, 'ms' as const, 'iso8601' as const),
  })
  .map(({ content, layout, encoding, unit }) => ({
    content,
    signature: { at: { headers: ['x-sig'] }, layout, encoding },
    timestamp: {
      at: layout.kind === 'fields' ? ('signature' as const) : { header: 'x-time' },
      unit,
      toleranceSeconds: 60,
    },
    ...(content.includes('{id}') ? { idHeaders: ['x-id'] } : {}),
  }))
  // An instant by RFC 3339 has colons, so no sender puts it into fields that use them.
  .filter(
    ({ signature: { layout }, timestamp }) =>
      !(layout.kind === 'fields' && layout.assign === ':' && timestamp.unit === 'iso8601'),
  );

const hmacs: fc.Arbitrary<HmacScheme> = fc
  .tuple(
    base,
    fc.constantFrom('sha1' as const, 'sha256' as const, 'sha384' as const, 'sha512' as const),
    fc.constantFrom('text' as const, 'standard' as const, 'base64' as const, 'hex' as const),
  )
  .map(([common, hash, key]) => ({ kind: 'hmac', hash, key, ...common }));

const hashes: fc.Arbitrary<HashScheme> = fc
  .tuple(base, fc.constantFrom('sha256' as const, 'sha512' as const))
  .map(([common, hash]) => ({
    kind: 'hash',
    hash,
    ...common,
    content: `{secret}.${common.content}`,
  }));

const schemes: fc.Arbitrary<SignedScheme> = fc.oneof(hmacs, hashes);

test('what a sender signs by a scheme is believed, and nothing else', () => {
  fc.assert(
    fc.property(schemes, fc.string({ unit: 'grapheme' }), fc.nat(), (scheme, text, flip) => {
      const keys = sampleKeys(scheme, 'secret');
      const verifier = compileVerifier(scheme, options(keys.secret));
      const body = Buffer.from(text);
      const signing = {
        keys,
        body,
        timestamp: spelled(scheme, NOW),
        headers: { 'x-extra': 'a b' },
      };
      const request = signedRequest(scheme, signing);
      assert.deepEqual(verifier.verify(inboundRequest(request), NOW), { ok: true, secret: 0 });
      const bytes = Buffer.concat([body, Buffer.from('x')]);
      bytes[flip % bytes.length] = (bytes[flip % bytes.length] ?? 0) ^ 0x01;
      const tampered = verifier.verify(inboundRequest({ ...request, body: bytes }), NOW);
      assert.ok(!(tampered instanceof Promise) && !tampered.ok);
    }),
    { numRuns: 300 },
  );
});

/** Text as strangers write it: junk, or nearly right. */
const values = fc.oneof(
  fc.string(),
  fc.constantFrom('v1,', 't=1,v1=', 'sha256=', 'v1=aa', 't=1735689600,v1=00', 'Bearer ', 'Basic !'),
  fc.base64String(),
  fc.string().map((text) => `t=1735689600,v1=${text}`),
  fc.constant('a.b.c'),
);

const strangers: fc.Arbitrary<InboundRequest> = fc
  .record({
    method: fc.constantFrom('POST', 'GET', 'PUT'),
    url: fc.oneof(fc.constant('https://a.test/in/x?token=a&token=b'), fc.webUrl(), fc.string()),
    fallback: fc.option(values, { nil: undefined }),
    own: fc.dictionary(fc.string(), values),
    body: fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.constant(new TextEncoder().encode('{"signature":{"signature":[]},"__proto__":{"x":1}}')),
    ),
  })
  .map(({ method, url, fallback, own, body }) => ({
    method,
    url,
    body,
    headers: (name: string) => (Object.hasOwn(own, name) ? own[name] : fallback),
  }));

/** A secret that each scheme takes: whsec_ for some, hex for others. */
const SECRETS = [`whsec_${'A'.repeat(32)}`, 'ab'.repeat(32), 'user:password', 'QUFBQQ=='];

function verifierOf(scheme: (typeof PROVIDERS)[number]['scheme']) {
  for (const secret of SECRETS) {
    try {
      return compileVerifier(scheme, options(secret));
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
  }
  return undefined;
}

const declarative = PROVIDERS.filter(({ scheme }) => scheme.kind !== 'code').flatMap((provider) => {
  const verifier = verifierOf(provider.scheme);
  return verifier === undefined ? [] : [{ provider, verifier }];
});

test('no request of a stranger is believed, and none throws', () => {
  assert.ok(declarative.length >= 90, String(declarative.length));
  fc.assert(
    fc.property(strangers, (request) => {
      const json = parsed(request.body);
      for (const { provider, verifier } of declarative) {
        const verdict = verifier.verify(request, NOW);
        assert.ok(!(verdict instanceof Promise) && !verdict.ok, provider.id);
        for (const locator of [provider.eventType, provider.eventId]) {
          if (locator === null) continue;
          const value = locate(locator, request, json);
          assert.ok(value === undefined || (value.length > 0 && value.length <= 512));
        }
      }
    }),
    { numRuns: 200 },
  );
  assert.equal(Reflect.get({}, 'x'), undefined);
});

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
