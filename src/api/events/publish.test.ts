import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const EVENT = { event_type: 'task.completed', data: { n: 1 } };

test('an event is accepted with the number of subscriptions it goes to', async () => {
  const call = world.as('accepted');
  for (const event_type of ['task.*', '**', 'other']) {
    await call('POST /v1/webhooks/subscriptions', {
      json: { event_type, target_url: 'https://example.com/hook' },
    });
  }
  const reply = await call('POST /v1/events', { json: EVENT });
  assert.equal(reply.status, 202);
  assert.match(String(reply.json['id']), /^evt_[0-9a-z]{21}$/);
  assert.deepEqual(reply.json, {
    id: reply.json['id'],
    event_type: 'task.completed',
    deliveries: 2,
    duplicate: false,
  });
  assert.equal(reply.headers.get('cache-control'), 'no-store');
  assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
});

test('data reaches the receiver and readers as the bytes that were published', async () => {
  const call = world.as('bytes');
  await call('POST /v1/webhooks/subscriptions', {
    json: { event_type: '**', target_url: 'https://example.com/hook' },
  });
  const data = '{"b":1.50, "a":12345678901234567890,\n"é":"\\u00e9\\/", "a":[ ]}';
  const body = `{"metadata" : {"x": 1.0}, "data": ${data} ,"event_type":"task.completed"}`;
  const published = await call('POST /v1/events', { body });
  assert.equal(published.status, 202);
  const job = await world.receiver.attemptOf(String(published.json['id']));
  assert.ok(Buffer.from(job.body).toString().endsWith(`,"data":${data}}`));
  const read = await call(`GET /v1/events/${String(published.json['id'])}`);
  assert.ok(read.text.endsWith(`"metadata":{"x": 1.0},"data":${data}}`), read.text);
});

test('data may be any JSON value, and is {} when it is left out', async () => {
  const call = world.as('any-data');
  for (const data of ['null', '0', '"x"', '[1, 2]', 'false']) {
    const published = await call('POST /v1/events', { body: `{"event_type":"a","data":${data}}` });
    const read = await call(`GET /v1/events/${String(published.json['id'])}`);
    assert.ok(read.text.endsWith(`"data":${data}}`), read.text);
  }
  const bare = await call('POST /v1/events', { body: '{"event_type":"a"}' });
  const read = await call(`GET /v1/events/${String(bare.json['id'])}`);
  assert.deepEqual(read.json['data'], {});
});

test('every field of an event can be read back', async () => {
  const call = world.as('fields');
  const fields = {
    id: 'my-event_1',
    task_id: 'task_123',
    run_id: 'run 9/ü',
    status: 'success',
    ordering_key: 'customer-1',
    metadata: { cost: 3 },
  };
  const published = await call('POST /v1/events', {
    json: { ...EVENT, ...fields, occurred_at: '2026-04-09T14:00:00.5+02:00' },
  });
  assert.equal(published.json['id'], 'my-event_1');
  const { json } = await call('GET /v1/events/my-event_1');
  assert.deepEqual(json, {
    ...EVENT,
    ...fields,
    warnings: [],
    source_id: null,
    provider_event_id: null,
    occurred_at: '2026-04-09T12:00:00.500Z',
    created_at: json['created_at'],
    deliveries: { matched: 0, delivered: 0, pending: 0, exhausted: 0, held: 0, cancelled: 0 },
  });
});

test('an event with its own id is a duplicate the second time', async () => {
  const call = world.as('own-id');
  const json = { ...EVENT, id: 'order-1' };
  const first = await call('POST /v1/events', { json });
  const second = await call('POST /v1/events', { json });
  assert.equal(second.status, 202);
  assert.deepEqual(second.json, { ...first.json, duplicate: true });
  assert.equal(second.headers.get('idempotency-replayed'), null);
  const other = await call('POST /v1/events', { json: { ...json, data: 'other' } });
  assert.equal(other.status, 422);
  assert.equal(other.json['code'], 'idempotency_key_reused');
});

test('a repeated Idempotency-Key publishes once, quoted or bare', async () => {
  const call = world.as('idempotency');
  const send = (key: string, json: unknown = EVENT) =>
    call('POST /v1/events', { json, headers: { 'idempotency-key': key } });
  const first = await send('"key 1"');
  assert.equal(first.headers.get('idempotency-replayed'), null);
  const second = await send('key 1');
  assert.deepEqual(second.json, { ...first.json, duplicate: true });
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  const other = await send('key 1', { ...EVENT, event_type: 'task.failed' });
  assert.equal(other.status, 422);
  assert.equal(other.json['code'], 'idempotency_key_reused');
  const elsewhere = await world.as('idempotency-2')('POST /v1/events', {
    json: EVENT,
    headers: { 'idempotency-key': 'key 1' },
  });
  assert.equal(elsewhere.json['duplicate'], false);
});

test('a body that comes in pieces is put together', async () => {
  const text = JSON.stringify({ ...EVENT, data: 'ü'.repeat(200_000) });
  const call = world.as('pieces');
  const published = await call('POST /v1/events', { body: text });
  assert.equal(published.status, 202);
  const read = await call(`GET /v1/events/${String(published.json['id'])}`);
  assert.equal(read.json['data'], 'ü'.repeat(200_000));
});

test('deliver_at parks the delivery until then', async () => {
  const call = world.as('later');
  await call('POST /v1/webhooks/subscriptions', {
    json: { event_type: '**', target_url: 'https://example.com/hook' },
  });
  const deliver_at = new Date(Date.now() + 3_600_000).toISOString();
  const { json } = await call('POST /v1/events', { json: { ...EVENT, deliver_at } });
  const { json: list } = await call(`GET /v1/events/${String(json['id'])}/deliveries`);
  const [delivery] = list['data'] as Record<string, unknown>[];
  assert.equal(delivery?.['status'], 'waiting');
  assert.equal(delivery?.['next_attempt_at'], deliver_at);
});
