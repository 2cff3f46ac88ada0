import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SOURCE_CHOICES, type Source } from '../source.ts';
import { HYDRATE_PRESETS, type HydrateRule } from './presets.ts';
import { hydrateSettings, objectUrl } from './settings.ts';

function source(provider: string, hydrate: unknown): Source {
  return {
    ...DEFAULT_SOURCE_CHOICES,
    provider,
    config: hydrate === undefined ? {} : { hydrate },
    number: 1,
    id: 'src_1',
    tenant: 1,
    token: '',
    secrets: [],
    status: 'active',
    lockedReason: null,
    createdAt: 0,
    updatedAt: 0,
  };
}

function urlFor(provider: string, eventType: string, data: unknown): string | undefined {
  const rule = hydrateSettings(source(provider, true))?.ruleFor(eventType);
  return rule && objectUrl(rule, data)?.href;
}

test('presets know where the objects of thin events are', () => {
  assert.equal(
    urlFor('openai', 'openai.response.completed', { data: { id: 'resp_1' } }),
    'https://api.openai.com/v1/responses/resp_1',
  );
  assert.equal(
    urlFor('openai', 'openai.fine_tuning.job.succeeded', { data: { id: 'ftjob-1' } }),
    'https://api.openai.com/v1/fine_tuning/jobs/ftjob-1',
  );
  assert.equal(
    urlFor('anthropic', 'anthropic.session.status_idled', { data: { id: 'sesn_1' } }),
    'https://api.anthropic.com/v1/sessions/sesn_1',
  );
  assert.equal(
    urlFor('stripe', 'stripe.v2.core.account.updated', {
      related_object: { url: '/v2/core/accounts/acct_1' },
    }),
    'https://api.stripe.com/v2/core/accounts/acct_1',
  );
  assert.equal(urlFor('stripe', 'stripe.invoice.paid', {}), undefined, 'a snapshot needs nothing');
});

test('a preset asks for one credential, and stays on the provider’s own host', () => {
  for (const { provider, headers, rules } of HYDRATE_PRESETS) {
    const secrets = Object.values(headers).filter((value) => value.includes('{secret'));
    assert.deepEqual(secrets.length, 1, provider);
    for (const { url } of rules) assert.match(url, new RegExp(`^https://api\\.${provider}\\.com`));
  }
});

test('nothing in an event leads the credential to another place', () => {
  const byPath: HydrateRule = { events: ['**'], url: 'https://api.example{path:url}' };
  for (const url of [
    '//evil.example/x',
    '/../admin',
    '/v1/../admin',
    '/v1//x',
    '/v1/%2e%2e/x',
    'https://evil.example',
    '@evil.example/',
    '.evil.example/',
    ':80/',
    '/a?b=c',
    '/a#b',
    '\\evil',
    '',
  ]) {
    assert.equal(objectUrl(byPath, { url }), undefined, url);
  }
  const byId: HydrateRule = { events: ['**'], url: 'https://api.example/things/{json:id}' };
  assert.equal(
    objectUrl(byId, { id: '../x?y#z' })?.href,
    'https://api.example/things/..%2Fx%3Fy%23z',
  );
  for (const id of ['.', '..', '', null, true, {}, []]) {
    assert.equal(objectUrl(byId, { id }), undefined, JSON.stringify(id));
  }
});

test('only own members are looked at', () => {
  const rule: HydrateRule = { events: ['**'], url: 'https://x/{json:constructor.name}' };
  assert.equal(objectUrl(rule, {}), undefined);
});

test('a source without the setting, or whose objects nobody knows, does not hydrate', () => {
  assert.equal(hydrateSettings(source('openai', undefined)), undefined);
  assert.equal(hydrateSettings(source('custom', true)), undefined);
});

test('events narrows a preset, and never widens it', () => {
  const settings = hydrateSettings(source('openai', { events: ['openai.batch.*', 'openai.x'] }));
  assert.ok(settings);
  assert.ok(settings.ruleFor('openai.batch.completed'));
  assert.equal(settings.ruleFor('openai.response.completed'), undefined);
  assert.equal(settings.ruleFor('openai.x'), undefined);
});
