import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

type Json = Record<string, unknown>;

const SCHEMA = {
  type: 'object',
  properties: { amount: { type: 'number', minimum: 0 }, café: { type: 'string' } },
  required: ['amount'],
};
const BAD = { event_type: 'order.paid', data: { amount: -1, café: 3 } };

let world: ApiWorld;
let call: Call;
beforeEach(async () => {
  world = await openApiWorld();
  call = world.as('default');
});
afterEach(() => world.close());

async function enforce(enforcement: string, more: Json = {}): Promise<void> {
  const json = { name: 'order.paid', schema: SCHEMA, enforcement, ...more };
  const reply = await call('POST /v1/event-types', { json });
  assert.equal(reply.status, 201, reply.text);
}

const events = async () => (await call('GET /v1/events')).json['data'] as Json[];
const flagged = () => world.telemetry.filter(({ event }) => event === 'publication.flagged');

test('off: nothing is checked and nothing is said', async () => {
  await enforce('off');
  const reply = await call('POST /v1/events', { json: BAD });
  assert.equal(reply.status, 202);
  assert.equal(reply.json['warnings'], undefined);
  const [event] = await events();
  assert.deepEqual(event?.['warnings'], []);
  assert.deepEqual(flagged(), []);
});

test('warn: the event is taken; publisher, event and telemetry have what was wrong', async () => {
  await enforce('warn');
  const good = await call('POST /v1/events', {
    json: { event_type: 'order.paid', data: { amount: 1 } },
  });
  assert.equal(good.json['warnings'], undefined);
  assert.deepEqual(flagged(), []);
  const reply = await call('POST /v1/events', { json: BAD });
  assert.equal(reply.status, 202);
  const expected = [
    { code: 'schema_mismatch', pointer: '/data/amount', detail: 'must be >= 0' },
    { code: 'schema_mismatch', pointer: '/data/café', detail: 'must be string' },
  ];
  assert.deepEqual(reply.json['warnings'], expected);
  const [event] = await events();
  assert.deepEqual(event?.['warnings'], expected);
  const [{ at: _at, ...told } = { at: 0 }, ...others] = flagged();
  const codes = ['schema_mismatch'];
  const eventType = 'order.paid';
  assert.deepEqual(told, {
    event: 'publication.flagged',
    tenant: 1,
    eventType,
    refused: false,
    codes,
  });
  assert.deepEqual(others, []);
});

test('warnings never reach a receiver', async () => {
  await enforce('warn');
  const target_url = 'https://example.com/hook';
  await call('POST /v1/webhooks/subscriptions', { json: { event_type: '**', target_url } });
  const { json } = await call('POST /v1/events', { json: BAD });
  const job = await world.receiver.attemptOf(String(json['id']));
  assert.ok(!Buffer.from(job.body).includes('mismatch'));
});

test('reject: 422 names every place, and nothing is stored', async () => {
  await enforce('reject');
  const reply = await call('POST /v1/events', { json: BAD });
  assert.equal(reply.status, 422);
  assert.equal(reply.json['code'], 'schema_mismatch');
  assert.deepEqual(reply.json['errors'], [
    { pointer: '/data/amount', detail: 'must be >= 0', code: 'minimum' },
    { pointer: '/data/café', detail: 'must be string', code: 'type' },
  ]);
  assert.match(String(reply.json['detail']), /\/data\/amount: must be >= 0/);
  assert.deepEqual(await events(), []);
  assert.deepEqual(
    flagged().map((event) => 'refused' in event && event.refused),
    [true],
  );
  const good = await call('POST /v1/events', {
    json: { event_type: 'order.paid', data: { amount: 0 } },
  });
  assert.equal(good.status, 202);
});

test('an event without data is checked as {}', async () => {
  await enforce('reject');
  const reply = await call('POST /v1/events', { json: { event_type: 'order.paid' } });
  assert.equal(reply.status, 422);
  const [error] = reply.json['errors'] as Json[];
  assert.deepEqual(error, { pointer: '/data/amount', detail: 'is required', code: 'required' });
});

test('in a batch each event is judged by itself', async () => {
  await enforce('reject');
  await call('POST /v1/event-types', {
    json: { name: 'order.sent', schema: SCHEMA, enforcement: 'warn' },
  });
  const reply = await call('POST /v1/events/batch', {
    json: [BAD, { ...BAD, event_type: 'order.sent' }, { event_type: 'other' }],
  });
  assert.equal(reply.status, 202);
  const [refused, warned, other] = reply.json['data'] as Json[];
  assert.equal(refused?.['status'], 'rejected');
  assert.equal((refused['error'] as Json)['code'], 'schema_mismatch');
  assert.equal(warned?.['status'], 'accepted');
  assert.equal((warned['warnings'] as Json[]).length, 2);
  assert.equal(other?.['status'], 'accepted');
  assert.equal(other['warnings'], undefined);
  assert.equal((await events()).length, 2);
});

test('a deprecated type is taken, and its publisher is told what to use', async () => {
  await enforce('off', {
    deprecated: true,
    deprecated_message: 'Gone in May.',
    replaced_by: 'order.settled',
  });
  const reply = await call('POST /v1/events', { json: BAD });
  assert.equal(reply.status, 202);
  const detail = '"order.paid" is deprecated; use "order.settled": Gone in May.';
  const code = 'deprecated_event_type';
  assert.deepEqual(reply.json['warnings'], [{ code, pointer: '/event_type', detail }]);
});

test('a type that is not in the catalogue is allowed, warned about or refused', async () => {
  const publish = () => call('POST /v1/events', { json: { event_type: 'new.type' } });
  const set = async (policy: string) => {
    const json = { unknown_event_types: policy };
    const reply = await call('PATCH /v1/event-types/settings', { json });
    assert.deepEqual(reply.json, json);
    assert.deepEqual((await call('GET /v1/event-types/settings')).json, json);
  };
  assert.deepEqual((await call('GET /v1/event-types/settings')).json, {
    unknown_event_types: 'allow',
  });
  assert.equal((await publish()).json['warnings'], undefined);
  await set('warn');
  const warned = await publish();
  assert.equal(warned.status, 202);
  assert.equal((warned.json['warnings'] as Json[])[0]?.['code'], 'unknown_event_type');
  await set('reject');
  const refused = await publish();
  assert.equal(refused.status, 422);
  assert.equal(refused.json['code'], 'unknown_event_type');
  assert.equal((refused.json['errors'] as Json[])[0]?.['pointer'], '/event_type');
  await set('allow');
  assert.equal((await publish()).json['warnings'], undefined);
});

test('events about Bellwire itself are in no catalogue, and are not refused', async () => {
  await call('PATCH /v1/event-types/settings', { json: { unknown_event_types: 'reject' } });
  const { json } = await call('POST /v1/webhooks/subscriptions', {
    json: { event_type: 'x', target_url: 'https://example.com/' },
  });
  const tested = await call(`POST /v1/webhooks/subscriptions/${String(json['id'])}/test`);
  assert.ok(tested.status < 300, tested.text);
});

test('a changed schema holds for the next event', async () => {
  await enforce('reject');
  assert.equal((await call('POST /v1/events', { json: BAD })).status, 422);
  await call('PATCH /v1/event-types/order.paid', { json: { schema: {} } });
  assert.equal((await call('POST /v1/events', { json: BAD })).status, 202);
  await call('PATCH /v1/event-types/order.paid', { json: { schema: SCHEMA } });
  assert.equal((await call('POST /v1/events', { json: BAD })).status, 422);
  await call('DELETE /v1/event-types/order.paid');
  assert.equal((await call('POST /v1/events', { json: BAD })).status, 202);
});

test('the same event published again is a duplicate, warned or not', async () => {
  await enforce('warn');
  const json = { ...BAD, id: 'mine' };
  assert.equal((await call('POST /v1/events', { json })).json['duplicate'], false);
  const again = await call('POST /v1/events', { json });
  assert.equal(again.json['duplicate'], true);
  assert.equal((again.json['warnings'] as Json[]).length, 2);
  await call('DELETE /v1/event-types/order.paid');
  const unchecked = await call('POST /v1/events', { json });
  assert.equal(unchecked.status, 202);
  assert.equal(unchecked.json['duplicate'], true);
});

test('data that can not be checked in bounded time is warned about, or refused', async () => {
  const node = {
    anyOf: [
      { allOf: [{ properties: { a: { $ref: '#/$defs/node' } } }, { required: ['x'] }] },
      { allOf: [{ properties: { a: { $ref: '#/$defs/node' } } }, { required: ['y'] }] },
    ],
  };
  const schema = { anyOf: [{ $ref: '#/$defs/node' }, true], $defs: { node } };
  await enforce('warn', { schema });
  const data = Array.from({ length: 100 }).reduce<object>((inner) => ({ a: inner }), {});
  const json = { event_type: 'order.paid', data };
  const warned = await call('POST /v1/events', { json });
  assert.equal(warned.status, 202);
  const [warning] = warned.json['warnings'] as Json[];
  assert.equal(warning?.['code'], 'not_checked');
  assert.match(String(warning['detail']), /takes too many steps/);
  await call('PATCH /v1/event-types/order.paid', { json: { enforcement: 'reject' } });
  const refused = await call('POST /v1/events', { json });
  assert.equal(refused.status, 422);
  assert.equal(refused.json['code'], 'not_checked');
});
