import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../problems.ts';
import { checkHydrateConfig } from './hydrate-config.ts';

const checks = {
  checkTarget: (text: string) => {
    const url = URL.parse(text);
    return url === null
      ? ({ ok: false, code: 'invalid_url', reason: 'is no URL' } as const)
      : ({ ok: true, url } as const);
  },
  hasSecret: (name: string): boolean => name === 'secret:api_key',
};

function refused(provider: string, hydrate: unknown, using = checks): string[] {
  try {
    checkHydrateConfig(provider, hydrate, using);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.errors.map((part) => `${'pointer' in part ? part.pointer : ''} ${part.detail}`);
  }
  return [];
}

test('a preset needs nothing but its credential', () => {
  assert.deepEqual(refused('openai', true), []);
  assert.deepEqual(refused('stripe', { cache_seconds: 60, events: ['stripe.v2.**'] }), []);
  const without = { ...checks, hasSecret: () => false };
  assert.match(
    refused('openai', true, without)[0] ?? '',
    /hydrate\/headers\/authorization .*api_key/,
  );
});

test('others say where the object is', () => {
  const url = 'https://api.example/things/{json:data.id}';
  assert.deepEqual(refused('custom', { url, headers: { 'X-Key': '{secret:api_key}' } }), []);
  assert.match(refused('custom', true)[0] ?? '', /hydrate\/url is required/);
});

test('mistakes are told at their places', () => {
  const url = 'https://api.example/{json:id}';
  assert.match(refused('custom', false)[0] ?? '', /\/config\/hydrate must be true or an object/);
  assert.match(refused('custom', { url, retries: 3 })[0] ?? '', /retries is not known/);
  assert.match(refused('custom', { url: 'https://{json:a}.x/' })[0] ?? '', /host and port/);
  assert.match(refused('custom', { url: 'https://x/{data.id}' })[0] ?? '', /a place is \{json:/);
  assert.match(
    refused('custom', { url, headers: { A: '{secret}' } })[0] ?? '',
    /headers\/A .*secret/,
  );
  assert.match(refused('custom', { url, events: ['a b'] })[0] ?? '', /hydrate\/events\/0/);
  assert.match(refused('custom', { url, on_failure: 'drop' })[0] ?? '', /hydrate\/on_failure/);
});
