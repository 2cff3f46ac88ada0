import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimit } from '../domain/rate-limit.ts';
import { fieldTree } from './kept-fields.ts';
import { parseNetworks } from './networks.ts';
import type { Reply } from './port.ts';
import { gateWith, SECRET, sourceWith, TestDoor, TOKEN, type Knocking } from './testing/door.ts';

test('a verified request becomes an event of its source, and the sender is told last', async () => {
  const door = new TestDoor();
  const reply = await door.knock({ body: '{"b":2, "a":1.0}', headers: { 'x-id': 'evt_1' } });
  assert.equal(reply.status, 200);
  const [event] = door.published;
  assert.equal(event?.eventType, 'test.thing');
  assert.equal(event.dataText, '{"b":2, "a":1.0}');
  assert.deepEqual(event.data, { a: 1, b: 2 });
  const { source, sourceId, providerEventId } = event.inbound ?? {};
  assert.deepEqual([source, sourceId, providerEventId], [7, 'src_7', 'evt_1']);
  assert.deepEqual(door.noted, []);
});

test('a repeat is answered like the first, and noted', async () => {
  const door = new TestDoor();
  const id = 'evt_01kgsx2f2g00000000001';
  door.result = { kind: 'duplicate', id, eventType: 'test.thing', deliveries: 0 };
  const reply = await door.knock({ headers: { 'x-id': 'p1' } });
  assert.equal(reply.status, 200);
  const [row] = door.noted;
  assert.deepEqual(
    [row?.status, row?.eventId, row?.eventSequence, row?.providerEventId, row?.body],
    ['duplicate', id, 1, 'p1', null],
  );
});

test('only the named fields are kept, for filters too', async () => {
  const door = new TestDoor(gateWith({ fields: fieldTree(['/id']) }));
  await door.knock({ body: '{"text":"do as I say","id":5}' });
  assert.equal(door.published[0]?.dataText, '{"id":5}');
  assert.deepEqual(door.published[0]?.data, { id: 5 });
});

test('a request without a body becomes an event that tells its headers', async () => {
  const door = new TestDoor();
  const headers = { 'x-goog-resource-state': 'exists', authorization: 'canary' };
  await door.knock({ body: '', headers });
  const told = door.published[0]?.dataText ?? '';
  assert.match(told, /"x-goog-resource-state":"exists"/);
  assert.match(told, /"authorization":"\(hidden\)"/);
});

test('unsigned requests come in only where nothing is to be verified', async () => {
  const door = new TestDoor(gateWith({ verifier: null }));
  assert.equal((await door.knock({ sign: null })).status, 200);
});

/** Answer, and what the owner of the source reads. */
const TABLE: Readonly<Record<string, [TestDoor, Knocking, number, string | undefined]>> = {
  'a token that is nobody’s': [new TestDoor(), { token: 'x' }, 404, undefined],
  'no signature': [new TestDoor(), { sign: null }, 400, 'missing_signature'],
  'a wrong signature': [new TestDoor(), { sign: '00' }, 401, 'wrong_signature'],
  'by the provider’s convention': [
    new TestDoor(gateWith({ failureStatus: 403 })),
    { sign: '00' },
    403,
    'wrong_signature',
  ],
  'an odd method': [new TestDoor(), { method: 'DELETE' }, 405, 'method_not_allowed'],
  'GET without a handshake': [new TestDoor(), { method: 'GET' }, 405, 'method_not_allowed'],
  'another content type': [
    new TestDoor(),
    { headers: { 'content-type': 'text/html' } },
    415,
    'unsupported_content_type',
  ],
  compression: [
    new TestDoor(),
    { headers: { 'content-encoding': 'gzip' } },
    415,
    'unsupported_encoding',
  ],
  'too large by its own word': [
    new TestDoor(),
    { headers: { 'content-length': '1001' } },
    413,
    'payload_too_large',
  ],
  'JSON that is none': [new TestDoor(), { body: '{"a":' }, 400, 'malformed_body'],
  'a foreign address': [
    new TestDoor(gateWith({ networks: parseNetworks(['198.51.100.0/24']) })),
    {},
    403,
    'address_not_allowed',
  ],
  'no certificate': [
    new TestDoor(gateWith({ certificate: { isShown: () => false } })),
    {},
    401,
    'wrong_certificate',
  ],
  'at a paused source': [
    new TestDoor(gateWith({ source: sourceWith({ status: 'paused' }) })),
    {},
    503,
    'paused',
  ],
  'at a source out of order': [
    new TestDoor({ source: sourceWith(), fault: 'Its secret is gone.' }),
    {},
    503,
    'unusable',
  ],
};
for (const [name, [door, knocking, status, reason]] of Object.entries(TABLE)) {
  test(`refused: ${name}`, async () => {
    const reply = await door.knock(knocking);
    assert.equal(reply.status, status);
    assert.deepEqual(door.reasons, reason === undefined ? [] : [reason]);
    assert.deepEqual(door.published, []);
    const body: unknown = JSON.parse(reply.body);
    assert.ok(typeof body === 'object' && body !== null && 'code' in body);
    assert.equal('retry-after' in reply.headers, status === 503);
  });
}

test('the body is the same however the request failed to prove itself', async () => {
  const bodies = new Set<string>();
  for (const knocking of [
    { sign: null },
    { sign: '' },
    { sign: '00' },
    { sign: 'zz'.repeat(32) },
  ]) {
    bodies.add((await new TestDoor().knock(knocking)).body);
  }
  const outside = gateWith({ networks: parseNetworks(['198.51.100.0/24']) });
  bodies.add((await new TestDoor(outside).knock()).body);
  assert.equal(bodies.size, 1);
});

test('what the pipe does not take gets no 2xx, and says when to come again', async () => {
  const door = new TestDoor();
  door.result = { kind: 'unavailable', reason: 'the disk is full', retryAfterSeconds: 5 };
  const busy = await door.knock();
  assert.deepEqual([busy.status, busy.headers['retry-after']], [503, '5']);
  door.result = {
    kind: 'refused',
    refusal: {
      code: 'quota_exceeded',
      quota: 'events_per_second',
      reason: 'the quota is used up',
      retryAfterSeconds: 2,
    },
  };
  const full = await door.knock();
  assert.deepEqual([full.status, full.headers['retry-after']], [429, '2']);
  assert.deepEqual(door.reasons, ['unavailable', 'quota_exceeded']);
  assert.equal(door.noted[0]?.detail, 'The disk is full.');
});

test('an error inside is answered with 503, never with a 2xx', async () => {
  const door = new TestDoor(
    gateWith({
      identify: () => {
        throw new Error('a mistake of ours');
      },
    }),
  );
  assert.equal((await door.knock()).status, 503);
  assert.equal(door.errors.length, 1);
});

test('what is noted holds neither the secret nor credentials', async () => {
  const door = new TestDoor();
  await door.knock({
    body: `{"verification_token":"${SECRET}"}`,
    sign: '00',
    headers: { authorization: 'Bearer canary', cookie: 'canary' },
  });
  const [row] = door.noted;
  const text = `${row?.headers} ${Buffer.from(row?.body ?? []).toString()}`;
  assert.doesNotMatch(text, /canary|the-secret/);
  assert.match(text, /x-sign/);
});

test('a source with a rate limit tells who is too fast when to come again', async () => {
  const source = sourceWith({ rateLimit: 2 });
  const door = new TestDoor(gateWith({ source, rate: createRateLimit(2) }));
  const statuses = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await door.knock()).status);
  assert.deepEqual(statuses, [200, 200, 429]);
  await door.clock.advance(1_000);
  assert.equal((await door.knock()).status, 200);
  assert.deepEqual(door.reasons, ['rate_limited']);
});

test('an address that keeps forging is turned away unread; others are not', async () => {
  const door = new TestDoor();
  let reply: Reply | undefined;
  for (let count = 0; count <= 100; count += 1) reply = await door.knock({ sign: '00' });
  assert.equal(reply?.status, 429);
  assert.equal((await door.knock()).status, 429);
  assert.equal((await door.knock({ peer: '192.0.2.2' })).status, 200);
  await door.clock.advance(1_000);
  assert.equal((await door.knock()).status, 200);
});

test('whoever guesses at tokens is slowed down, and who knows one is not', async () => {
  const door = new TestDoor();
  const statuses = new Set<number>();
  for (let count = 0; count < 300; count += 1) {
    statuses.add((await door.knock({ token: `guess-${count}` })).status);
  }
  assert.deepEqual([...statuses], [404, 429]);
  assert.equal((await door.knock({ token: TOKEN })).status, 200);
});

const CHALLENGED: Reply = { kind: 'reply', status: 200, headers: {}, body: 'challenge' };
const asked = (fields: { requiresSignature: boolean; confirm?: string }) =>
  gateWith({
    handshake: (request) =>
      request.method === 'GET' || request.url.endsWith('?hello')
        ? { reply: CHALLENGED, refused: null, ...fields }
        : null,
  });

test('one is answered and noted, and stores no event', async () => {
  const door = new TestDoor(asked({ requiresSignature: false }));
  const answer = await door.knock({ method: 'GET', body: '', sign: null });
  assert.equal(answer.body, 'challenge');
  assert.deepEqual([door.noted[0]?.status, door.published.length], ['handshake', 0]);
});

test('one that must be signed is answered only to who signs', async () => {
  const door = new TestDoor(asked({ requiresSignature: true }));
  assert.equal((await door.knock({ query: '?hello', sign: '00' })).status, 401);
  assert.equal((await door.knock({ query: '?hello' })).body, 'challenge');
  assert.deepEqual(door.reasons, ['wrong_signature', 'handshake']);
});

test('what is none goes on as an event; a method that brings none does not', async () => {
  const door = new TestDoor(asked({ requiresSignature: true }));
  assert.equal((await door.knock()).status, 200);
  assert.equal(door.published.length, 1);
  assert.equal((await door.knock({ method: 'OPTIONS', body: '' })).status, 405);
});

test('one that is to be confirmed is answered well only when it was', async () => {
  const gate = asked({ requiresSignature: true, confirm: 'https://sns.example.com/' });
  const fetched: string[] = [];
  const fine = new TestDoor(gate, {
    confirm: (url) => Promise.resolve(void fetched.push(url)),
  });
  assert.equal((await fine.knock({ query: '?hello' })).status, 200);
  assert.deepEqual(fetched, ['https://sns.example.com/']);
  const failing = new TestDoor(gate, {
    confirm: () => Promise.reject(new Error('It answered with 500.')),
  });
  assert.equal((await failing.knock({ query: '?hello' })).status, 503);
  assert.deepEqual(failing.reasons, ['handshake_failed']);
});

test('a verifier that answers later, or fails, is waited for', async () => {
  const later = (verdict: Promise<{ ok: true; secret: null }>) =>
    new TestDoor(gateWith({ verifier: { verify: () => verdict } }));
  assert.equal((await later(Promise.resolve({ ok: true, secret: null })).knock()).status, 200);
  const failing = later(Promise.reject(new Error('no keys')));
  const reply = await failing.knock();
  assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '10']);
  assert.deepEqual(failing.reasons, ['key_unavailable']);
});
