/** What the server answers before, beside and without any resource. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { StorageError } from '../storage/storage.ts';
import { createApi } from './api.ts';
import { refuseClient } from './http-server.ts';
import { problemPath } from './problems.ts';
import { openApiWorld, type ApiWorld } from './testing/api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const SUBSCRIPTIONS = '/v1/webhooks/subscriptions';

test('health says that the process runs; readiness, what it depends on', async () => {
  const live = await world.anonymous('GET /healthz');
  assert.deepEqual([live.status, live.json], [200, { status: 'ok' }]);
  const ready = await world.anonymous('GET /readyz');
  assert.deepEqual([ready.status, ready.json['checks']], [200, { storage: 'ok' }]);
  const readiness = () => ({ ok: false, checks: { storage: 'full' } });
  const other = await openApiWorld({ readiness });
  try {
    const unready = await other.anonymous('GET /readyz');
    assert.equal(unready.status, 503);
    assert.deepEqual(unready.json, { status: 'not_ready', checks: { storage: 'full' } });
  } finally {
    await other.close();
  }
});

test('a path that nobody serves is a 404, with or without a key', async () => {
  for (const call of [world.anonymous, world.as('default')]) {
    for (const route of ['GET /v1/nothing', 'POST /v1/nothing', 'GET /v1/events/a/b/c']) {
      const reply = await call(route);
      assert.deepEqual([reply.status, reply.json['code']], [404, 'route_not_found']);
      assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    }
  }
});

test('a method that a path does not know is a 405 that names those it does', async () => {
  const wrong: readonly [string, string][] = [
    ['PUT /v1/events', 'GET, HEAD, POST'],
    [`PUT ${SUBSCRIPTIONS}/x`, 'DELETE, GET, HEAD, PATCH'],
    ['DELETE /v1/events/x', 'GET, HEAD'],
    ['GET /v1/deliveries/x/resend', 'POST'],
  ];
  for (const [route, allow] of wrong) {
    const reply = await world.as('default')(route);
    assert.deepEqual([reply.status, reply.json['code']], [405, 'method_not_allowed'], route);
    assert.equal(reply.headers.get('allow'), allow);
  }
});

test('a URL that can not be decoded is a 400, and an endless id a 404', async () => {
  const broken = await world.as('default')('GET /v1/events/%E0%A4%A');
  assert.deepEqual([broken.status, broken.json['code']], [400, 'bad_request']);
  const endless = await world.as('default')(`GET /v1/events/${'x'.repeat(1_000)}`);
  assert.deepEqual([endless.status, endless.json['code']], [404, 'not_found']);
});

test('a control body is judged like any other', async () => {
  const post = (body: string, type = 'application/json') =>
    world.as('default')(`POST ${SUBSCRIPTIONS}`, { body, headers: { 'content-type': type } });
  assert.equal((await post('{"a":')).json['code'], 'invalid_json');
  assert.equal((await post('a=1', 'text/plain')).json['code'], 'unsupported_media_type');
  assert.equal((await post('{}', 'nonsense')).json['code'], 'unsupported_media_type');
  assert.equal((await post('[]')).json['code'], 'validation_failed');
});

/** Sends bytes as they are; resolves with everything that comes back. */
function exchange(bytes: string): Promise<string> {
  const socket = connect({ port: Number(new URL(world.url).port), host: '127.0.0.1' });
  socket.write(bytes);
  return text(socket);
}

test('what is no HTTP, and headers without end, are refused as problems too', async () => {
  const nonsense = await exchange('this is not http\r\n\r\n');
  assert.match(nonsense, /^HTTP\/1\.1 400 /);
  assert.match(nonsense, /"code":"bad_request"/);
  const long = await exchange(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`);
  assert.match(long, /^HTTP\/1\.1 431 /);
  assert.match(long, /application\/problem\+json/);
});

test('a request that never ends is refused as a timeout', async () => {
  const socket = new PassThrough();
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  refuseClient(late, socket as unknown as Socket);
  const reply = await text(socket);
  assert.match(reply, /^HTTP\/1\.1 408 /);
  assert.match(reply, /"code":"request_timeout"/);
});

test('a control body that is announced as too large is refused unread', async () => {
  const reply = await exchange(
    `POST ${SUBSCRIPTIONS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${world.adminKey}\r\n` +
      'content-type: application/json\r\ncontent-length: 2000000\r\n\r\n',
  );
  assert.match(reply, /^HTTP\/1\.1 413 /);
  assert.match(reply, /"code":"payload_too_large"/);
});

const failures: readonly [Error, number, string, string | null][] = [
  [new StorageError('full', 'no space in /var/secret'), 503, 'storage_full', '5'],
  [new StorageError('busy', 'locked by /var/secret'), 503, 'unavailable', '5'],
  [new TypeError('secret is not a function'), 500, 'internal_error', null],
];

for (const [error, status, code, retryAfter] of failures) {
  test(`${error.message} becomes ${code}, told to the operator and not to the caller`, async () => {
    const fail = () => Promise.reject(error);
    const journal = {
      state: fail,
      event: fail,
      contents: fail,
      sequenceOfKey: fail,
      listEvents: fail,
      deliveriesOf: fail,
      delivery: fail,
      listDeliveries: fail,
      attempts: fail,
    };
    const other = await openApiWorld({ journal });
    try {
      const reply = await other.as('default')('GET /v1/events');
      assert.deepEqual([reply.status, reply.json['code']], [status, code]);
      assert.equal(reply.headers.get('retry-after'), retryAfter);
      assert.ok(!reply.text.includes('secret'));
      assert.deepEqual(other.errors, [error]);
    } finally {
      await other.close();
    }
  });
}

test('an error of the publisher does not leave its caller without an answer', async () => {
  const error = new Error('broken pipe');
  const publisher = {
    publish: () => {
      throw error;
    },
  };
  const other = await openApiWorld({ publisher });
  try {
    const reply = await other.as('default')('POST /v1/events', { json: { event_type: 'a' } });
    assert.deepEqual([reply.status, reply.json['code']], [500, 'internal_error']);
    assert.deepEqual(other.errors, [error]);
  } finally {
    await other.close();
  }
});

test('the type of a problem leads to its explanation', async () => {
  const reply = await world.anonymous(`GET ${problemPath('invalid_json')}`);
  assert.equal(reply.status, 200);
  assert.match(reply.text, /^# invalid_json \(400\)\n/);
  assert.equal((await world.anonymous('GET /errors/nothing')).json['code'], 'not_found');
});

test('a route without a declared access keeps the server from starting', async () => {
  const api = await createApi(world.deps);
  assert.throws(() => api.get('/open', () => 'hello'), /GET \/open has no access/);
});

test('while it closes, a publisher is answered and its connection ended', async () => {
  const waiting: (() => void)[] = [];
  const publisher = {
    publish: (
      _publication: unknown,
      done: (result: { kind: 'accepted'; id: string; deliveries: number }) => void,
    ) => {
      waiting.push(() => done({ kind: 'accepted', id: 'evt_x', deliveries: 0 }));
    },
  };
  const other = await openApiWorld({ publisher });
  const reply = other.as('default')('POST /v1/events', { json: { event_type: 'a' } });
  while (waiting.length === 0) await new Promise(setImmediate);
  const closed = other.close();
  await new Promise(setImmediate);
  for (const answer of waiting) answer();
  assert.equal((await reply).status, 202);
  assert.equal((await reply).headers.get('connection'), 'close');
  await closed;
});
