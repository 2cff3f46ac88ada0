/**
 * What went wrong in other receivers, tried on every scheme of the catalogue that is data. The
 * requests are signed by a second implementation of the scheme language.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  inboundRequest,
  sampleKeys,
  signedRequest,
  spelled,
} from '../../testing/inbound-signer.ts';
import type { SampleRequest, Signing } from '../../testing/inbound-signer.ts';
import { PROVIDERS } from '../providers/catalogue.ts';
import { compileVerifier } from './compile.ts';
import type { SchemeDescription, SignedScheme } from './scheme.ts';
import type { InboundVerdict, VerifierOptions } from './verifier.ts';

const NOW = 1_735_689_600_000;
const BODY = Buffer.from('{"id":"evt_1","type":"test.ping","value":1}');
const YEAR_MS = 365 * 86_400_000;

function options(...secrets: readonly string[]): VerifierOptions {
  const keys = { document: () => Promise.reject(new Error('No key is fetched here')) };
  return { secrets, config: {}, keys };
}

function signedSchemes(scheme: SchemeDescription): readonly SignedScheme[] {
  if (scheme.kind === 'any') return scheme.of.flatMap(signedSchemes);
  const isSigned = scheme.kind === 'hmac' || scheme.kind === 'hash' || scheme.kind === 'signature';
  return isSigned ? [scheme] : [];
}

/** One scheme with a source and a sender. */
class Pair {
  readonly scheme: SignedScheme;
  readonly signing: Signing;
  readonly #verifier;

  constructor(scheme: SignedScheme) {
    this.scheme = scheme;
    const keys = sampleKeys(scheme, 'a secret');
    this.signing = { keys, body: BODY, timestamp: spelled(scheme, NOW) };
    this.#verifier = compileVerifier(scheme, options(keys.secret));
  }

  sign(changes: Partial<Signing> = {}): SampleRequest {
    return signedRequest(this.scheme, { ...this.signing, ...changes });
  }

  judge(request: SampleRequest, now = NOW): InboundVerdict {
    const verdict = this.#verifier.verify(inboundRequest(request), now);
    assert.ok(!(verdict instanceof Promise));
    return verdict;
  }

  refuses(request: SampleRequest, what: string, now = NOW): void {
    const verdict = this.judge(request, now);
    assert.ok(!verdict.ok, what);
    assert.match(verdict.detail, /^[A-Z"].*\.$/s, 'a sentence');
    const { secret } = this.signing.keys;
    assert.ok(!verdict.detail.includes(secret), 'no secret in what people read');
  }

  /** The request with its signature rewritten; the signature stands in a header. */
  respelled(change: (signature: string) => string): SampleRequest {
    const request = this.sign();
    const { name, signature } = this.located(request);
    const value = request.headers[name] ?? '';
    const respelledValue = value.slice(0, value.length - signature.length) + change(signature);
    return { ...request, headers: { ...request.headers, [name]: respelledValue } };
  }

  /** Signatures come last in all layouts. */
  located(request: SampleRequest): { name: string; signature: string } {
    const { at } = this.scheme.signature;
    assert.ok('headers' in at);
    const name = (at.headers[0] ?? '').replaceAll(/\{config\.\w+\|([^{}]*)\}/g, '$1');
    const { layout } = this.scheme.signature;
    const mark = layout.kind === 'fields' ? layout.signature + layout.assign : layout.prefix;
    const prefix = mark.replaceAll(/\{config\.\w+\|([^{}]*)\}/g, '$1');
    const value = request.headers[name] ?? '';
    const start = prefix === '' ? 0 : value.lastIndexOf(prefix) + prefix.length;
    return { name, signature: value.slice(start) };
  }
}

function withHeader(request: SampleRequest, name: string, value: string | null): SampleRequest {
  const others = Object.fromEntries(
    Object.entries(request.headers).filter(([other]) => other !== name),
  );
  return { ...request, headers: value === null ? others : { ...others, [name]: value } };
}

const CASES = PROVIDERS.flatMap(({ id, scheme }) =>
  signedSchemes(scheme).map((one, index) => ({ title: `${id} ${index + 1}`, scheme: one })),
);

test('most of the catalogue is data', () => assert.ok(CASES.length >= 80, String(CASES.length)));

for (const { title, scheme } of CASES) {
  const isInHeader = 'headers' in scheme.signature.at;
  const coversBody = scheme.content.includes('{body');

  test(`${title}: what its sender signs is believed`, () => {
    const pair = new Pair(scheme);
    assert.deepEqual(pair.judge(pair.sign()), { ok: true, secret: 0 });
  });

  test(`${title}: the secret that fits is told by its place`, () => {
    const keys = [sampleKeys(scheme, 'first'), sampleKeys(scheme, 'second')];
    const verifier = compileVerifier(scheme, options(...keys.map(({ secret }) => secret)));
    for (const [secret, key] of keys.entries()) {
      const request = new Pair(scheme).sign({ keys: key });
      assert.deepEqual(verifier.verify(inboundRequest(request), NOW), { ok: true, secret });
    }
  });

  test(`${title}: no source without a secret`, () => {
    for (const secrets of [[], [''], [' '], [sampleKeys(scheme, 'one').secret, '']]) {
      assert.throws(() => compileVerifier(scheme, options(...secrets)), TypeError);
    }
  });

  test(`${title}: another source's secret opens nothing`, () => {
    const pair = new Pair(scheme);
    pair.refuses(pair.sign({ keys: sampleKeys(scheme, 'another') }), 'another secret');
  });

  if (isInHeader) {
    test(`${title}: an empty, short or cut signature is none`, () => {
      const pair = new Pair(scheme);
      for (const text of ['', 'AA==', 'AA', '00'])
        pair.refuses(
          pair.respelled(() => text),
          text,
        );
      const { signature } = pair.located(pair.sign());
      for (let length = 0; length < Math.min(32, signature.length); length += 1) {
        pair.refuses(
          pair.respelled((text) => text.slice(0, length)),
          `cut at ${length}`,
        );
      }
    });

    test(`${title}: a signature has one spelling`, () => {
      const pair = new Pair(scheme);
      const spellings: ((text: string) => string)[] = [
        (text) => `${text}!`,
        (text) => `${text} `,
        (text) => `${text}\n`,
        (text) => `${text}=`,
        (text) => ` ${text}`,
        (text) => `${text}${text}`,
        (text) => text.replace(/=+$/, '') + (text.endsWith('=') ? '' : '='),
        (text) => `${text.slice(0, 10)}\u0000${text.slice(10)}`,
        (text) => `%${text}`,
      ];
      if (scheme.signature.encoding === 'hex') spellings.push((text) => text.toUpperCase());
      if (scheme.signature.encoding === 'base64') {
        // The last character before the padding has bits that no byte uses.
        spellings.push((text) =>
          text
            .replace(
              /(.)(=+)$/,
              (_, last: string, padding: string) =>
                `${String.fromCharCode(last.charCodeAt(0) + 1)}${padding}`,
            )
            .replace(/^([^=]*)$/, '$1A'),
        );
      }
      for (const [index, respell] of spellings.entries()) {
        const request = pair.respelled(respell);
        pair.refuses(request, `spelling ${index}`);
      }
    });

    test(`${title}: headers are not missing, empty or repeated`, () => {
      const pair = new Pair(scheme);
      const request = pair.sign();
      for (const [name, value] of Object.entries(request.headers)) {
        pair.refuses(withHeader(request, name, null), `without ${name}`);
        pair.refuses(withHeader(request, name, ''), `empty ${name}`);
        for (const twice of [`${value}, ${value}`, `${value}, x`, `x, ${value}`]) {
          pair.refuses(withHeader(request, name, twice), `${name}: ${twice}`);
        }
      }
    });

    test(`${title}: versions that are not the scheme's do not count`, () => {
      const pair = new Pair(scheme);
      const request = pair.sign();
      const { name, signature } = pair.located(request);
      for (const version of ['v9=', 'none=', 'v1z,', 'md5=', 'v2,']) {
        pair.refuses(withHeader(request, name, version + signature), version);
      }
      const { layout } = scheme.signature;
      const separator = layout.kind === 'single' ? ' ' : layout.separator;
      const value = request.headers[name] ?? '';
      const nine = Array.from({ length: 17 }, () => value).join(separator);
      pair.refuses(withHeader(request, name, nine), 'seventeen signatures');
    });
  }

  if (coversBody) {
    test(`${title}: the body counts byte for byte`, () => {
      const pair = new Pair(scheme);
      const signed = pair.sign();
      const text = signed.body.toString();
      const others = [
        `\uFEFF${text}`,
        `${text}\n`,
        ` ${text}`,
        text.replace('"value":1', '"value":1.0'),
        '',
      ];
      for (const body of others) pair.refuses({ ...signed, body: Buffer.from(body) }, body);
      if (scheme.kind === 'hash' || typeof scheme.timestamp?.at === 'object') return;
      const bytes = pair.sign({ body: Buffer.from([0xff, 0x0d, 0x0a]) });
      assert.ok(pair.judge(bytes).ok, 'what is no text is signed as it is');
      pair.refuses({ ...bytes, body: Buffer.from([0xfe, 0x0d, 0x0a]) }, '0xFE for 0xFF');
      pair.refuses({ ...bytes, body: Buffer.from([0xff, 0x0a]) }, 'LF for CRLF');
    });
  }

  if (scheme.content.includes('{url}')) {
    test(`${title}: a request for another URL is not ours`, () => {
      const pair = new Pair(scheme);
      const request = pair.sign();
      pair.refuses({ ...request, url: `${request.url}&y=2` }, 'another query');
      pair.refuses({ ...request, url: request.url.replace('example.com', 'a.test') }, 'host');
    });
  }

  const rule = scheme.timestamp;
  if (rule === null) continue;

  test(`${title}: the time is near, both ways, and ours to set`, () => {
    const pair = new Pair(scheme);
    const request = pair.sign();
    const toleranceMs = rule.toleranceSeconds * 1_000;
    for (const off of [toleranceMs + 1_000, YEAR_MS * 10]) {
      pair.refuses(request, 'stale', NOW + off);
      pair.refuses(request, 'future', NOW - off);
    }
    assert.ok(pair.judge(request, NOW + toleranceMs).ok);
    assert.ok(pair.judge(request, NOW - toleranceMs).ok);
    const strict = compileVerifier(scheme, {
      ...options(pair.signing.keys.secret),
      toleranceSeconds: 1,
    });
    const verdict = strict.verify(inboundRequest(request), NOW + 2_000);
    assert.ok(!(verdict instanceof Promise) && !verdict.ok);
    assert.equal(verdict.reason, 'stale_timestamp');
  });

  if (typeof rule.at === 'object' && 'json' in rule.at) continue;

  test(`${title}: a time that is spelled otherwise is refused even if it is signed`, () => {
    const pair = new Pair(scheme);
    const { timestamp } = pair.signing;
    for (const text of [
      `${timestamp} abc`,
      ` ${timestamp}`,
      `${timestamp}.9`,
      `+${timestamp}`,
      `-${timestamp}`,
      '0x6774',
      '1e9',
      '\u0661\u0667',
      'NaN',
      'now',
      '9'.repeat(14),
    ]) {
      pair.refuses(pair.sign({ timestamp: text }), text);
    }
  });
}

test('an id with the mark that ends it would be signed in two ways', () => {
  const pair = new Pair(
    CASES.find(({ title }) => title === 'standard-webhooks 1')?.scheme ?? fail(),
  );
  pair.refuses(pair.sign({ id: 'msg.1' }), 'a dot in the id');
});

test('under two names of headers, an id that is added is not believed', () => {
  const svix = CASES.find(({ title }) => title === 'svix 1')?.scheme ?? fail();
  const white = CASES.find(({ title }) => title === 'standard-webhooks 1')?.scheme ?? fail();
  const pair = new Pair(svix);
  const request = signedRequest(white, pair.signing);
  assert.ok(pair.judge(request).ok, 'the names that white-label senders use');
  pair.refuses(withHeader(request, 'svix-id', 'msg_2'), 'another id');
  pair.refuses(withHeader(request, 'svix-timestamp', String(NOW / 1_000 + 1)), 'another time');
  const both = withHeader(request, 'svix-signature', 'v1,AAAA');
  assert.ok(pair.judge(both).ok, 'one signature that fits is enough');
});

function fail(): never {
  throw new Error('The catalogue has no such entry');
}
