import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { EventCatalogue } from '../../catalogue/catalogue.ts';
import { systemClock } from '../../runtime/system.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import { nextCursor, type Call } from '../testing/caller.ts';
import { newEntry } from './event-type-schema.ts';

type Json = Record<string, unknown>;

const BASE = '/v1/event-types';
const SCHEMA = { type: 'object', properties: { amount: { minimum: 0 } }, required: ['amount'] };

let world: ApiWorld;
let admin: Call;
beforeEach(async () => {
  world = await openApiWorld();
  admin = world.as('default');
});
afterEach(() => world.close());

async function add(json: Json): Promise<Json> {
  const reply = await admin(`POST ${BASE}`, { json });
  assert.equal(reply.status, 201, reply.text);
  return reply.json;
}

test('a name is enough, and everything else has a default', async () => {
  const created = await add({ name: 'order.paid' });
  assert.deepEqual(created, {
    name: 'order.paid',
    description: null,
    group: null,
    schema: null,
    examples: [],
    enforcement: 'off',
    deprecated: false,
    deprecated_message: null,
    replaced_by: null,
    created_at: created['created_at'],
    updated_at: created['created_at'],
  });
  assert.deepEqual((await admin(`GET ${BASE}/order.paid`)).json, created);
});

test('what is written can be read back, changed field by field, and emptied', async () => {
  const fields = {
    description: 'The customer has paid.',
    group: 'orders',
    schema: SCHEMA,
    examples: [{ amount: 3 }],
    enforcement: 'reject',
    deprecated: true,
    deprecated_message: 'Use the new one.',
    replaced_by: 'order.settled',
  };
  await add({ name: 'order.paid', ...fields });
  const change = async (json: Json) => {
    const reply = await admin(`PATCH ${BASE}/order.paid`, { json });
    assert.equal(reply.status, 200, reply.text);
    const { name: _name, created_at: _created, updated_at: _updated, ...rest } = reply.json;
    return rest;
  };
  assert.deepEqual(await change({}), fields);
  assert.deepEqual(await change({ group: null, examples: [] }), {
    ...fields,
    group: null,
    examples: [],
  });
  const empty = { description: null, schema: null, deprecated_message: null, replaced_by: null };
  assert.deepEqual(await change({ ...empty, deprecated: false, enforcement: 'off' }), {
    ...empty,
    group: null,
    examples: [],
    deprecated: false,
    enforcement: 'off',
  });
});

test('a type is in the catalogue once, until it is deleted', async () => {
  await add({ name: 'order.paid' });
  const again = await admin(`POST ${BASE}`, { json: { name: 'order.paid' } });
  assert.equal(again.status, 409);
  assert.equal(again.json['code'], 'event_type_exists');
  assert.equal((await admin(`DELETE ${BASE}/order.paid`)).status, 204);
  for (const route of ['GET', 'DELETE', 'PATCH']) {
    const reply = await admin(`${route} ${BASE}/order.paid`, route === 'PATCH' ? { json: {} } : {});
    assert.equal(reply.status, 404, route);
  }
  await add({ name: 'order.paid' });
});

test('of many who add the same type at once, one succeeds', async () => {
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => admin(`POST ${BASE}`, { json: { name: 'raced' } })),
  );
  assert.equal(replies.filter(({ status }) => status === 201).length, 1);
  assert.equal(replies.filter(({ status }) => status === 409).length, 7);
});

test('the list is sorted by name, paged, and filtered by group and deprecation', async () => {
  for (const name of ['c', 'a.b', 'a', 'b'.repeat(128)]) {
    await add({ name, group: name.startsWith('a') ? 'first' : null, deprecated: name === 'c' });
  }
  const names = async (query: string) => {
    const { json } = await admin(`GET ${BASE}?${query}`);
    return (json['data'] as Json[]).map(({ name }) => name);
  };
  const paged: unknown[] = [];
  let cursor = '';
  do {
    const from = cursor === '' ? '' : `&cursor=${cursor}`;
    const { json } = await admin(`GET ${BASE}?limit=1${from}`);
    paged.push(...(json['data'] as Json[]).map(({ name }) => name));
    cursor = nextCursor(json);
  } while (cursor !== '');
  assert.deepEqual(paged, ['a', 'a.b', 'b'.repeat(128), 'c']);
  assert.deepEqual(await names('group=first'), ['a', 'a.b']);
  assert.deepEqual(await names('deprecated=true'), ['c']);
  assert.deepEqual(await names('deprecated=false&group=first'), ['a', 'a.b']);
});

const refused: Readonly<Record<string, readonly [Json, ...string[]]>> = {
  'no name': [{}, '/name'],
  'a pattern for a name': [{ name: 'order.*' }, '/name'],
  'the name of an event about Bellwire': [{ name: 'bellwire.test' }, '/name'],
  'the name of a route': [{ name: 'export' }, '/name'],
  'an unknown field': [{ name: 'a', shema: {} }, '/shema'],
  'an unknown enforcement': [{ name: 'a', enforcement: 'on' }, '/enforcement'],
  'a schema that is none': [
    { name: 'a', schema: { properties: { x: { type: 'strng' } } } },
    '/schema/properties/x/type',
  ],
  'a typing error in a keyword': [{ name: 'a', schema: { requierd: [] } }, '/schema/requierd'],
  'a reference out of the schema': [
    { name: 'a', schema: { $ref: 'https://example.com/x' } },
    '/schema/$ref',
  ],
  'examples that do not fit': [
    { name: 'a', schema: SCHEMA, examples: [{ amount: 1 }, { amount: -1 }, {}] },
    '/examples/1/amount',
    '/examples/2/amount',
  ],
};

for (const [title, [json, ...pointers]] of Object.entries(refused)) {
  test(`an event type with ${title} is refused with its place`, async () => {
    const reply = await admin(`POST ${BASE}`, { json });
    assert.equal(reply.status, 422, reply.text);
    const errors = reply.json['errors'] as Json[];
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      pointers,
    );
  });
}

test('a schema that its examples do not fit is refused, and the old one stays', async () => {
  await add({ name: 'a', schema: SCHEMA, examples: [{ amount: 1 }] });
  const schema = { ...SCHEMA, required: ['amount', 'currency'] };
  const reply = await admin(`PATCH ${BASE}/a`, { json: { schema } });
  assert.equal(reply.status, 422);
  assert.deepEqual((await admin(`GET ${BASE}/a`)).json['schema'], SCHEMA);
});

test('the catalogue is one for all tenants, and only who was told may write it', async () => {
  await add({ name: 'order.paid' });
  const reader = await world.withScopes('acme', ['event_types:read']);
  assert.equal((await reader(`GET ${BASE}/order.paid`)).status, 200);
  const writer = await world.withScopes('acme', ['event_types:write']);
  assert.equal((await writer(`POST ${BASE}`, { json: { name: 'order.sent' } })).status, 201);
  assert.equal((await world.as('other')(`GET ${BASE}/order.sent`)).status, 200);
  const tenantAdmin = await world.withScopes('acme', ['admin']);
  assert.equal((await tenantAdmin(`GET ${BASE}`)).status, 200);
  for (const call of [reader, tenantAdmin]) {
    const replies = [
      await call(`POST ${BASE}`, { json: { name: 'mine' } }),
      await call(`PATCH ${BASE}/order.paid`, { json: { enforcement: 'reject' } }),
      await call(`DELETE ${BASE}/order.paid`),
      await call(`PATCH ${BASE}/settings`, { json: { unknown_event_types: 'reject' } }),
      await call(`POST ${BASE}/import`, { json: { document: {} } }),
    ];
    for (const reply of replies) assert.equal(reply.status, 403, reply.text);
  }
  const handedOut = await tenantAdmin('POST /v1/api-keys', {
    json: { name: 'x', scopes: ['event_types:write'] },
  });
  assert.equal(handedOut.status, 403, 'a tenant’s admin gave away what it does not hold');
});

test('the catalogue is still there after a restart', async () => {
  await add({ name: 'order.paid', schema: SCHEMA, enforcement: 'reject' });
  await admin(`PATCH ${BASE}/settings`, { json: { unknown_event_types: 'warn' } });
  const { control } = world.storage;
  const telemetry = { emit: () => {} };
  const restarted = new EventCatalogue({ control, clock: systemClock, telemetry });
  await restarted.load();
  assert.deepEqual(restarted.list(), world.deps.catalogue.list());
  assert.deepEqual(restarted.settings, { unknownEventTypes: 'warn' });
  assert.equal(restarted.check(1, 'order.paid', {}, 2)?.kind, 'refused');
});

test('a catalogue as large as it may be takes no more, and says so', async () => {
  const full = Array.from({ length: 2_000 }, (_, index) => newEntry(`type.${index}`, 1));
  await world.deps.catalogue.change(() => world.deps.catalogue.put(full));
  const more = await admin(`POST ${BASE}`, { json: { name: 'one.more' } });
  assert.equal(more.status, 409);
  assert.equal(more.json['code'], 'catalogue_full');
  const change = await admin(`PATCH ${BASE}/type.7`, { json: { description: 'still possible' } });
  assert.equal(change.status, 200);
});

test('a subscription to what the catalogue does not know is warned, and made', async () => {
  const subscribe = async (json: Json) => {
    const reply = await admin('POST /v1/webhooks/subscriptions', {
      json: { target_url: 'https://example.com/', ...json },
    });
    assert.equal(reply.status, 201, reply.text);
    return reply.json;
  };
  const before = await subscribe({ event_type: 'order.paied' });
  assert.equal(before['warnings'], undefined, 'an empty catalogue knows nothing');
  await add({ name: 'order.paid' });
  await add({ name: 'order.old', deprecated: true, replaced_by: 'order.paid' });
  assert.equal((await subscribe({ event_type: '**' }))['warnings'], undefined);
  assert.equal((await subscribe({ event_type: 'order.*' }))['warnings'], undefined);
  assert.equal((await subscribe({ event_type: 'bellwire.**' }))['warnings'], undefined);
  const typo = await subscribe({ event_types: ['order.paid', 'order.paied', 'order.old', 'x.*'] });
  const expected = [
    ['unknown_event_type', '/event_types/1'],
    ['deprecated_event_type', '/event_types/2'],
    ['unknown_event_type', '/event_types/3'],
  ];
  const told = (typo['warnings'] as Json[]).map(({ code, pointer }) => [code, pointer]);
  assert.deepEqual(told, expected);
  const path = `/v1/webhooks/subscriptions/${String(typo['id'])}`;
  const changed = await admin(`PATCH ${path}`, { json: { event_type: 'y' } });
  const [warning] = changed.json['warnings'] as Json[];
  assert.equal(warning?.['pointer'], '/event_type');
  assert.match(String(warning['detail']), /matches no type in the event catalogue/);
  const renamed = await admin(`PATCH ${path}`, { json: { name: 'z' } });
  assert.equal(renamed.json['warnings'], undefined);
});
