import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../problems.ts';
import { checkPollConfig } from './poll-config.ts';

const checks = {
  checkTarget: (text: string) => {
    const url = URL.parse(text);
    return url?.protocol === 'https:'
      ? ({ ok: true, url } as const)
      : ({ ok: false, code: 'invalid_url', reason: 'the target URL must use https' } as const);
  },
  hasSecret: (name: string) => name === 'secret' || name === 'secret:api_key',
};

const URL_ONLY = { url: 'https://bank.example/accounts' };

/** Pointers and details of what is refused. */
function refused(config: unknown): [string, string][] {
  try {
    checkPollConfig(config, checks);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.errors.map((part) => ['pointer' in part ? part.pointer : '', part.detail]);
  }
  return [];
}

test('a url is enough', () => {
  assert.deepEqual(checkPollConfig(URL_ONLY, checks), URL_ONLY);
});

test('short forms are stored in their long form', () => {
  const config = checkPollConfig({ ...URL_ONLY, resources: ['a'], emit: 'change' }, checks);
  assert.deepEqual(config.resources, [{ name: 'a' }]);
  assert.deepEqual(config.emit, { change: {} });
});

test('the example of the guide is taken', () => {
  const config = {
    url: 'https://bank.example/accounts/{resource}/balance?currency={currency}',
    headers: { Authorization: 'Bearer {secret:api_key}' },
    select: '$.balance',
    resources: [{ name: 'acc_1', vars: { currency: 'KRW' } }],
    emit: { threshold: { path: '$', op: '>=', value: 1e6, hysteresis: 1e4, on_clear: true } },
    interval_seconds: 300,
    min_interval_seconds: 60,
    max_interval_seconds: 900,
    budget: { requests: 600, per_seconds: 60, credential: 'bank' },
    event_type: 'bank.balance_high',
  };
  assert.deepEqual(refused(config), []);
});

for (const [what, config, pointer, detail] of [
  ['no url', {}, '/config/url', /is required/],
  ['an unknown field', { ...URL_ONLY, uri: 1 }, '/config/uri', /known are: url/],
  ['a forbidden target', { url: 'http://x/' }, '/config/url', /must use https/],
  ['a host to fill in', { url: 'https://{resource}.example/' }, '/config/url', /host and port/],
  [
    'a place that nothing fills',
    { url: 'https://a.example/{account}', resources: [{ name: 'x', vars: { account: '1' } }, 'y'] },
    '/config/url',
    /\{account\}, which is not known; known are: resource/,
  ],
  [
    'a secret that is not there',
    { ...URL_ONLY, headers: { 'X-Key': '{secret:other}' } },
    '/config/headers/X-Key',
    /\{secret:other\}/,
  ],
  ['a secret in the url', { url: 'https://a.example/{secret}' }, '/config/url', /not known/],
  [
    'a credential that would be shown',
    { ...URL_ONLY, headers: { Authorization: 'Bearer abc' } },
    '/config/headers/Authorization',
    /write \{secret:name\} in its place/,
  ],
  ['a header of ours', { ...URL_ONLY, headers: { Host: 'x' } }, '/config/headers', /host/i],
  ['a broken path', { ...URL_ONLY, select: 'balance' }, '/config/select', /RFC 9535/],
  [
    'a path with a regular expression',
    { ...URL_ONLY, select: '$[?search(@, "a")]' },
    '/config/select',
    /left out/,
  ],
  [
    'a range without two ends',
    { ...URL_ONLY, emit: { threshold: { op: 'outside', value: 3 } } },
    '/config/emit/threshold',
    /\[low, high\] for "outside"/,
  ],
  ['two ways to tell', { ...URL_ONLY, emit: {} }, '/config/emit', /must be "change"/],
  [
    'the same name twice',
    { ...URL_ONLY, resources: ['a', 'a'] },
    '/config/resources/1/name',
    /twice/,
  ],
  [
    'an interval outside its bounds',
    { ...URL_ONLY, interval_seconds: 60, min_interval_seconds: 90 },
    '/config/min_interval_seconds',
    /above interval_seconds, 60/,
  ],
  ['a body with GET', { ...URL_ONLY, body: {} }, '/config/body', /"method": "POST"/],
  ['a bad event type', { ...URL_ONLY, event_type: 'a b' }, '/config/event_type', /event type/],
] as const) {
  test(`${what} is refused at its place`, () => {
    const found = refused(config);
    const [place, message] = found[0] ?? [];
    assert.equal(place, pointer, JSON.stringify(found));
    assert.match(message ?? '', detail);
  });
}
