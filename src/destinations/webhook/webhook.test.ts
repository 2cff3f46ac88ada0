import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { eventId } from '../../domain/ids.ts';
import { liveSecret, type Subscription } from '../../domain/subscription.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { setupEgress } from '../../egress/testing/setup.ts';
import type { Egress, EgressRequest } from '../../egress/port.ts';
import { verifyAgent } from '../../protocol/schemes/agent.ts';
import { verifyStandard } from '../../protocol/schemes/standard.ts';
import { FakeReceiver, type ReceivedRequest } from '../../testing/fake-receiver.ts';
import { ScriptedTransformer } from '../../testing/scripted-transformer.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';
import type { AttemptJob } from '../destination.ts';
import { createWebhookDestination } from './webhook.ts';

const SECRET = 'the first secret of this test';
const BODY = Buffer.from('{"webhook_id":"x","data":{"z":1.0, "a":"schön ✓"}}');

async function setup(t: TestContext) {
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  const egress = setupEgress(t);
  const sent: EgressRequest[] = [];
  const watched: Egress = {
    ...egress,
    send(request, done) {
      sent.push(request);
      return egress.send(request, done);
    },
  };
  const links = new ThinLinks([]);
  const destination = createWebhookDestination({
    egress: watched,
    userAgent: 'Bellwire/0.1',
    transformer: new ScriptedTransformer(),
    payloads: { publicUrl: () => 'https://bellwire.test', links },
  });
  const attempt = (overrides: Partial<AttemptJob>) =>
    new Promise<AttemptResult>((resolve) => {
      destination.attempt(job(receiver, overrides), resolve);
    });
  return { receiver, destination, attempt, sent };
}

function subscriptionTo(url: string, overrides: Partial<Subscription> = {}): Subscription {
  return {
    ...webhookSettings({ url }),
    number: 3,
    id: 'sub_3',
    tenant: 12,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret(SECRET)],
    ...overrides,
  };
}

function job(receiver: FakeReceiver, overrides: Partial<AttemptJob> = {}): AttemptJob {
  return {
    subscription: subscriptionTo(`${receiver.url}/hook?team=a`),
    eventId: eventId(START_AT, 7),
    sequence: 7,
    createdAt: START_AT,
    body: BODY,
    eventType: 'task.completed',
    orderingKey: null,
    attemptNumber: 1,
    startedAt: START_AT,
    ...overrides,
  };
}

/** By either scheme, over the bytes that came. */
function isSignedWith(request: ReceivedRequest | undefined, secret: string): boolean {
  const header = (name: string) => request?.headers[name]?.toString();
  const body = request?.body ?? Buffer.alloc(0);
  const standard = verifyStandard({
    secrets: [secret],
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signatureHeader: header('webhook-signature'),
    body,
    nowSeconds: START_AT / 1_000,
  });
  const signature = header('x-agent-signature');
  const agent = verifyAgent({ secrets: [secret], signature, body });
  assert.equal(agent.ok, standard.ok, 'both schemes agree');
  return standard.ok;
}

test('a try is a signed POST to the target, query included', async (t) => {
  const { receiver, attempt } = await setup(t);
  receiver.script('/hook', { status: 201, body: 'thanks' });
  const result = await attempt({});
  assert.ok(result.kind === 'response');
  assert.equal(result.status, 201);
  assert.equal(Buffer.from(result.body).toString(), 'thanks');
  const [request] = receiver.requests;
  assert.equal(request?.method, 'POST');
  assert.equal(request.path, '/hook?team=a');
  assert.equal(request.headers['content-type'], 'application/json');
  assert.equal(isSignedWith(request, SECRET), true);
});

test('every try sends the same bytes, equal to what was stored', async (t) => {
  const { receiver, attempt } = await setup(t);
  await attempt({});
  await attempt({ attemptNumber: 2 });
  const [first, second] = receiver.requests;
  assert.deepEqual(first?.body, BODY);
  assert.deepEqual(second?.body, BODY);
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  assert.deepEqual(
    receiver.requests.map(({ headers }) => headers['bellwire-attempt']),
    ['1', '2'],
  );
});

test('a changed subscription signs with its new secret and goes to its new target', async (t) => {
  const { receiver, attempt } = await setup(t);
  const before = subscriptionTo(`${receiver.url}/old`);
  await attempt({ subscription: before });
  const secret = 'the second secret of this test';
  const { destination } = subscriptionTo(`${receiver.url}/new`);
  await attempt({ subscription: { ...before, secrets: [liveSecret(secret)], destination } });
  const [first, second] = receiver.requests;
  assert.deepEqual([first?.path, second?.path], ['/old', '/new']);
  assert.equal(isSignedWith(first, SECRET), true);
  assert.equal(isSignedWith(second, secret), true);
  assert.equal(isSignedWith(second, SECRET), false);
});

test('a secret that ends stops signing at that instant, without a change', async (t) => {
  const { receiver, attempt } = await setup(t);
  const newer = 'the second secret of this test';
  const secrets = [liveSecret(newer), { text: SECRET, expiresAt: START_AT + 900 }];
  const subscription = subscriptionTo(`${receiver.url}/hook`, { secrets });
  for (const startedAt of [START_AT, START_AT + 899, START_AT + 900]) {
    await attempt({ subscription, startedAt });
  }
  const [first, second, last] = receiver.requests;
  const signatures = (request: ReceivedRequest | undefined) =>
    String(request?.headers['webhook-signature']).split(' ').length;
  assert.deepEqual([first, second, last].map(signatures), [2, 2, 1]);
  assert.equal(isSignedWith(last, newer), true);
  assert.equal(isSignedWith(last, SECRET), false);
});

test("the subscription's limits and its tenant's pool bind the request", async (t) => {
  const { receiver, attempt, sent } = await setup(t);
  const limits = { timeoutMs: 1_234, maxInFlight: 7 };
  await attempt({ subscription: subscriptionTo(receiver.url, limits) });
  const [request] = sent;
  assert.equal(request?.timeoutMs, 1_234);
  assert.equal(request.maxConnections, 7);
  assert.equal(request.poolScope, '12');
});

test('a redirect comes back as the answer it is and is not followed', async (t) => {
  const { receiver, attempt } = await setup(t);
  receiver.script('/hook', { status: 302, headers: { location: '/elsewhere' } });
  const result = await attempt({});
  assert.equal(result.kind === 'response' && result.status, 302);
  assert.equal(receiver.requests.length, 1);
});

test('a broken-off try ends once, as a failure, and never before attempt returns', async (t) => {
  const { receiver, destination } = await setup(t);
  receiver.script('/hook', 'hang');
  const results: AttemptResult[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = destination.attempt(job(receiver), (result) => {
    results.push(result);
    resolve();
  });
  assert.equal(results.length, 0);
  await receiver.waitFor(1);
  running.abort();
  running.abort();
  await promise;
  assert.deepEqual(
    results.map((result) => result.kind === 'failure' && result.reason),
    ['reset'],
  );
});
