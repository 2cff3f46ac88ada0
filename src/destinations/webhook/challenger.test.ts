/** Real requests to a target on loopback that is asked whether it wants events. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createReceiver } from '../../../sdk/receiver/index.ts';
import type { ChallengeOutcome } from '../../domain/challenge.ts';
import { liveSecret, type Subscription } from '../../domain/subscription.ts';
import { setupEgress } from '../../egress/testing/setup.ts';
import { realClock } from '../../egress/testing/clocks.ts';
import { readChallenge } from '../../protocol/challenge.ts';
import { FakeReceiver, type Reaction } from '../../testing/fake-receiver.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';
import { startHttp } from '../../egress/testing/servers.ts';
import { createChallenger } from './challenger.ts';
import { prepareWebhook } from './plan.ts';

const SECRET = 'the secret of this test';
const ORIGIN = 'hooks.example.com';

async function setup(t: TestContext) {
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  const challenge = createChallenger({
    egress: setupEgress(t),
    userAgent: 'Bellwire/0.1',
    origin: ORIGIN,
    clock: realClock,
    random: new SeededRandom(1),
  });
  const ask = (change: Partial<Subscription> = {}) =>
    challenge(subscriptionTo(`${receiver.url}/hook?a=b`, change));
  return { receiver, challenge, ask };
}

function subscriptionTo(url: string, change: Partial<Subscription> = {}): Subscription {
  return {
    ...webhookSettings({ url }),
    number: 3,
    id: 'sub_3',
    tenant: 12,
    status: 'pending_challenge',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret(SECRET)],
    ...change,
  };
}

function summary(outcome: ChallengeOutcome): string {
  return outcome.ok ? `${outcome.method} ok` : `${outcome.method}: ${outcome.failure}`;
}

test('the SDK receiver passes, because it answers what is signed with its secret', async (t) => {
  const handled: unknown[] = [];
  const { node } = createReceiver({ secret: SECRET, on: { '**': (event) => handled.push(event) } });
  const server = await startHttp(t, node());
  const { challenge } = await setup(t);
  const to = subscriptionTo(`http://127.0.0.1:${server.port}/hook`);
  assert.equal(summary(await challenge(to)), 'echo ok');
  const stranger = { ...to, secrets: [liveSecret('a secret it does not know')] };
  assert.equal(summary(await challenge(stranger)), 'echo: the target answered 403 Forbidden');
  assert.deepEqual(handled, []);
});

test('a challenge is a POST to the exact target, signed, with what the owner wants', async (t) => {
  const { receiver, ask } = await setup(t);
  const auth = { kind: 'bearer', token: 'abc' } as const;
  await ask({ auth, headers: { 'x-team': 'blue' } });
  await ask();
  const [first, second] = receiver.requests;
  assert.deepEqual([first?.method, first?.path], ['POST', '/hook?a=b']);
  const headers = first?.headers ?? {};
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['user-agent'], 'Bellwire/0.1');
  assert.equal(headers.authorization, 'Bearer abc');
  assert.equal(headers['x-team'], 'blue');
  assert.match(String(headers['webhook-signature']), /^v1,/);
  assert.match(String(headers['x-agent-signature']), /^[0-9a-f]{64}$/);
  const tokens = [first, second].map((request) => readChallenge(request?.body ?? Buffer.alloc(0)));
  assert.ok(tokens.every((token) => (token ?? '').length >= 43));
  assert.notEqual(tokens[0], tokens[1], 'each time another token');
});

const wrong: readonly (readonly [string, Reaction, failure: RegExp])[] = [
  ['no echo', {}, /^the target answered 200 OK, but its body is not the token of the challenge$/],
  ['an error', { status: 404 }, /^the target answered 404 Not Found$/],
  ['a redirect', { status: 302, headers: { location: '/' } }, /^the target answered 302 Found$/],
  ['a broken connection', 'reset', /^the connection closed/],
  ['silence', 'hang', /^no complete response within 200 ms$/],
];

for (const [name, reaction, failure] of wrong) {
  test(`${name} is why it has not passed`, async (t) => {
    const { receiver, ask } = await setup(t);
    receiver.script('/hook', reaction);
    const outcome = await ask({ timeoutMs: 200 });
    assert.ok(!outcome.ok);
    assert.match(outcome.failure, failure);
  });
}

test('a forbidden target is not asked, and told as one', async (t) => {
  const { challenge } = await setup(t);
  const outcome = await challenge(subscriptionTo('http://10.0.0.1/hook'));
  assert.equal(summary(outcome), 'echo: target address is not allowed');
});

test('the token must come back from the very request that asked', async (t) => {
  const { receiver, ask } = await setup(t);
  await ask();
  const [asked] = receiver.requests;
  receiver.script('/hook', { body: readChallenge(asked?.body ?? Buffer.alloc(0)) ?? '' });
  assert.match(summary(await ask()), /is not the token/);
});

const CLOUD = { payloadFormat: 'cloudevents' } as const;

test('for CloudEvents it is the handshake of their web hooks', async (t) => {
  const { receiver, ask } = await setup(t);
  receiver.script('/hook', { headers: { 'webhook-allowed-origin': ORIGIN.toUpperCase() } });
  for (const payloadFormat of ['cloudevents', 'cloudevents_binary'] as const) {
    const outcome = await ask({ payloadFormat, headers: { 'x-team': 'blue' } });
    assert.deepEqual(outcome, { ok: true, method: 'options', origin: ORIGIN });
  }
  const [request] = receiver.requests;
  assert.deepEqual([request?.method, request?.path], ['OPTIONS', '/hook?a=b']);
  assert.equal(request?.headers['webhook-request-origin'], ORIGIN);
  assert.equal(request.headers['webhook-request-rate'], undefined);
  assert.equal(request.headers['x-team'], 'blue');
  assert.equal(request.body.length, 0);
});

test('consent is the header, not the status', async (t) => {
  const { receiver, ask } = await setup(t);
  const allowed = { 'webhook-allowed-origin': '*' };
  receiver.script('/hook', { status: 405, headers: allowed }, { status: 200 }, { status: 405 });
  assert.equal(summary(await ask(CLOUD)), 'options ok');
  assert.equal(
    summary(await ask(CLOUD)),
    'options: the target answered 200 OK without WebHook-Allowed-Origin',
  );
  assert.match(summary(await ask(CLOUD)), /405 Method Not Allowed without/);
  receiver.script('/hook', { headers: { 'webhook-allowed-origin': 'other.example.com' } });
  assert.equal(
    summary(await ask(CLOUD)),
    'options: the target allows another origin than hooks.example.com',
  );
});

test('a rate limit is asked for in events a minute, and less is no consent to it', async (t) => {
  const { receiver, ask } = await setup(t);
  const answer = (rate: string) => ({
    headers: { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': rate },
  });
  receiver.script('/hook', answer('120'), answer('*'), answer('119'), answer('1'));
  const limited = { ...CLOUD, rateLimit: 2 };
  assert.equal(summary(await ask(limited)), 'options ok');
  assert.equal(receiver.requests[0]?.headers['webhook-request-rate'], '120');
  assert.equal(summary(await ask(limited)), 'options ok');
  assert.match(summary(await ask(limited)), /allows 119 events a minute, which is less/);
  assert.equal(summary(await ask(CLOUD)), 'options ok', 'what was not asked for is not judged');
});

test('after the handshake every event names the origin', () => {
  const passed = { method: 'options', passedAt: 1, triedAt: 1, failure: null } as const;
  const headersOf = (origin: string | null) => {
    const to = subscriptionTo('https://a.test/', { challenge: { ...passed, origin } });
    return prepareWebhook(to, 'Bellwire/0.1', START_AT).fixedHeaders;
  };
  const headers = headersOf(ORIGIN);
  assert.equal(headers[headers.indexOf('webhook-request-origin') + 1], ORIGIN);
  assert.ok(!headersOf(null).includes('webhook-request-origin'));
});
