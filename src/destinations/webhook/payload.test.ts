import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { eventId } from '../../domain/ids.ts';
import { parseMasterKeys } from '../../domain/master-keys.ts';
import { liveSecret, type PayloadFormat, type Subscription } from '../../domain/subscription.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { setupEgress } from '../../egress/testing/setup.ts';
import { buildEnvelope } from '../../protocol/envelope.ts';
import { verifyAgent } from '../../protocol/schemes/agent.ts';
import { verifyStandard } from '../../protocol/schemes/standard.ts';
import { systemClock } from '../../runtime/system.ts';
import { FakeReceiver, type ReceivedRequest } from '../../testing/fake-receiver.ts';
import { ScriptedTransformer } from '../../testing/scripted-transformer.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';
import { TransformPool } from '../../transform/pool.ts';
import type { Transformer } from '../../transform/port.ts';
import type { AttemptJob } from '../destination.ts';
import { createWebhookDestination } from './webhook.ts';

const SECRET = 'the secret of the payload tests';
const ID = eventId(START_AT, 7);
const OCCURRED_AT = '2026-04-09T12:00:00.000Z';
const DATA = '{"b":1.0, "a":"schön ✓"}';
const BODY = Buffer.from(
  buildEnvelope({
    id: ID,
    eventType: 'task.completed',
    timestamp: OCCURRED_AT,
    taskId: 'tâche 1',
    status: 'success',
    dataText: DATA,
  }),
);
const LINKS = new ThinLinks(parseMasterKeys(Buffer.alloc(32, 7).toString('base64')));

async function setup(t: TestContext, transformer: Transformer = new ScriptedTransformer()) {
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  const destination = createWebhookDestination({
    egress: setupEgress(t),
    userAgent: 'Bellwire/0.1',
    transformer,
    payloads: { publicUrl: () => 'https://bellwire.test', links: LINKS },
  });
  const job = (
    settings: Partial<Subscription>,
    overrides: Partial<AttemptJob> = {},
  ): AttemptJob => ({
    subscription: {
      ...webhookSettings({ url: `${receiver.url}/hook` }),
      number: 3,
      id: 'sub_3',
      tenant: 12,
      status: 'active',
      disabledReason: null,
      failingSince: null,
      createdAt: START_AT,
      updatedAt: START_AT,
      secrets: [liveSecret(SECRET)],
      ...settings,
    },
    eventId: ID,
    sequence: 7,
    createdAt: START_AT,
    body: BODY,
    eventType: 'task.completed',
    orderingKey: null,
    attemptNumber: 1,
    startedAt: START_AT,
    ...overrides,
  });
  const attempt = (settings: Partial<Subscription>, overrides: Partial<AttemptJob> = {}) =>
    new Promise<AttemptResult>((resolve) => {
      destination.attempt(job(settings, overrides), resolve);
    });
  const sent = async (settings: Partial<Subscription>, overrides: Partial<AttemptJob> = {}) => {
    const result = await attempt(settings, overrides);
    assert.ok(result.kind === 'response', JSON.stringify(result));
    const request = receiver.requests.at(-1);
    assert.ok(request !== undefined && isSigned(request));
    return { ...request, text: request.body.toString('utf8'), result };
  };
  return { receiver, destination, job, attempt, sent };
}

/** Under both schemes, over the bytes that came. */
function isSigned({ headers, body }: ReceivedRequest): boolean {
  const header = (name: string) => headers[name]?.toString();
  const standard = verifyStandard({
    secrets: [SECRET],
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signatureHeader: header('webhook-signature'),
    body,
    nowSeconds: START_AT / 1_000,
  });
  const signature = header('x-agent-signature');
  return standard.ok && verifyAgent({ secrets: [SECRET], signature, body }).ok;
}

function failureOf(result: AttemptResult): string {
  if (result.kind === 'failure') return `${result.reason}: ${result.detail}`;
  return result.kind === 'response' ? `${result.status}` : result.detail;
}

test('a CloudEvent in structured mode is signed as it is sent', async (t) => {
  const { sent } = await setup(t);
  const { headers, text } = await sent({ payloadFormat: 'cloudevents' });
  assert.equal(headers['content-type'], 'application/cloudevents+json');
  assert.equal(
    text,
    `{"specversion":"1.0","id":"${ID}","source":"https://bellwire.test/tenants/12",` +
      `"type":"task.completed","time":"${OCCURRED_AT}","subject":"tâche 1","bwstatus":"success",` +
      `"datacontenttype":"application/json","data":${DATA}}`,
  );
});

test('a CloudEvent in binary mode is the data, with its attributes in headers', async (t) => {
  const { sent } = await setup(t);
  const { headers, text } = await sent({ payloadFormat: 'cloudevents_binary' });
  assert.equal(text, DATA);
  assert.equal(headers['content-type'], 'application/json');
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith('ce-'));
  assert.deepEqual(Object.fromEntries(attributes), {
    'ce-specversion': '1.0',
    'ce-id': ID,
    'ce-source': 'https://bellwire.test/tenants/12',
    'ce-type': 'task.completed',
    'ce-time': OCCURRED_AT,
    'ce-subject': 't%C3%A2che%201',
    'ce-bwstatus': 'success',
  });
});

test('a thin payload names the event and links to it', async (t) => {
  const { sent } = await setup(t);
  const { text } = await sent({ payloadFormat: 'thin' }, { eventId: 'my-own-id' });
  const payload: Record<string, string> = JSON.parse(text);
  const { fetch_url: link = '', ...rest } = payload;
  assert.deepEqual(rest, {
    webhook_id: 'my-own-id',
    event_type: 'task.completed',
    timestamp: OCCURRED_AT,
  });
  const url = new URL(link);
  assert.equal(`${url.origin}${url.pathname}`, `https://bellwire.test/v1/thin/${ID}`);
  const [expires = '', signature = ''] = ['expires', 'signature'].map(
    (name) => url.searchParams.get(name) ?? '',
  );
  assert.ok(LINKS.isAuthentic(ID, expires, signature));
  assert.ok(Number(expires) * 1000 >= START_AT + 7 * 86_400_000);
});

const FORMATS: readonly PayloadFormat[] = ['bellwire', 'cloudevents', 'cloudevents_binary', 'thin'];

for (const payloadFormat of FORMATS) {
  test(`every try sends the same bytes: ${payloadFormat}`, async (t) => {
    const { sent } = await setup(t);
    const first = await sent({ payloadFormat });
    const startedAt = START_AT + 200_000;
    const second = await sent({ payloadFormat }, { attemptNumber: 2, startedAt });
    assert.deepEqual(second.body, first.body);
    for (const [name, value] of Object.entries(first.headers)) {
      if (name.startsWith('ce-')) assert.equal(second.headers[name], value);
    }
  });
}

test('a transform makes the body, or the data where the format has an envelope', async (t) => {
  const pool = new TransformPool({ clock: systemClock, boxes: 2 });
  t.after(() => pool.close());
  const { sent } = await setup(t, pool);
  const transform = '{"task": task_id, "b": data.b, "at": $now()}';
  const output = `{"task":"tâche 1","b":1,"at":"${OCCURRED_AT}"}`;
  const plain = await sent({ transform });
  assert.equal(plain.text, output);
  assert.equal(plain.headers['content-type'], 'application/json');
  assert.ok(plain.result.durationMs > 0);
  const structured = await sent({ transform, payloadFormat: 'cloudevents' });
  assert.ok(structured.text.endsWith(`"datacontenttype":"application/json","data":${output}}`));
  const binary = await sent({ transform, payloadFormat: 'cloudevents_binary' });
  assert.equal(binary.text, output);
  assert.equal(binary.headers['ce-id'], ID);
});

test('a transform that fails sends nothing and says why, without the event', async (t) => {
  const pool = new TransformPool({ clock: systemClock, boxes: 2 });
  t.after(() => pool.close());
  const { attempt, receiver } = await setup(t, pool);
  const table: [transform: string, failure: RegExp][] = [
    [
      '{"n":\n $number(data.a)}',
      /^transform_failed: the transform failed at line 2, column \d+: Unable to cast .*: …$/,
    ],
    ['data.missing', /^transform_failed: the transform failed: the result is nothing/],
    ['{"open', /^transform_failed: the transform failed at line 1, column 7: String literal/],
    ['($f := function($n){$f($n+1)}; $f(1))', /^transform_failed: .* longer than 500 ms$/],
  ];
  for (const [transform, failure] of table) {
    const result = await attempt({ transform });
    assert.match(failureOf(result), failure);
    assert.ok(!failureOf(result).includes('schön'));
  }
  assert.equal(receiver.requests.length, 0);
});

test('the transform takes its share of the time limit', async (t) => {
  const transformer = new ScriptedTransformer();
  const { receiver, destination, job } = await setup(t, transformer);
  receiver.script('/hook', 'hang');
  const settings = { transform: '$', timeoutMs: 1_000 };
  const hanging = new Promise<AttemptResult>((resolve) => {
    destination.attempt(job(settings), resolve);
  });
  assert.equal(transformer.waiting[0]?.job.timeoutMs, 1_000);
  transformer.answer({ ok: true, body: Buffer.from('{}'), durationMs: 900 });
  const result = await hanging;
  assert.equal(failureOf(result), 'timeout: no complete response within 100 ms');
  assert.ok(result.durationMs >= 1_000);
  const none = new Promise<AttemptResult>((resolve) => {
    destination.attempt(job(settings), resolve);
  });
  transformer.answer({ ok: true, body: Buffer.from('{}'), durationMs: 999.5 });
  assert.equal(
    failureOf(await none),
    'transform_failed: the transform left no time for the request',
  );
});

test('a try that is broken off during its transform ends once and sends nothing', async (t) => {
  const transformer = new ScriptedTransformer();
  const { receiver, destination, job } = await setup(t, transformer);
  const results: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = destination.attempt(job({ transform: '$' }), (result) => {
    results.push(failureOf(result));
    resolve();
  });
  running.abort();
  running.abort();
  assert.deepEqual(results, []);
  await promise;
  assert.deepEqual(results, ['reset: aborted by shutdown']);
  assert.equal(transformer.waiting.length, 0);
  assert.equal(receiver.requests.length, 0);
});

test('a try that is broken off during its request ends once', async (t) => {
  const transformer = new ScriptedTransformer();
  const { receiver, destination, job } = await setup(t, transformer);
  receiver.script('/hook', 'hang');
  const ended = new Promise<AttemptResult>((resolve) => {
    const running = destination.attempt(job({ transform: '$' }), resolve);
    transformer.answer({ ok: true, body: Buffer.from('[1]'), durationMs: 1 });
    receiver.waitFor(1).then(() => running.abort(), resolve);
  });
  assert.equal(failureOf(await ended), 'reset: aborted by shutdown');
  assert.equal(receiver.requests[0]?.body.toString(), '[1]');
});
