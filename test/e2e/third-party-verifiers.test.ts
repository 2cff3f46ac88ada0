/** What arrives at a real receiver, judged by libraries and primitives that are not ours. */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import type { CreateSubscription } from '../../sdk/client/types.ts';
import { FakeReceiver, type ReceivedRequest } from '../../src/testing/fake-receiver.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn } from './call.ts';

const PLAIN_SECRET = 'my own secret: größer als 16 Bytes';
/** What the reference libraries can read as a raw key: they take one byte from each character. */
const ASCII_SECRET = 'sk-my-own-plain-secret';

/** JSON whose meaning or bytes a parse and a new `stringify` would change. */
const DATA_TEXTS: readonly string[] = [
  '{}',
  '{"emoji":"🛎️ 数据 é","escaped":"\\u00e9\\ud83d\\udece","lone":"\\ud800","slash":"\\/"}',
  '{"big":12345678901234567890,"float":1.0,"exponent":1E+2,"tiny":1e-400,"minus":-0}',
  '{ "b" : 1 ,\t"a" : [ 1 , 2 ],\n"10":0,"2":0, "__proto__": {"x":1} }',
  '{"twice":1,"twice":2,"separator":"\u2028\u2029","nul":"\\u0000"}',
  '[null,true,false,"",{"":{}}]',
  '"only a text"',
  '12345678901234567890123',
  'null',
];

let receiver: FakeReceiver;
let server: RunningBellwire;

before(async () => {
  receiver = await FakeReceiver.start();
  server = await startBellwire();
});

after(async () => {
  await receiver.close();
  await server.stop();
});

/** Publishes the text as it is and waits until it has arrived on the path. */
async function deliver(type: string, data: string): Promise<ReceivedRequest> {
  const body = `{"event_type":"${type}","data":${data},"task_id":"täsk","status":"success"}`;
  const reply = await call(server, '/v1/events', { body });
  assert.equal(reply.status, 202, reply.text);
  const { id } = objectIn(reply);
  const arrived = (request: ReceivedRequest) =>
    request.path === `/${type}` && request.headers['webhook-id'] === id;
  const requests = await receiver.waitFor((all) => all.some(arrived));
  const found = requests.find(arrived);
  assert.ok(found);
  return found;
}

function subscribe(type: string, settings: Partial<CreateSubscription>) {
  const wish = { event_type: type, target_url: `${receiver.url}/${type}`, ...settings };
  return server.client.subscriptions.create(wish);
}

function headersOf({ headers }: ReceivedRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** A body that differs in one bit. */
function tampered(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  changed[changed.length - 2] = (changed[changed.length - 2] ?? 0) ^ 1;
  return changed;
}

interface Verifier {
  verify(payload: Buffer, headers: Record<string, string>): unknown;
}

function accepts(verifier: Verifier, request: ReceivedRequest): void {
  const headers = headersOf(request);
  assert.doesNotThrow(() => verifier.verify(request.body, headers));
  assert.throws(() => verifier.verify(tampered(request.body), headers), /No matching signature/);
  const otherId = { ...headers, 'webhook-id': 'evt_other' };
  assert.throws(() => verifier.verify(request.body, otherId), /No matching signature/);
}

function assertAgentSignature(request: ReceivedRequest, secret: string): void {
  const expected = createHmac('sha256', secret).update(request.body).digest('hex');
  assert.equal(request.headers['x-agent-signature'], expected);
}

test('standardwebhooks and svix verify deliveries signed with a generated secret', async () => {
  const { secret } = await subscribe('generated.secret', {});
  assert.match(secret, /^whsec_/);
  for (const text of DATA_TEXTS) {
    const request = await deliver('generated.secret', text);
    accepts(new Webhook(secret), request);
    accepts(new SvixWebhook(secret), request);
    assertAgentSignature(request, secret);
  }
});

test('they verify deliveries signed with a plain secret of the caller', async () => {
  const created = await subscribe('plain.secret', { secret: ASCII_SECRET });
  assert.equal(created.secret, ASCII_SECRET);
  const request = await deliver('plain.secret', '{"emoji":"🛎️"}');
  accepts(new Webhook(ASCII_SECRET, { format: 'raw' }), request);
  accepts(new SvixWebhook(ASCII_SECRET, { format: 'raw' }), request);
  assertAgentSignature(request, ASCII_SECRET);

  // Beyond ASCII the key is the UTF-8 bytes of the secret, which a library gets as bytes.
  await subscribe('utf8.secret', { secret: PLAIN_SECRET });
  const other = await deliver('utf8.secret', '{}');
  accepts(new Webhook(Buffer.from(PLAIN_SECRET, 'utf8'), { format: 'raw' }), other);
  assertAgentSignature(other, PLAIN_SECRET);
});

test('an ed25519 subscription is verified with the public key that the API shows', async () => {
  const created = await subscribe('public.key', { signing: 'ed25519' });
  const read = await call(server, `/v1/webhooks/subscriptions/${created.id}`);
  assert.equal(read.status, 200);
  const whpk = String(objectIn(read)['public_key']);
  assert.match(whpk, /^whpk_/);
  const raw = Buffer.from(whpk.slice('whpk_'.length), 'base64');
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });
  const request = await deliver('public.key', '{"emoji":"🛎️"}');
  const header = request.headers['webhook-signature'];
  assert.match(String(header), /^v1a,[A-Za-z0-9+/]{86}==$/);
  const signature = Buffer.from(String(header).slice('v1a,'.length), 'base64');
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headersOf(request);
  const message = (body: Buffer) => Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  assert.ok(verify(null, message(request.body), key, signature));
  assert.ok(!verify(null, message(tampered(request.body)), key, signature));
  // The libraries know `v1` alone, and must not take this for it.
  const verifier = new Webhook(created.secret);
  assert.throws(() => verifier.verify(request.body, headersOf(request)), /No matching signature/);
  assertAgentSignature(request, created.secret);
});

test('in a rotation both secrets verify, and after it the old one fails', async () => {
  const created = await subscribe('rotated.secret', {});
  const overlap = { overlap_seconds: 3 };
  const rotated = await server.client.subscriptions.rotateSecret(created.id, overlap);
  const [old, fresh] = [created.secret, rotated.secret];
  const during = await deliver('rotated.secret', '{"n":1}');
  for (const secret of [old, fresh]) {
    accepts(new Webhook(secret), during);
    accepts(new SvixWebhook(secret), during);
  }
  assertAgentSignature(during, fresh);
  const sister = createHmac('sha256', old).update(during.body).digest('hex');
  assert.equal(during.headers['x-agent-signature-2'], sister);
  const last = await waitUntil(
    async () => {
      const request = await deliver('rotated.secret', '{"n":2}');
      return request.headers['x-agent-signature-2'] === undefined && request;
    },
    { what: 'the overlap to end' },
  );
  const timestamp = Number(last.headers['webhook-timestamp']) * 1000;
  assert.ok(timestamp >= Date.parse(rotated.previous_secrets_expire_at ?? '') - 1_000);
  accepts(new Webhook(fresh), last);
  const outdated = new Webhook(old);
  assert.throws(() => outdated.verify(last.body, headersOf(last)), /No matching signature/);
});

test('a flavour is what its one line of any language makes', async () => {
  const signatures = [
    { scheme: 'stripe', header: 'Acme-Signature' },
    { scheme: 'github', header: 'X-Acme-Signature-256' },
  ] as const;
  const { secret } = await subscribe('kept.flavour', { signatures });
  const { headers, body } = await deliver('kept.flavour', '{"emoji":"🛎️"}');
  const [, at = '', v1] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['acme-signature'])) ?? [];
  assert.equal(v1, createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex'));
  const hub = createHmac('sha256', secret).update(body).digest('hex');
  assert.equal(headers['x-acme-signature-256'], `sha256=${hub}`);
  assert.equal(headers['webhook-signature'] ?? headers['x-agent-signature'], undefined);
});

test('a subscription may choose one of the two signatures', async () => {
  const { secret } = await subscribe('agent.only', { signatures: ['agent'] });
  const agent = await deliver('agent.only', '{}');
  assertAgentSignature(agent, secret);
  assert.equal(agent.headers['webhook-signature'], undefined);
  const standard = await subscribe('standard.only', { signatures: ['standard'] });
  const request = await deliver('standard.only', '{}');
  accepts(new Webhook(standard.secret), request);
  assert.equal(request.headers['x-agent-signature'], undefined);
});

test('data arrives with the bytes that were published, in the documented envelope', async () => {
  await subscribe('exact.bytes', {});
  for (const text of DATA_TEXTS) {
    const request = await deliver('exact.bytes', text);
    const { headers, body } = request;
    const id = String(headers['webhook-id']);
    assert.match(id, /^evt_/);
    assert.match(String(headers['webhook-timestamp']), /^\d{10}$/);
    assert.equal(headers['content-type'], 'application/json');
    assert.match(String(headers['user-agent']), /^Bellwire\/\d+\.\d+/);
    assert.match(String(headers['bellwire-delivery-id']), /^dlv_/);
    assert.equal(headers['bellwire-attempt'], '1');
    assert.match(String(headers['traceparent']), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    const timestamp = String(objectIn({ text: body.toString() })['timestamp']);
    assert.equal(timestamp, new Date(timestamp).toISOString());
    assert.equal(
      body.toString(),
      `{"webhook_id":"${id}","event_type":"exact.bytes","timestamp":"${timestamp}",` +
        `"task_id":"täsk","status":"success","data":${text}}`,
    );
    const shown = await call(server, `/v1/events/${id}`);
    assert.ok(shown.text.endsWith(`"data":${text}}`), shown.text);
  }
});
