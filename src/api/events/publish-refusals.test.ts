import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import type { PublishResult } from '../../accept/publication.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { CallOptions, Reply } from '../testing/caller.ts';

const MAX_BODY_BYTES = 2_000;

let world: ApiWorld;
before(async () => {
  world = await openApiWorld({ limits: { maxEventBodyBytes: MAX_BODY_BYTES } });
});
after(() => world.close());

const publish = (options: CallOptions): Promise<Reply> =>
  world.as('default')('POST /v1/events', options);

interface Refused {
  readonly send: CallOptions;
  readonly status: number;
  readonly code: string;
  /** The one part that is wrong: where, and its own code. */
  readonly part?: Readonly<Record<string, string>>;
}

const json = { event_type: 'task.completed' };
const unfit = (change: object, pointer: string, code: string): Refused => ({
  send: { json: { ...json, ...change } },
  status: 422,
  code: 'validation_failed',
  part: { pointer, code },
});
const badKey = (key: string): Refused => ({
  send: { json, headers: { 'idempotency-key': key } },
  status: 422,
  code: 'validation_failed',
  part: { header: 'idempotency-key', code: 'invalid_format' },
});

const refused: Readonly<Record<string, Refused>> = {
  'broken JSON': { send: { body: '{"event_type":' }, status: 400, code: 'invalid_json' },
  'an empty body': { send: { body: '' }, status: 400, code: 'invalid_json' },
  'a body that is not UTF-8': {
    send: { body: Buffer.from([0x22, 0xc3, 0x22]) },
    status: 400,
    code: 'invalid_json',
  },
  'another content type': {
    send: { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    status: 415,
    code: 'unsupported_media_type',
  },
  'a type that only begins like JSON': {
    send: { json, headers: { 'content-type': 'application/jsonp' } },
    status: 415,
    code: 'unsupported_media_type',
  },
  'a compressed body': {
    send: { json, headers: { 'content-encoding': 'gzip' } },
    status: 415,
    code: 'unsupported_media_type',
  },
  'a body over the limit': {
    send: { json: { ...json, data: 'x'.repeat(MAX_BODY_BYTES) } },
    status: 413,
    code: 'payload_too_large',
  },
  'an array': {
    send: { json: [json] },
    status: 422,
    code: 'validation_failed',
    part: { pointer: '', code: 'invalid_type' },
  },
  'no event type': {
    send: { json: {} },
    status: 422,
    code: 'validation_failed',
    part: { pointer: '/event_type', code: 'required' },
  },
  'an unknown field': unfit({ topic: 'x' }, '/topic', 'unknown_field'),
  'a field with a slash in its name': unfit({ 'a/b~c': 1 }, '/a~1b~0c', 'unknown_field'),
  'a broken event type': unfit({ event_type: 'a..b' }, '/event_type', 'invalid_event_type'),
  'a pattern as event type': unfit({ event_type: 'a.*' }, '/event_type', 'invalid_event_type'),
  'a reserved event type': unfit({ event_type: 'bellwire.x' }, '/event_type', 'invalid_event_type'),
  'an id with a dot': unfit({ id: 'a.b' }, '/id', 'invalid_id'),
  'an id like those of Bellwire': unfit({ id: 'evt_1' }, '/id', 'invalid_id'),
  'a task id with control characters': unfit({ task_id: 'a\n' }, '/task_id', 'invalid_format'),
  'half a character': unfit({ task_id: '\ud800' }, '/task_id', 'invalid_format'),
  'an instant without a zone': unfit(
    { occurred_at: '2026-04-09T12:00:00' },
    '/occurred_at',
    'invalid_format',
  ),
  'a delivery in the far future': unfit(
    { deliver_at: '2099-01-01T00:00:00Z' },
    '/deliver_at',
    'too_big',
  ),
  'metadata that is no object': unfit({ metadata: [] }, '/metadata', 'invalid_type'),
  'an empty Idempotency-Key': badKey('""'),
  'an Idempotency-Key with one quote': badKey('"abc'),
  'a long Idempotency-Key': badKey('k'.repeat(256)),
  'an Idempotency-Key beyond ASCII': badKey('schl\u00fcssel'),
};

for (const [name, { send, status, code, part }] of Object.entries(refused)) {
  test(`${name} is refused as ${code}`, async () => {
    const reply = await publish(send);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(reply.json['code'], code);
    assert.equal(reply.json['type'], `/errors/${code}`);
    assert.equal(reply.json['status'], status);
    if (part === undefined) return;
    const [first] = reply.json['errors'] as Record<string, string>[];
    assert.deepEqual({ ...first, detail: '' }, { ...part, detail: '' });
  });
}

test('a __proto__ member is an unknown field like any other', async () => {
  const reply = await publish({ body: '{"event_type":"a","__proto__":{"id":"x"}}' });
  assert.equal(reply.status, 422);
  assert.match(String(reply.json['detail']), /__proto__/);
});

test('an unknown field is answered with the known ones', async () => {
  const reply = await publish({ json: { ...json, topic: 1 } });
  assert.match(String(reply.json['detail']), /known are: event_type, data, id, task_id/);
});

test('of very many mistakes the first ones are told', async () => {
  const odd = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, 1]));
  const reply = await publish({ json: { ...json, ...odd } });
  assert.equal((reply.json['errors'] as object[]).length, 20);
});

test('metadata beyond its limit is refused', async () => {
  const roomy = await openApiWorld();
  try {
    const metadata = { note: 'x'.repeat(16 * 1024) };
    const reply = await roomy.as('default')('POST /v1/events', { json: { ...json, metadata } });
    assert.equal(reply.status, 422);
    assert.deepEqual((reply.json['errors'] as object[]).length, 1);
  } finally {
    await roomy.close();
  }
});

test('a body of unannounced length is refused at the limit', async () => {
  const call = request(`${world.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.adminKey}`, 'content-type': 'application/json' },
  });
  call.write('x'.repeat(MAX_BODY_BYTES));
  call.write('y');
  const [reply] = await once(call, 'response');
  assert.equal(reply.statusCode, 413);
  call.end();
  reply.resume();
  await once(reply, 'end');
});

const refusals: readonly [PublishResult, number, string][] = [
  [{ kind: 'unavailable', reason: 'full up', retryAfterSeconds: 7 }, 503, 'unavailable'],
  [{ kind: 'conflict', reason: 'taken' }, 422, 'idempotency_key_reused'],
];

for (const [result, status, code] of refusals) {
  test(`a publisher that answers ${result.kind} becomes ${status} ${code}`, async () => {
    const publisher = {
      publish: (_publication: unknown, done: (result: PublishResult) => void) =>
        queueMicrotask(() => done(result)),
    };
    const other = await openApiWorld({ publisher });
    try {
      const reply = await other.as('default')('POST /v1/events', { json });
      assert.equal(reply.status, status);
      assert.equal(reply.json['code'], code);
      assert.equal(reply.headers.get('retry-after'), status === 503 ? '7' : null);
      assert.deepEqual(other.errors, []);
    } finally {
      await other.close();
    }
  });
}

test('the route answers the same through the router as by the short way', async () => {
  const short = await publish({ json: {} });
  const routed = await world.as('default')('POST /v1/events?', { json: {} });
  assert.equal(routed.status, 422);
  assert.equal(routed.text, short.text);
  const accepted = await world.as('default')('POST /v1/events?', { json });
  assert.equal(accepted.status, 202);
});
