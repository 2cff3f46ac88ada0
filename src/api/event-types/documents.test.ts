import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import type { EventTypeEntry, JsonSchema } from '../../domain/event-type-entry.ts';
import { valueAt } from '../../domain/json-pointer.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';
import { newEntry } from './event-type-schema.ts';

type Json = Record<string, unknown>;

const BASE = '/v1/event-types';

let world: ApiWorld;
let call: Call;
beforeEach(async () => {
  world = await openApiWorld();
  call = world.as('default');
});
afterEach(() => world.close());

/** Schemas with references of all kinds, each with data that fits. */
const SCHEMAS: readonly (readonly [JsonSchema, readonly unknown[]])[] = [
  [{}, [1, null]],
  [{ type: 'object', properties: { amount: { minimum: 0 } } }, [{ amount: 1 }, {}]],
  [
    {
      $defs: {
        'a/b': { type: 'string' },
        node: { properties: { next: { $ref: '#/$defs/node' } } },
      },
      properties: { text: { $ref: '#/$defs/a~1b' }, first: { $ref: '#/$defs/node' } },
    },
    [{ text: 'x', first: { next: { next: {} } } }],
  ],
  [{ properties: { child: { $ref: '#' }, data: true, event_type: {} } }, [{ child: {} }]],
  [{ $ref: '#/$defs/only', $defs: { only: { type: 'integer' } } }, [7]],
  [
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      definitions: { x: { items: [{ type: 'string' }] } },
      properties: { list: { $ref: '#/definitions/x' } },
    },
    [{ list: ['a', 1] }],
  ],
  [
    {
      $id: 'https://example.com/order.json',
      $defs: { x: { type: 'string' } },
      properties: { x: { $ref: '#/$defs/x' } },
      'x-own': [{ $ref: '#/nowhere' }],
    },
    [{ x: 'y' }],
  ],
];

const text = fc.string({ minLength: 1, maxLength: 12 });

const entry = fc
  .record({
    segments: fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,4}$/), { minLength: 1, maxLength: 3 }),
    description: fc.option(fc.string({ maxLength: 12 })),
    group: fc.option(text),
    schema: fc.option(fc.constantFrom(...SCHEMAS)),
    hasExamples: fc.boolean(),
    enforcement: fc.constantFrom('off', 'warn', 'reject'),
    deprecated: fc.boolean(),
    deprecatedMessage: fc.option(text),
    replacedBy: fc.option(fc.constantFrom('order.settled', 'a')),
  })
  .map(({ segments, schema, hasExamples, ...rest }): EventTypeEntry => {
    const [jsonSchema, examples] = schema ?? [null, [{ any: 'thing' }]];
    return {
      ...rest,
      name: `t.${segments.join('.')}`,
      schema: jsonSchema,
      examples: hasExamples ? examples : [],
      createdAt: 1,
      updatedAt: 1,
    };
  });

const catalogues = fc.uniqueArray(entry, { maxLength: 6, selector: ({ name }) => name });

function withoutTimes(entries: readonly EventTypeEntry[]): unknown {
  return entries.map(({ createdAt: _created, updatedAt: _updated, ...rest }) => rest);
}

for (const format of ['openapi', 'asyncapi']) {
  test(`${format}: any catalogue comes back as it was, and once more changes nothing`, async () => {
    const { catalogue } = world.deps;
    await fc.assert(
      fc.asyncProperty(catalogues, async (entries) => {
        await catalogue.change(async () => {
          for (const { name } of catalogue.list()) await catalogue.remove(name);
          await catalogue.put(entries);
        });
        const before = catalogue.list();
        const exported = await call(`GET ${BASE}/export?format=${format}`);
        assert.equal(exported.status, 200);
        await catalogue.change(async () => {
          for (const { name } of catalogue.list()) await catalogue.remove(name);
        });
        const order = { json: { document: exported.json } };
        const imported = await call(`POST ${BASE}/import`, order);
        assert.equal(imported.json['created'], entries.length, imported.text);
        assert.deepEqual(withoutTimes(catalogue.list()), withoutTimes(before));
        const again = await call(`POST ${BASE}/import`, order);
        assert.equal(again.json['unchanged'], entries.length, again.text);
        const twice = await call(`GET ${BASE}/export?format=${format}`);
        assert.deepEqual({ ...twice.json, info: null }, { ...exported.json, info: null });
      }),
      { numRuns: 60 },
    );
  });

  test(`${format}: every reference of an export leads somewhere`, async () => {
    const entries = SCHEMAS.map(([schema, examples], index) => ({
      ...newEntry(`type.${index}`, 1),
      schema,
      examples,
      group: 'g',
    }));
    await world.deps.catalogue.change(() => world.deps.catalogue.put(entries));
    const { text: exported, json } = await call(`GET ${BASE}/export?format=${format}`);
    const references = [...exported.matchAll(/"\$ref":"#([^"]*)"/g)].map(([, at = '']) => at);
    // Those of a schema with an id are its own, and notes are nobody's.
    const own = new Set(['/$defs/x', '/nowhere']);
    for (const at of references.filter((reference) => !own.has(reference))) {
      assert.notEqual(valueAt(json, decodeURIComponent(at)), undefined, at);
    }
    assert.ok(references.length > SCHEMAS.length);
  });
}

test('an export describes the request that a receiver gets', async () => {
  const schema = { type: 'object', required: ['amount'] };
  const json = {
    name: 'order.paid',
    description: 'Paid.',
    group: 'orders',
    schema,
    examples: [{ amount: 1 }],
    deprecated: true,
    replaced_by: 'order.settled',
  };
  assert.equal((await call(`POST ${BASE}`, { json })).status, 201);
  const openapi = await call(`GET ${BASE}/export`);
  const operation = valueAt(openapi.json, '/webhooks/order.paid/post') as Json;
  assert.equal(operation['deprecated'], true);
  assert.deepEqual(operation['tags'], ['orders']);
  const media = valueAt(operation, '/requestBody/content/application~1json') as Json;
  assert.deepEqual(valueAt(media, '/schema/properties/event_type/const'), 'order.paid');
  assert.deepEqual(valueAt(media, '/schema/properties/data'), {
    $ref: '#/components/schemas/order.paid',
  });
  assert.deepEqual(valueAt(media, '/examples/example_1/value/data'), { amount: 1 });
  const headers = (operation['parameters'] as Json[]).map(({ name }) => name);
  for (const header of ['webhook-id', 'webhook-signature', 'x-agent-signature']) {
    assert.ok(headers.includes(header), header);
  }
  const asyncapi = await call(`GET ${BASE}/export?format=asyncapi`);
  const message = valueAt(asyncapi.json, '/components/messages/order.paid') as Json;
  assert.deepEqual(valueAt(message, '/payload/schema/properties/data'), schema);
  assert.ok(valueAt(message, '/headers/properties/webhook-id') !== undefined);
  assert.equal((await call(`GET ${BASE}/export?format=raml`)).status, 422);
});

/** As other people write them: a body that is the data, shared schemas, and a few mistakes. */
const FOREIGN = {
  openapi: '3.1.0',
  info: { title: 'x', version: '1' },
  webhooks: {
    newPet: {
      post: {
        summary: 'A pet has arrived.',
        tags: ['pets', 'more'],
        requestBody: { $ref: '#/components/requestBodies/Pet' },
      },
    },
    'pet.sold': { $ref: '#/components/pathItems/sold' },
    'not a type': { post: {} },
    lost: {
      post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/x' } } } } },
    },
    remote: {
      post: {
        requestBody: {
          content: { 'application/json': { schema: { items: { $ref: 'https://x.test/pet' } } } },
        },
      },
    },
    read: { get: {} },
  },
  components: {
    requestBodies: {
      Pet: {
        content: {
          'application/vnd.pet+json': {
            schema: { $ref: '#/components/schemas/Pet' },
            examples: { one: { $ref: '#/components/examples/Rex' } },
          },
        },
      },
    },
    examples: { Rex: { value: { name: 'Rex', owner: { name: 'Mia' } } } },
    pathItems: {
      sold: {
        post: {
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: {
                    type: { const: 'pet.has.been.sold' },
                    data: { $ref: '#/components/schemas/Pet/properties/owner' },
                  },
                },
                example: { type: 'pet.has.been.sold', data: { name: 'Mia' } },
              },
            },
          },
        },
      },
    },
    schemas: {
      Pet: {
        type: 'object',
        properties: { name: { type: 'string' }, owner: { $ref: '#/components/schemas/Owner' } },
      },
      Owner: {
        properties: {
          name: { type: 'string' },
          pets: { items: { $ref: '#/components/schemas/Pet' } },
          friend: { $ref: '#/components/schemas/Owner' },
        },
      },
    },
  },
};

async function importing(json: Json): Promise<Json> {
  const reply = await call(`POST ${BASE}/import`, { json });
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
}

function resultsOf(reply: Json): (readonly [unknown, unknown])[] {
  return (reply['data'] as Json[]).map(({ name, result }) => [name, result] as const);
}

test('OpenAPI of somebody else: shared schemas come along, mistakes stay out', async () => {
  const reply = await importing({ document: FOREIGN, enforcement: 'warn' });
  assert.deepEqual(resultsOf(reply), [
    ['newPet', 'created'],
    ['pet.has.been.sold', 'created'],
    ['not a type', 'refused'],
    ['lost', 'refused'],
    ['remote', 'refused'],
    ['read', 'refused'],
  ]);
  const { json: pet } = await call(`GET ${BASE}/newPet`);
  assert.equal(pet['description'], 'A pet has arrived.');
  assert.equal(pet['group'], 'pets');
  assert.equal(pet['enforcement'], 'warn');
  assert.deepEqual(pet['examples'], [{ name: 'Rex', owner: { name: 'Mia' } }]);
  assert.deepEqual(pet['schema'], {
    type: 'object',
    properties: { name: { type: 'string' }, owner: { $ref: '#/$defs/Owner' } },
    $defs: {
      Owner: {
        properties: {
          name: { type: 'string' },
          pets: { items: { $ref: '#' } },
          friend: { $ref: '#/$defs/Owner' },
        },
      },
    },
  });
  const { json: sold } = await call(`GET ${BASE}/pet.has.been.sold`);
  assert.deepEqual(sold['examples'], [{ name: 'Mia' }]);
  const remote = (reply['data'] as Json[]).find(({ name }) => name === 'remote');
  assert.equal(remote?.['source'], '/webhooks/remote/post');
  const [error] = remote['errors'] as Json[];
  assert.equal(error?.['code'], 'remote_reference');
  assert.equal(error['pointer'], '/schema/items/$ref');
});

test('AsyncAPI of somebody else is read, with draft-07 where its schemas are that', async () => {
  const document = {
    asyncapi: '3.0.0',
    info: { title: 'x', version: '1' },
    channels: {
      pets: { messages: { 'pet.sold': { $ref: '#/components/messages/sold' }, inline: {} } },
    },
    components: {
      messages: {
        sold: {
          name: 'pet.sold',
          title: 'Sold',
          tags: [{ name: 'pets' }],
          payload: { items: [{ $ref: '#/components/schemas/name' }], additionalItems: false },
          examples: [{ name: 'one', payload: ['Rex'] }],
        },
        avro: {
          payload: { schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {} },
        },
      },
      schemas: { name: { type: 'string' } },
    },
  };
  const reply = await importing({ document });
  assert.deepEqual(resultsOf(reply), [
    ['pet.sold', 'created'],
    ['inline', 'created'],
    ['avro', 'refused'],
  ]);
  const { json } = await call(`GET ${BASE}/pet.sold`);
  assert.equal(json['description'], 'Sold');
  assert.deepEqual(json['examples'], [['Rex']]);
  assert.deepEqual(json['schema'], {
    $schema: 'http://json-schema.org/draft-07/schema#',
    items: [{ $ref: '#/$defs/name' }],
    additionalItems: false,
    $defs: { name: { type: 'string' } },
  });
});

test('a plain map of schemas is read; a dry run only tells', async () => {
  const document = {
    'order.paid': { description: 'Paid.', type: 'object' },
    'order.sent': { type: 'strng' },
    'bellwire.x': {},
    broken: 3,
  };
  const expected = [
    ['order.paid', 'created'],
    ['order.sent', 'refused'],
    ['bellwire.x', 'refused'],
    ['broken', 'refused'],
  ];
  const dry = await importing({ document, dry_run: true });
  assert.deepEqual(resultsOf(dry), expected);
  assert.equal(dry['dry_run'], true);
  assert.ok(world.deps.catalogue.isEmpty);
  const reply = await importing({ document });
  assert.deepEqual(resultsOf(reply), expected);
  assert.deepEqual(
    [reply['created'], reply['updated'], reply['unchanged'], reply['refused']],
    [1, 0, 0, 3],
  );
  await call(`PATCH ${BASE}/order.paid`, { json: { enforcement: 'reject', group: 'orders' } });
  const changed = { 'order.paid': { type: 'array' } };
  assert.deepEqual(resultsOf(await importing({ document: changed })), [['order.paid', 'updated']]);
  const { json } = await call(`GET ${BASE}/order.paid`);
  assert.equal(json['enforcement'], 'reject', 'what the document does not speak of stays');
  assert.equal(json['group'], 'orders');
});

const notDocuments: Readonly<Record<string, readonly [Json, string]>> = {
  'OpenAPI 3.0': [{ openapi: '3.0.3' }, '/document/openapi'],
  'Swagger 2': [{ swagger: '2.0' }, '/document/openapi'],
  'AsyncAPI 2': [{ asyncapi: '2.6.0' }, '/document/asyncapi'],
};

for (const [title, [document, pointer]] of Object.entries(notDocuments)) {
  test(`${title} is refused as a whole`, async () => {
    const reply = await call(`POST ${BASE}/import`, { json: { document } });
    assert.equal(reply.status, 422);
    const [error] = reply.json['errors'] as Json[];
    assert.equal(error?.['pointer'], pointer);
  });
}

test('hostile documents are refused without harm', async () => {
  const circle = { $ref: '#/webhooks/a' };
  const webhooks = {
    a: circle,
    b: { post: { requestBody: { content: { 'application/json': { schema: { $ref: '#' } } } } } },
    __proto__x: 3,
    c: null,
    d: { post: { tags: 'x', description: 7, requestBody: [] } },
  };
  const reply = await importing({ document: { openapi: '3.1.0', webhooks } });
  const results = resultsOf(reply).map(([, result]) => result);
  assert.deepEqual(
    results.filter((result) => result !== 'refused').length <= 1,
    true,
    String(results),
  );
  for (const document of [
    { openapi: '3.1.0', webhooks: 3 },
    { asyncapi: '3.0.0', channels: [] },
  ]) {
    assert.deepEqual(resultsOf(await importing({ document })), []);
  }
});
