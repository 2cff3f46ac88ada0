/** Real requests against a real token endpoint and target, both on loopback. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { eventId } from '../../domain/ids.ts';
import { liveSecret, type Subscription } from '../../domain/subscription.ts';
import type { OAuth2Auth } from '../../domain/target-auth.ts';
import { setupEgress, summary } from '../../egress/testing/setup.ts';
import { FakeReceiver, type Answer } from '../../testing/fake-receiver.ts';
import { plainWebhook } from '../../testing/plain-webhook.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';
import type { RunningAttempt } from '../destination.ts';

const SECRET = 'client secret: ü&=+ %';
const BODY = Buffer.from('{}');

function token(name: string, more: object = { expires_in: 3_600 }): Answer {
  return { body: JSON.stringify({ access_token: name, token_type: 'Bearer', ...more }) };
}

async function setup(t: TestContext) {
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  const egress = setupEgress(t);
  const destination = plainWebhook(egress);
  const subscription = (auth: Partial<OAuth2Auth> = {}, more: Partial<Subscription> = {}) => ({
    ...webhookSettings({ url: `${receiver.url}/hook` }),
    auth: {
      kind: 'oauth2' as const,
      tokenUrl: `${receiver.url}/token`,
      clientId: 'client:1',
      clientSecret: SECRET,
      scope: null,
      audience: null,
      clientAuth: 'basic' as const,
      ...auth,
    },
    number: 3,
    id: 'sub_3',
    tenant: 12,
    status: 'active' as const,
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret('the secret of this test')],
    ...more,
  });
  const begin = (
    to: Subscription,
    startedAt: number,
    done: (result: AttemptResult) => void,
  ): RunningAttempt =>
    destination.attempt(
      {
        subscription: to,
        eventId: eventId(START_AT, 7),
        sequence: 7,
        createdAt: START_AT,
        body: BODY,
        eventType: 'task.completed',
        orderingKey: null,
        attemptNumber: 1,
        startedAt,
      },
      done,
    );
  const attempt = (to: Subscription, startedAt = START_AT) =>
    new Promise<AttemptResult>((resolve) => {
      begin(to, startedAt, resolve);
    });
  const seen = (path: string) => receiver.requests.filter((request) => request.path === path);
  const bearers = () => seen('/hook').map(({ headers }) => headers.authorization);
  return { receiver, subscription, begin, attempt, seen, bearers };
}

test('a token is asked for as RFC 6749 says, and goes with the request', async (t) => {
  const { receiver, subscription, attempt, seen, bearers } = await setup(t);
  receiver.script('/token', token('t-1'));
  const auth = { scope: 'hooks:write a', audience: 'https://api.example.com' };
  assert.equal(summary(await attempt(subscription(auth))), 'response 200');
  const [asked] = seen('/token');
  assert.equal(asked?.method, 'POST');
  assert.equal(asked.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked.body.toString())), {
    grant_type: 'client_credentials',
    ...auth,
  });
  const basic = Buffer.from(asked.headers.authorization?.slice('Basic '.length) ?? '', 'base64');
  const [id, secret] = basic
    .toString()
    .split(':')
    .map((part) => new URLSearchParams(`=${part}`));
  assert.deepEqual([id?.get(''), secret?.get('')], ['client:1', SECRET]);
  assert.deepEqual(bearers(), ['Bearer t-1']);
});

test('client id and secret may stand in the body instead', async (t) => {
  const { receiver, subscription, attempt, seen } = await setup(t);
  receiver.script('/token', token('t-1'));
  await attempt(subscription({ clientAuth: 'body' }));
  const [asked] = seen('/token');
  assert.equal(asked?.headers.authorization, undefined);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked?.body.toString())), {
    grant_type: 'client_credentials',
    client_id: 'client:1',
    client_secret: SECRET,
  });
});

test('one token serves until shortly before its end; many attempts ask once', async (t) => {
  const { receiver, subscription, attempt, seen, bearers } = await setup(t);
  receiver.script('/token', { ...token('t-1', { expires_in: 100 }), delayMs: 30 }, token('t-2'));
  const to = subscription();
  await Promise.all(Array.from({ length: 5 }, () => attempt(to)));
  assert.equal(seen('/token').length, 1);
  await attempt({ ...to, name: 'renamed' }, START_AT + 80_000);
  assert.equal(seen('/token').length, 1, 'the same credentials in a changed subscription');
  await attempt(to, START_AT + 95_000);
  assert.equal(seen('/token').length, 2);
  assert.deepEqual(new Set(bearers().slice(0, 6)), new Set(['Bearer t-1']));
  assert.equal(bearers()[6], 'Bearer t-2');
});

test('changed credentials fetch a token of their own', async (t) => {
  const { receiver, subscription, attempt, bearers } = await setup(t);
  receiver.script('/token', token('t-1'), token('t-2'));
  await attempt(subscription());
  await attempt(subscription({ clientSecret: 'another' }));
  assert.deepEqual(bearers(), ['Bearer t-1', 'Bearer t-2']);
});

test('a 401 to an old token is answered once with a new one, within the attempt', async (t) => {
  const { receiver, subscription, attempt, bearers } = await setup(t);
  receiver.script('/token', token('t-1'), token('t-2'), token('t-3'));
  const to = subscription();
  await attempt(to);
  receiver.script('/hook', { status: 401 }, { status: 200 });
  const renewed = await attempt(to, START_AT + 60_000);
  assert.equal(summary(renewed), 'response 200');
  receiver.script('/hook', { status: 401 });
  assert.equal(summary(await attempt(to, START_AT + 120_000)), 'response 401');
  assert.deepEqual(
    bearers(),
    ['t-1', 't-1', 't-2', 't-2', 't-3'].map((name) => `Bearer ${name}`),
  );
});

test('a 401 to a token that has just come is a 401: asking again would not help', async (t) => {
  const { receiver, subscription, attempt, seen } = await setup(t);
  receiver.script('/token', token('t-1'));
  receiver.script('/hook', { status: 401 });
  assert.equal(summary(await attempt(subscription())), 'response 401');
  assert.equal(seen('/token').length, 1);
});

test('attempts whose old token is refused at the same time share one new one', async (t) => {
  const { receiver, subscription, attempt, seen } = await setup(t);
  receiver.script('/token', token('t-1'), { ...token('t-2'), delayMs: 30 });
  const to = subscription();
  await attempt(to);
  const refusal = { status: 401 };
  receiver.script('/hook', refusal, refusal, refusal, { status: 200 });
  const results = await Promise.all([1, 2, 3].map(() => attempt(to, START_AT + 60_000)));
  assert.deepEqual(
    results.map(summary),
    Array.from({ length: 3 }, () => 'response 200'),
  );
  assert.equal(seen('/token').length, 2);
});

const refusals: readonly (readonly [string, Answer | 'hang' | 'reset', RegExp])[] = [
  [
    'an OAuth error',
    { status: 401, body: '{"error":"invalid_client","error_description":"x"}' },
    /^auth_failed: the token endpoint answered 401 Unauthorized \(invalid_client\)$/,
  ],
  [
    'an error of its own',
    { status: 400, body: `{"error":"no ${SECRET}"}` },
    /^auth_failed: the token endpoint answered 400 Bad Request$/,
  ],
  ['a redirect', { status: 302, headers: { location: '/hook' } }, /answered 302/],
  ['no JSON', { body: '<html>' }, /without a usable access_token$/],
  ['no token', { body: '{"token_type":"bearer"}' }, /without a usable access_token$/],
  ['a header in the token', token('a\r\nx: y'), /without a usable access_token$/],
  ['another kind of token', token('t', { token_type: 'mac' }), /no bearer token$/],
  ['a broken connection', 'reset', /^auth_failed: the token endpoint failed: the connection/],
  ['silence', 'hang', /^auth_failed: the token endpoint failed: no complete response within/],
];

for (const [name, reaction, expected] of refusals) {
  test(`a token endpoint that answers with ${name} fails the attempt, unsent`, async (t) => {
    const { receiver, subscription, attempt, seen } = await setup(t);
    receiver.script('/token', reaction);
    const result = await attempt(subscription({}, { timeoutMs: 300 }));
    assert.match(summary(result), expected);
    assert.ok(!summary(result).includes(SECRET));
    assert.deepEqual(seen('/hook'), []);
  });
}

test('a refusal is remembered for a moment, then asked for anew', async (t) => {
  const { receiver, subscription, attempt, seen } = await setup(t);
  receiver.script('/token', { status: 500 }, token('t-1'));
  const to = subscription();
  for (const at of [0, 10, 4_000]) {
    assert.match(summary(await attempt(to, START_AT + at)), /^auth_failed/);
  }
  assert.equal(seen('/token').length, 1);
  assert.equal(summary(await attempt(to, START_AT + 6_000)), 'response 200');
});

test('a token endpoint at a forbidden address is not asked', async (t) => {
  const { subscription, attempt, seen } = await setup(t);
  const to = subscription({ tokenUrl: 'http://10.0.0.1/token' });
  assert.equal(
    summary(await attempt(to)),
    'auth_failed: the token endpoint failed: target address is not allowed',
  );
  assert.deepEqual(seen('/hook'), []);
});

test('the time for the token is part of the time of the attempt', async (t) => {
  const { receiver, subscription, attempt } = await setup(t);
  receiver.script('/token', { ...token('t-1'), delayMs: 200 });
  receiver.script('/hook', 'hang');
  const result = await attempt(subscription({}, { timeoutMs: 500 }));
  assert.match(summary(result), /^timeout: no complete response within \d+/);
  assert.ok(result.durationMs > 400 && result.durationMs < 800, String(result.durationMs));
});

test('an attempt that is broken off while it waits for its token ends once', async (t) => {
  const { receiver, subscription, begin, attempt, seen } = await setup(t);
  receiver.script('/token', { ...token('t-1'), delayMs: 50 });
  const to = subscription();
  const results: AttemptResult[] = [];
  const ended = Promise.withResolvers<void>();
  const running = begin(to, START_AT, (result) => {
    results.push(result);
    ended.resolve();
  });
  const other = attempt(to);
  running.abort();
  running.abort();
  assert.equal(results.length, 0, 'not before the call has returned');
  await ended.promise;
  assert.equal(summary(await other), 'response 200', 'who waits for the same token gets it');
  assert.deepEqual(results.map(summary), ['reset: aborted by shutdown']);
  assert.equal(seen('/hook').length, 1);
});

test('basic and bearer credentials need no fetching', async (t) => {
  const { subscription, attempt, bearers } = await setup(t);
  const basic = { kind: 'basic', username: 'Aladdin', password: 'open sesame' } as const;
  await attempt(subscription({}, { auth: basic }));
  await attempt(subscription({}, { auth: { kind: 'bearer', token: 'mF_9.B5f-4.1JqM' } }));
  // The examples of RFC 7617 and RFC 6750.
  assert.deepEqual(bearers(), ['Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Bearer mF_9.B5f-4.1JqM']);
});
