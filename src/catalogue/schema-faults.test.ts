import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '../domain/event-type-entry.ts';
import { entryFaults } from './entry-faults.ts';

function faultsOf(schema: JsonSchema, examples: readonly unknown[] = []): string[] {
  return entryFaults({ schema, examples }).map(({ pointer, code }) => `${code} at ${pointer}`);
}

const accepted: Readonly<Record<string, JsonSchema>> = {
  'nothing at all': {},
  'a plain object': {
    type: 'object',
    properties: { amount: { type: 'number', minimum: 0 }, at: { format: 'date-time' } },
    required: ['amount'],
    additionalProperties: false,
  },
  'a tree': {
    $defs: { node: { properties: { left: { $ref: '#/$defs/node' }, value: { type: 'integer' } } } },
    $ref: '#/$defs/node',
  },
  'a reference to itself': { properties: { child: { $ref: '#' } } },
  'a reference with escapes': { $defs: { 'a/b ~': {} }, $ref: '#/$defs/a~1b%20~0' },
  'draft-07': {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://example.com/order.json',
    definitions: { pair: { items: [{ type: 'string' }, {}], additionalItems: false } },
    dependencies: { a: ['b'], c: { required: ['d'] } },
    properties: { pair: { $ref: '#/definitions/pair' } },
  },
  '2020-12 by name': {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    prefixItems: [true, false],
    dependentSchemas: { a: { required: ['b'] } },
    unevaluatedProperties: false,
  },
  'notes of all kinds': {
    title: 'x',
    example: 1,
    deprecated: true,
    discriminator: { propertyName: 'kind' },
    properties: { a: { 'x-order': 3, nullable: true, type: 'string' } },
  },
  'names that look like keywords': { properties: { requierd: {}, $ref: {}, $id: {} } },
  'a format nobody knows': { format: 'phone-number' },
  patterns: { pattern: '^[a-z]+$', patternProperties: { '^x-': true } },
};

for (const [name, schema] of Object.entries(accepted)) {
  test(`a schema with ${name} is taken`, () => assert.deepEqual(faultsOf(schema), []));
}

const deep = (levels: number): JsonSchema =>
  levels === 0 ? {} : { properties: { a: deep(levels - 1) } };

const refused: Readonly<Record<string, readonly [JsonSchema, ...string[]]>> = {
  'a keyword with a typing error': [
    { properties: { a: { requierd: ['x'] } } },
    'unknown_keyword at /schema/properties/a/requierd',
  ],
  'a keyword of another draft': [
    { $schema: 'http://json-schema.org/draft-07/schema#', prefixItems: [{}] },
    'unknown_keyword at /schema/prefixItems',
  ],
  'a draft that we do not know': [
    { $schema: 'http://json-schema.org/draft-04/schema#' },
    'unknown_dialect at /schema/$schema',
  ],
  'a reference out of it': [
    { properties: { a: { $ref: 'https://example.com/address.json' }, b: { $ref: 'b.json#/x' } } },
    'remote_reference at /schema/properties/a/$ref',
    'remote_reference at /schema/properties/b/$ref',
  ],
  'a reference to nothing': [
    { allOf: [{ $ref: '#/$defs/gone' }, { $ref: '#/examples/0' }], examples: [{}] },
    'unknown_reference at /schema/allOf/0/$ref',
    'unknown_reference at /schema/allOf/1/$ref',
  ],
  'an id inside': [{ $defs: { a: { $id: 'b' } } }, 'unsupported_keyword at /schema/$defs/a/$id'],
  anchors: [{ $anchor: 'x' }, 'unsupported_keyword at /schema/$anchor'],
  'a type that is none': [{ type: 'strng' }, 'invalid_schema at /schema/type'],
  'a schema that is none': [
    { properties: { a: 3 }, required: 'a' },
    'invalid_schema at /schema/required',
    'invalid_schema at /schema/properties/a',
  ],
  'a pattern that could take for ever': [
    { properties: { 'a/b': { pattern: '(?=a)b' } }, patternProperties: { '(a)\\1': {} } },
    'unsupported_pattern at /schema/patternProperties/(a)\\1',
    'unsupported_pattern at /schema/properties/a~1b/pattern',
  ],
  'a circle that does not go into the data': [
    { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' },
    'not_checkable at /schema',
  ],
  'doubled references, forty times': [
    {
      $defs: Object.fromEntries(
        Array.from({ length: 41 }, (_, index) => [
          `d${index}`,
          index === 40
            ? { type: 'string' }
            : { anyOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
        ]),
      ),
      $ref: '#/$defs/d0',
    },
    'not_checkable at /schema',
  ],
  'too many levels': [deep(40), 'too_deep at /schema'],
  'too many bytes': [{ description: 'x'.repeat(70_000) }, 'too_big at /schema'],
  'what ajv refuses by itself': [{ nullable: true }, 'invalid_schema at /schema'],
};

for (const [name, [schema, ...faults]] of Object.entries(refused)) {
  test(`a schema with ${name} is refused with its place`, () => {
    assert.deepEqual(faultsOf(schema).toSorted(), faults.toSorted());
  });
}

test('an example that does not fit is named with the place in it', () => {
  const schema = { properties: { amount: { minimum: 0 } }, required: ['amount'] };
  assert.deepEqual(faultsOf(schema, [{ amount: 1 }, { amount: -1 }, {}]), [
    'minimum at /examples/1/amount',
    'required at /examples/2/amount',
  ]);
});

test('examples may be anything without a schema, but not without end', () => {
  const faults = (examples: readonly unknown[]) => entryFaults({ schema: null, examples });
  assert.deepEqual(faults([1, null, 'x', { a: [] }]), []);
  for (const examples of [Array.from({ length: 11 }, () => 1), ['x'.repeat(70_000)]]) {
    const [fault] = faults(examples);
    assert.equal(fault?.code, 'too_big');
    assert.equal(fault.pointer, '/examples');
  }
});
