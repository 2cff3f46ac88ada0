import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { GITHUB_TEMPLATE } from './github.ts';
import { MAX_SIGNATURES_PER_HEADER, signStandard } from './standard.ts';
import { STRIPE_TEMPLATE } from './stripe.ts';
import {
  coversTime,
  defineTemplate,
  signTemplate,
  templateKey,
  verifyTemplateWith,
  type SignatureTemplate,
  type TemplateMessage,
} from './template.ts';
import { TEMPLATE_VECTORS } from './template.vectors.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOW = 1_700_000_000;
const BODY = new TextEncoder().encode('{"a":"schön"}');
const MISMATCH = { ok: false, reason: 'mismatch' };

function keysOf(template: SignatureTemplate, secrets: readonly string[]) {
  return secrets.map((secret) => templateKey(template, secret));
}

function sign(template: SignatureTemplate, ...secrets: readonly string[]): string {
  const values = { id: 'evt_1', timestamp: String(NOW), body: BODY };
  return signTemplate(template, keysOf(template, secrets), values);
}

function verdict(template: SignatureTemplate, change: Partial<TemplateMessage>): string {
  const message = { header: '', id: 'evt_1', body: BODY, nowSeconds: NOW, ...change };
  const result = verifyTemplateWith(template, keysOf(template, [SECRET]), message);
  return result.ok ? 'ok' : result.reason;
}

test('the published vectors are what we sign, and they verify', () => {
  for (const { template, secret, timestamp, body, signed, received = signed } of TEMPLATE_VECTORS) {
    const values = { timestamp, body: new TextEncoder().encode(body) };
    const keys = keysOf(template, [secret]);
    assert.equal(signTemplate(template, keys, values), signed);
    const message = { header: received, body: values.body, nowSeconds: Number(timestamp ?? 0) };
    assert.deepEqual(verifyTemplateWith(template, keys, message), { ok: true });
    const others = keysOf(template, [`${secret}x`]);
    assert.deepEqual(verifyTemplateWith(template, others, message), MISMATCH);
  }
});

test('the two flavours are what any language makes in one line', () => {
  const stripe = createHmac('sha256', SECRET).update(`${NOW}.`).update(BODY).digest('hex');
  assert.equal(sign(STRIPE_TEMPLATE, SECRET), `t=${NOW},v1=${stripe}`);
  const github = createHmac('sha256', SECRET).update(BODY).digest('hex');
  assert.equal(sign(GITHUB_TEMPLATE, SECRET), `sha256=${github}`);
});

test('Standard Webhooks and other schemes can be written in the same words', () => {
  const standard = defineTemplate({
    content: '{id}.{timestamp}.{body}',
    encoding: 'base64',
    key: 'standard',
    prefix: 'v1,',
    separator: ' ',
    timestampPrefix: null,
  });
  const key = templateKey(standard, SECRET);
  assert.equal(sign(standard, SECRET), signStandard(key, 'evt_1', NOW, BODY));
  const header = sign(standard, 'another secret of them', SECRET);
  assert.equal(verdict(standard, { header, timestamp: String(NOW) }), 'ok');
  assert.equal(verdict(standard, { header }), 'missing', 'the time is in a header of its own');
  const trailing = defineTemplate({ ...standard, content: '{body}{timestamp}' });
  const expected = createHmac('sha256', Buffer.from(SECRET.slice(6), 'base64'))
    .update(BODY)
    .update(String(NOW));
  assert.equal(sign(trailing, SECRET), `v1,${expected.digest('base64')}`);
});

test('any of several signatures in any position is enough, and any live secret', () => {
  const stranger = 'a secret of somebody else';
  for (const secrets of [[SECRET, stranger], [stranger, SECRET], [SECRET]]) {
    assert.equal(verdict(STRIPE_TEMPLATE, { header: sign(STRIPE_TEMPLATE, ...secrets) }), 'ok');
  }
  assert.equal(verdict(STRIPE_TEMPLATE, { header: sign(STRIPE_TEMPLATE, stranger) }), 'mismatch');
  const [, v1 = ''] = sign(STRIPE_TEMPLATE, SECRET).split(',');
  for (const header of [`${v1},t=${NOW}`, `v0=ab,${v1},t=${NOW}`, `t=${NOW},v1=invalid,${v1}`]) {
    assert.equal(verdict(STRIPE_TEMPLATE, { header }), 'ok', header);
  }
  const message = { header: sign(GITHUB_TEMPLATE, SECRET), body: BODY, nowSeconds: NOW };
  const keys = keysOf(GITHUB_TEMPLATE, [stranger, SECRET]);
  assert.deepEqual(verifyTemplateWith(GITHUB_TEMPLATE, keys, message), { ok: true });
  assert.deepEqual(verifyTemplateWith(GITHUB_TEMPLATE, [], message), MISMATCH);
});

test('a header of one signature is signed with the newest secret', () => {
  assert.equal(
    sign(GITHUB_TEMPLATE, 'the newest of them', SECRET),
    sign(GITHUB_TEMPLATE, 'the newest of them'),
  );
});

test('the time may be off by the tolerance, both ways, and not by more', () => {
  const header = sign(STRIPE_TEMPLATE, SECRET);
  for (const [nowSeconds, expected] of [
    [NOW + 300, 'ok'],
    [NOW - 300, 'ok'],
    [NOW + 301, 'stale'],
    [NOW - 301, 'future'],
  ] as const) {
    assert.equal(verdict(STRIPE_TEMPLATE, { header, nowSeconds }), expected);
  }
  assert.equal(
    verdict(STRIPE_TEMPLATE, { header, nowSeconds: NOW + 11, toleranceSeconds: 10 }),
    'stale',
  );
  assert.equal(coversTime(STRIPE_TEMPLATE), true);
  assert.equal(coversTime(GITHUB_TEMPLATE), false);
});

test('headers that no sender writes are refused', () => {
  const good = sign(STRIPE_TEMPLATE, SECRET);
  const [t = '', v1 = ''] = good.split(',');
  const pairs = ['t=,v1=a', 't,v1=,v0=', ',,', 't', t, v1, `v0=${v1.slice(3)},${t}`];
  pairs.push(`${t},${t},${v1}`, `${good}, ${good}`, `t=+${NOW},${v1}`, `t= ${NOW},${v1}`);
  pairs.push(`t=${NOW}.0,${v1}`, `t=0x10,${v1}`, `t=${'9'.repeat(13)},${v1}`);
  const many = Array.from({ length: MAX_SIGNATURES_PER_HEADER + 1 }, () => v1).join(',');
  const malformed = [...pairs, `${t},${many}`, `${good}${',x'.repeat(30)}`];
  for (const header of malformed) {
    const found = verdict(STRIPE_TEMPLATE, { header });
    assert.ok(found === 'malformed' || found === 'missing', `${header}: ${found}`);
  }
  for (const value of [undefined, '']) {
    assert.equal(verdict(STRIPE_TEMPLATE, { header: value }), 'missing');
  }
  for (const header of [`t=0${NOW},${v1}`, good.toUpperCase().replace('T=', 't='), `${good} `]) {
    assert.notEqual(verdict(STRIPE_TEMPLATE, { header }), 'ok', header);
  }
  const hub = sign(GITHUB_TEMPLATE, SECRET);
  for (const header of [hub.slice(7), `sha1=${hub.slice(7)}`, ` ${hub}`]) {
    assert.equal(verdict(GITHUB_TEMPLATE, { header }), 'malformed', header);
  }
  for (const header of [`${hub}, ${hub}`, `${hub}\n`, hub.slice(0, -1), 'sha256=']) {
    assert.equal(verdict(GITHUB_TEMPLATE, { header }), 'mismatch', header);
  }
});

test('any body verifies; one flipped bit does not', () => {
  const body = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const template = fc.constantFrom(STRIPE_TEMPLATE, GITHUB_TEMPLATE);
  fc.assert(
    fc.property(template, body, fc.nat(), (scheme, bytes, flip) => {
      const keys = keysOf(scheme, [SECRET]);
      const header = signTemplate(scheme, keys, { timestamp: String(NOW), body: bytes });
      const message = { header, body: bytes, nowSeconds: NOW };
      assert.deepEqual(verifyTemplateWith(scheme, keys, message), { ok: true });
      const changed = Uint8Array.from(bytes);
      changed[flip % bytes.length] = (bytes[flip % bytes.length] ?? 0) ^ (1 << (flip % 8));
      assert.deepEqual(verifyTemplateWith(scheme, keys, { ...message, body: changed }), MISMATCH);
    }),
    { numRuns: 150 },
  );
});

test('a description that signs no body, or asks for the unknown, is refused', () => {
  const content = (text: string) => () => defineTemplate({ ...STRIPE_TEMPLATE, content: text });
  for (const text of ['', '{timestamp}', '{body}.{body}', '{url}{body}', '{}{body}{nonce}']) {
    assert.throws(content(text), TypeError, text);
  }
});
