/** The API as somebody meets it who has the README and a shell. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeReceiver } from '../../src/testing/fake-receiver.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { objectIn } from './call.ts';
import { curl, hasCurl, type CurlOptions, type CurlReply } from './curl.ts';

const MIB = 1024 * 1024;
const SUBSCRIPTIONS = '/v1/webhooks/subscriptions';

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

interface ApiOptions extends Omit<CurlOptions, 'body'> {
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
}

function api(path: string, { body, headers = [], ...rest }: ApiOptions = {}): Promise<CurlReply> {
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  return curl(server.url + path, {
    ...rest,
    headers: [
      `authorization: Bearer ${server.adminKey}`,
      ...(headers.some((header) => header.startsWith('content-type'))
        ? headers
        : ['content-type: application/json', ...headers]),
    ],
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
  });
}

async function expected(status: number, path: string, options?: ApiOptions) {
  const reply = await api(path, options);
  assert.equal(reply.status, status, `${path}: ${reply.text.slice(0, 1_000)}`);
  return objectIn(reply);
}

/** A problem as RFC 9457 wants it, with the code that programs branch on. */
async function problem(status: number, code: string, path: string, options?: ApiOptions) {
  const reply = await api(path, options);
  assert.equal(reply.status, status, `${path}: ${reply.text.slice(0, 1_000)}`);
  assert.match(reply.contentType, /^application\/problem\+json/);
  const found = objectIn(reply);
  assert.equal(found['code'], code);
  assert.equal(found['status'], status);
  for (const field of ['type', 'title', 'detail', 'next_step']) {
    assert.match(JSON.stringify(found[field]), /^".{5,}"$/, `${field} of ${code}`);
  }
  return found;
}

async function subscribe(type: string): Promise<string> {
  const body = { event_type: type, target_url: `${receiver.url}/${type}` };
  return String((await expected(201, SUBSCRIPTIONS, { body }))['id']);
}

async function publish(type: string, data: object = {}): Promise<string> {
  const reply = await expected(202, '/v1/events', { body: { event_type: type, data } });
  return String(reply['id']);
}

/** Resolves with the n-th request that arrived for this type. */
async function arrival(type: string, count: number) {
  const own = () => receiver.requests.filter(({ path }) => path === `/${type}`);
  await receiver.waitFor(() => own().length >= count, { deadlineMs: 10_000 });
  return own()[count - 1];
}

/** The one delivery of an event, once it has that status. */
async function deliveryOf(eventId: string, status: string): Promise<Record<string, unknown>> {
  return waitUntil(
    async () => {
      const { data } = await expected(200, `/v1/events/${eventId}/deliveries`);
      const [delivery] = list(data);
      return delivery?.['status'] === status && delivery;
    },
    { what: `a delivery of ${eventId} that is ${status}` },
  );
}

function list(value: unknown): Record<string, unknown>[] {
  assert.ok(Array.isArray(value));
  return value.map((item) => objectIn({ text: JSON.stringify(item) }));
}

test('subscribe, publish, see it arrive', async (t) => {
  t.diagnostic(hasCurl ? 'with the real curl' : 'curl is missing here: with fetch instead');
  await subscribe('task.completed');
  const event = { event_type: 'task.completed', task_id: 'task_123', status: 'success' };
  const body = { ...event, data: { amount: 100 } };
  const published = await expected(202, '/v1/events', { body });
  const { id } = published;
  assert.deepEqual(published, {
    id,
    event_type: event.event_type,
    deliveries: 1,
    duplicate: false,
  });
  const request = await arrival('task.completed', 1);
  assert.equal(request?.headers['webhook-id'], id);
  const { timestamp, ...envelope } = objectIn({ text: request?.body.toString() ?? '' });
  assert.deepEqual(envelope, { webhook_id: id, ...event, data: { amount: 100 } });
  assert.ok(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000);
  await deliveryOf(String(id), 'delivered');
  const shown = await expected(200, `/v1/events/${String(id)}`);
  const counts = { matched: 1, delivered: 1, pending: 0, exhausted: 0, held: 0, cancelled: 0 };
  assert.deepEqual(shown['deliveries'], counts);
});

test('what is wrong with a request is said', async () => {
  const anonymous = await curl(`${server.url}${SUBSCRIPTIONS}`);
  assert.equal(anonymous.status, 401);
  assert.equal(objectIn(anonymous)['code'], 'unauthorized');
  const wrongKey = await curl(`${server.url}/v1/events`, {
    headers: ['authorization: Bearer wrong', 'content-type: application/json'],
    body: '{"event_type":"a.b"}',
  });
  assert.equal(wrongKey.status, 401);
  assert.deepEqual(objectIn(wrongKey), objectIn(anonymous), 'one answer for all that is wrong');

  await problem(404, 'not_found', '/v1/events/evt_01kgsx2f2g00000000001');
  await problem(404, 'not_found', `${SUBSCRIPTIONS}/sub_01kgsx2f2g00000000001`);
  await problem(404, 'route_not_found', '/v1/nothing-here');
  await problem(405, 'method_not_allowed', '/v1/events', { method: 'PUT', body: {} });
  await problem(400, 'invalid_json', '/v1/events', { body: '{"event_type":"a.b",}' });
  const notUtf8 = Buffer.from([...Buffer.from('{"event_type":"a.b","data":"'), 0xff, 0x22, 0x7d]);
  await problem(400, 'invalid_json', '/v1/events', { body: notUtf8 });
  await problem(415, 'unsupported_media_type', '/v1/events', {
    headers: ['content-type: text/plain'],
    body: '{}',
  });

  const unknown = await problem(422, 'validation_failed', '/v1/events', {
    body: { event_type: 'a.b', datta: {} },
  });
  assert.match(String(unknown['detail']), /datta/);
  assert.equal(list(unknown['errors'])[0]?.['pointer'], '/datta');
  const missing = await problem(422, 'validation_failed', SUBSCRIPTIONS, { body: {} });
  const pointers = list(missing['errors']).map(({ pointer }) => String(pointer));
  assert.deepEqual(pointers.toSorted(), ['/event_type', '/target_url']);
});

test('an event may take 1 MiB and not one byte more', async () => {
  const frame = '{"event_type":"large.event","data":""}';
  const ofSize = (bytes: number) => frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
  await problem(413, 'payload_too_large', '/v1/events', { body: ofSize(MIB + 1) });
  await subscribe('large.event');
  await expected(202, '/v1/events', { body: ofSize(MIB) });
  const request = await arrival('large.event', 1);
  assert.ok((request?.body.length ?? 0) > MIB);
});

test('the same Idempotency-Key publishes once', async () => {
  await subscribe('idem.potent');
  const headers = ['idempotency-key: "order-1"'];
  const body = { event_type: 'idem.potent', data: { amount: 1 } };
  const first = await expected(202, '/v1/events', { body, headers });
  const second = await expected(202, '/v1/events', { body, headers });
  assert.deepEqual(second, { ...first, duplicate: true });
  const other = { ...body, data: { amount: 2 } };
  await problem(422, 'idempotency_key_reused', '/v1/events', { body: other, headers });
  const last = await publish('idem.potent');
  assert.equal((await arrival('idem.potent', 2))?.headers['webhook-id'], last);
});

test('a paused subscription holds events, and releases what was not cancelled', async () => {
  const subscription = await subscribe('held.event');
  const paused = await expected(200, `${SUBSCRIPTIONS}/${subscription}/pause`, { method: 'POST' });
  assert.equal(paused['status'], 'paused');
  const [unwanted, wanted] = [await publish('held.event'), await publish('held.event')];
  const held = await deliveryOf(unwanted, 'held');
  assert.equal(held['reason'], 'the subscription is paused');
  assert.equal(held['attempts'], 0);
  await deliveryOf(wanted, 'held');

  const path = `/v1/deliveries/${String(held['id'])}/cancel`;
  const cancelled = await expected(200, path, { method: 'POST' });
  assert.equal(cancelled['status'], 'cancelled');
  await problem(409, 'delivery_is_final', path, { method: 'POST' });
  await expected(200, `${SUBSCRIPTIONS}/${subscription}/resume`, { method: 'POST' });
  assert.equal((await arrival('held.event', 1))?.headers['webhook-id'], wanted);
  await deliveryOf(wanted, 'delivered');
  assert.equal((await deliveryOf(unwanted, 'cancelled'))['attempts'], 0);
});

test('a delivery can be sent again with the same id', async () => {
  await subscribe('again.please');
  const id = await publish('again.please', { n: 1 });
  const first = await arrival('again.please', 1);
  const delivery = await deliveryOf(id, 'delivered');
  const path = `/v1/deliveries/${String(delivery['id'])}`;
  await expected(202, `${path}/resend`, { method: 'POST' });
  const second = await arrival('again.please', 2);
  assert.equal(second?.headers['webhook-id'], id);
  assert.equal(second.headers['bellwire-attempt'], '2');
  assert.deepEqual(second.body, first?.body);
  const attempts = await waitUntil(
    async () => {
      const { data } = await expected(200, `${path}/attempts`);
      return list(data).length === 2 && list(data);
    },
    { what: 'the second attempt to be recorded' },
  );
  assert.deepEqual(
    attempts.map(({ number, trigger, outcome }) => [number, trigger, outcome]),
    [
      [1, 'initial', 'succeeded'],
      [2, 'resend', 'succeeded'],
    ],
  );
});

test('a batch of 1,000 lines is 1,000 events, each with a result', async () => {
  await subscribe('batch.line');
  const line = (n: number) => `{"event_type":"batch.line","data":{"n":${n}}}`;
  const lines = Array.from({ length: 1_000 }, (_, n) => line(n));
  lines[500] = '{"event_type":"batch line"}';
  const headers = ['content-type: application/x-ndjson'];
  const reply = await expected(202, '/v1/events/batch', { headers, body: lines.join('\n') });
  const items = list(reply['data']);
  assert.equal(items.length, 1_000);
  const ids = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    assert.equal(item['index'], index);
    assert.equal(item['status'], index === 500 ? 'rejected' : 'accepted');
    if (index === 500) assert.match(JSON.stringify(item['error']), /event_type/);
    else ids.add(item['id']);
  }
  await arrival('batch.line', 999);
  const own = receiver.requests.filter(({ path }) => path === '/batch.line');
  assert.deepEqual(new Set(own.map((request) => request.headers['webhook-id'])), ids);
  const tooMany = Array.from({ length: 1_001 }, (_, n) => line(n)).join('\n');
  await problem(422, 'validation_failed', '/v1/events/batch', { headers, body: tooMany });
});
