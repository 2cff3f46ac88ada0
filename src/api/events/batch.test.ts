import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import type { PublishResult } from '../../accept/publication.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { CallOptions, Reply } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld({ limits: { maxBatchEvents: 5, maxEventBodyBytes: 500 } });
});
after(() => world.close());

const NDJSON = { 'content-type': 'application/x-ndjson' };
const EVENT = { event_type: 'task.completed' };

const send = (tenant: string, options: CallOptions): Promise<Reply> =>
  world.as(tenant)('POST /v1/events/batch', options);

const itemsOf = (reply: Reply) => reply.json['data'] as Record<string, unknown>[];

test('each event of an array has its own result, in order', async () => {
  const reply = await send('array', {
    json: [EVENT, { event_type: 'a..b' }, { ...EVENT, id: 'own' }, { ...EVENT, id: 'own' }],
  });
  assert.equal(reply.status, 202, reply.text);
  const items = itemsOf(reply);
  assert.deepEqual(
    items.map(({ index, status, duplicate }) => [index, status, duplicate]),
    [
      [0, 'accepted', false],
      [1, 'rejected', false],
      [2, 'accepted', false],
      [3, 'duplicate', true],
    ],
  );
  assert.equal(items[2]?.['id'], 'own');
  assert.equal(items[0]?.['deliveries'], 0);
  const error = items[1]?.['error'] as Record<string, unknown>;
  assert.equal(error['code'], 'validation_failed');
});

test('data of each event keeps its bytes, in an array and in NDJSON', async () => {
  const texts = ['{ "a" : 1.0,"b":[ ]}', '"x,]}"', '12345678901234567890'];
  const events = texts.map((data) => `{"event_type":"a","data":${data}}`);
  const replies = [
    await send('bytes', { body: `[ ${events.join(' ,\n')} ]` }),
    await send('bytes', { body: `${events.join('\r\n')}\r\n\n`, headers: NDJSON }),
  ];
  for (const reply of replies) {
    for (const [index, item] of itemsOf(reply).entries()) {
      const read = await world.as('bytes')(`GET /v1/events/${String(item['id'])}`);
      assert.ok(read.text.endsWith(`"data":${texts[index] ?? ''}}`), read.text);
    }
  }
});

test('a broken line is told by its number and keeps no other line out', async () => {
  const body = `${JSON.stringify(EVENT)}\n\n{"event_type":\n${JSON.stringify(EVENT)}`;
  const items = itemsOf(await send('lines', { body, headers: NDJSON }));
  assert.deepEqual(
    items.map(({ status }) => status),
    ['accepted', 'rejected', 'accepted'],
  );
  const error = items[1]?.['error'] as Record<string, unknown>;
  assert.equal(error['code'], 'invalid_json');
  assert.match(String(error['detail']), /^Line 3 /);
});

test('a repeated batch with an Idempotency-Key publishes nothing twice', async () => {
  const options = { json: [EVENT, EVENT], headers: { 'idempotency-key': 'batch-1' } };
  const first = itemsOf(await send('repeat', options));
  const second = itemsOf(await send('repeat', options));
  assert.deepEqual(
    second,
    first.map((item) => ({ ...item, status: 'duplicate', duplicate: true })),
  );
  assert.notEqual(first[0]?.['id'], first[1]?.['id']);
});

test('an event over the limit is rejected alone', async () => {
  const items = itemsOf(await send('big', { json: [{ ...EVENT, data: 'x'.repeat(500) }, EVENT] }));
  const error = items[0]?.['error'] as Record<string, unknown>;
  assert.equal(error['code'], 'payload_too_large');
  assert.equal(items[1]?.['status'], 'accepted');
});

const refused: Readonly<Record<string, readonly [CallOptions, number, string]>> = {
  'an empty array': [{ json: [] }, 422, 'validation_failed'],
  'an empty body': [{ body: ' \n', headers: NDJSON }, 422, 'validation_failed'],
  'too many events': [{ json: Array.from({ length: 6 }, () => EVENT) }, 422, 'validation_failed'],
  'one event without an array': [{ json: EVENT }, 422, 'validation_failed'],
  'a broken array': [{ body: '[{},' }, 400, 'invalid_json'],
  'another content type': [
    { body: '[]', headers: { 'content-type': 'text/csv' } },
    415,
    'unsupported_media_type',
  ],
};

for (const [name, [options, status, code]] of Object.entries(refused)) {
  test(`${name} is refused as a whole`, async () => {
    const reply = await send('refused', options);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.json['code'], code);
  });
}

test('a batch that is announced as too large is refused unread', async () => {
  const call = request(`${world.url}/v1/events/batch`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.adminKey}`,
      'content-type': 'application/json',
      'content-length': String(17 * 1024 * 1024),
    },
  });
  call.flushHeaders();
  const [reply] = await once(call, 'response');
  assert.equal(reply.statusCode, 413);
  assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8');
  call.on('error', () => {}).destroy();
});

test('a batch of which nothing could be stored is a 503, to be sent again', async () => {
  const result: PublishResult = { kind: 'unavailable', reason: 'overload', retryAfterSeconds: 1 };
  const publisher = {
    publish: (_publication: unknown, done: (result: PublishResult) => void) =>
      queueMicrotask(() => done(result)),
  };
  const other = await openApiWorld({ publisher });
  try {
    const reply = await other.as('default')('POST /v1/events/batch', { json: [EVENT, EVENT] });
    assert.equal(reply.status, 503);
    assert.equal(reply.headers.get('retry-after'), '1');
  } finally {
    await other.close();
  }
});
