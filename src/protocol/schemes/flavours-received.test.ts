/** What we send in another's flavour is what we take for it when it comes in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileVerifier } from '../inbound/compile.ts';
import { findProvider } from '../providers/catalogue.ts';
import { HmacSha256Key } from '../hmac.ts';
import { GITHUB_TEMPLATE } from './github.ts';
import { signStandard } from './standard.ts';
import { STRIPE_TEMPLATE } from './stripe.ts';
import { signTemplate, templateKey } from './template.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SECONDS = 1_735_689_600;
const BODY = new TextEncoder().encode('{"type":"task.completed"}');

function isBelieved(provider: string, headers: Readonly<Record<string, string>>): boolean {
  const scheme = findProvider(provider)?.scheme;
  assert.ok(scheme);
  const keys = { document: () => Promise.reject(new Error('No key is fetched here')) };
  const verdict = compileVerifier(scheme, { secrets: [SECRET], config: {}, keys }).verify(
    { method: 'POST', url: 'https://a.test/', headers: (name) => headers[name], body: BODY },
    SECONDS * 1_000,
  );
  return !(verdict instanceof Promise) && verdict.ok;
}

test("what we sign as Stripe and GitHub passes the catalogue's entries", () => {
  const values = { timestamp: String(SECONDS), body: BODY };
  const old = new HmacSha256Key(new TextEncoder().encode('another secret'));
  const stripe = [old, templateKey(STRIPE_TEMPLATE, SECRET)];
  const signature = signTemplate(STRIPE_TEMPLATE, stripe, values);
  assert.ok(isBelieved('stripe', { 'stripe-signature': signature }));
  const github = signTemplate(GITHUB_TEMPLATE, [templateKey(GITHUB_TEMPLATE, SECRET)], values);
  assert.ok(isBelieved('github', { 'x-hub-signature-256': github }));
});

test("what we sign by Standard Webhooks passes the catalogue's entry", () => {
  const key = new HmacSha256Key(
    Uint8Array.from(atob(SECRET.slice(6)), (character) => character.charCodeAt(0)),
  );
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(SECONDS),
    'webhook-signature': signStandard(key, 'evt_1', SECONDS, BODY),
  };
  assert.ok(isBelieved('standard-webhooks', headers));
  assert.ok(!isBelieved('standard-webhooks', { ...headers, 'webhook-id': 'evt_2' }));
});
