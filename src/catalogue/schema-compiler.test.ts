import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import type { JsonSchema } from '../domain/event-type-entry.ts';
import { compileSchema } from './schema-compiler.ts';

function check(schema: JsonSchema, data: unknown) {
  return compileSchema(schema).check(data, JSON.stringify(data).length);
}

function placesOf(schema: JsonSchema, data: unknown): string[] {
  const verdict = check(schema, data);
  assert.equal(verdict.kind, 'mismatch');
  return verdict.kind === 'mismatch'
    ? verdict.places.map(({ pointer, detail }) => `${pointer} ${detail}`)
    : [];
}

const name = fc.constantFrom('a', 'b', 'c');
const scalar = fc.constantFrom('', 'a', 'ab', 0, 1, 2.5, -1, true, null);

/**
 * Schemas with up to three keywords each, of whatever goes together. No `prefixItems`: beside
 * `contains` ajv takes the empty list, or not, depending on what else stands there.
 */
const schemas = fc.letrec<{ schema: JsonSchema | boolean }>((tie) => {
  const inner = tie('schema');
  const named = fc.dictionary(name, inner, { maxKeys: 2 });
  const some = fc.array(inner, { minLength: 1, maxLength: 2 });
  const keywords: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    type: fc.constantFrom('object', 'array', 'string', ['number', 'null', 'object']),
    enum: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    minimum: fc.integer({ min: -1, max: 2 }),
    maxLength: fc.integer({ min: 0, max: 2 }),
    pattern: fc.constantFrom('a', '^a*$', 'b|a'),
    uniqueItems: fc.boolean(),
    minItems: fc.integer({ min: 0, max: 2 }),
    required: fc.uniqueArray(name, { maxLength: 2 }),
    properties: named,
    patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$'), inner, { maxKeys: 1 }),
    additionalProperties: inner,
    unevaluatedProperties: inner,
    propertyNames: inner,
    items: inner,
    contains: inner,
    not: inner,
    if: inner,
    // oxlint-disable-next-line unicorn/no-thenable -- it is a keyword of JSON Schema
    then: inner,
    else: inner,
    allOf: some,
    anyOf: some,
    oneOf: some,
    dependentSchemas: named,
    $ref: fc.constant('#/$defs/other'),
    title: fc.string(),
    'x-note': scalar,
  };
  const keyword = fc.oneof(
    ...Object.entries(keywords).map(([key, value]) => fc.tuple(fc.constant(key), value)),
  );
  const several = fc.array(keyword, { maxLength: 3 });
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<JsonSchema | boolean>({}, true, { type: 'string' }, { type: 'integer' }),
      several.map((pairs): JsonSchema => Object.fromEntries(pairs)),
    ),
  };
}).schema;

const data = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  }))
  .value.map((value): unknown => JSON.parse(JSON.stringify(value)));

/** What ajv says by itself; undefined where it never ends, or stumbles over its own code. */
function plainCheck(schema: JsonSchema): (value: unknown) => boolean | undefined {
  const options = { strict: false, meta: false, validateSchema: false } as const;
  let validate: ((value: unknown) => boolean) | undefined;
  return (value) => {
    try {
      validate ??= new Ajv2020(options).compile(schema);
      return validate(value);
    } catch {
      return undefined;
    }
  };
}

test('counting steps and leaving notes out changes no answer', () => {
  fc.assert(
    fc.property(schemas, schemas, fc.array(data, { minLength: 4 }), (schema, other, values) => {
      const whole = { allOf: [schema], $defs: { other } };
      const plain = plainCheck(whole);
      const counting = compileSchema(whole);
      for (const value of values) {
        const expected = plain(value);
        const { kind } = counting.check(value, 100);
        const isComparable = expected !== undefined && kind !== 'not_checkable';
        if (isComparable) assert.equal(kind === 'fits', expected);
      }
    }),
    { numRuns: 300 },
  );
});

test('every place that does not fit is told, with what would', () => {
  const schema = {
    type: 'object',
    properties: {
      amount: { type: 'number', minimum: 0 },
      country: { enum: ['KR', 'US'] },
      kind: { const: 'order' },
      'a/b': { type: 'array', items: { format: 'date-time' } },
    },
    propertyNames: { maxLength: 10 },
    additionalProperties: false,
    required: ['amount', 'id'],
  };
  const value = { amount: -1, country: 'FR', kind: 'x', 'a/b': ['y'], far_too_long: 1 };
  assert.deepEqual(placesOf(schema, value).toSorted(), [
    '/amount must be >= 0',
    '/a~1b/0 must match format "date-time"',
    '/country must be one of "KR", "US"',
    '/far_too_long is not known to the schema',
    '/far_too_long must NOT have more than 10 characters',
    '/far_too_long property name must be valid',
    '/id is required',
    '/kind must be "order"',
  ]);
});

test('a thousand places that do not fit are not all told', () => {
  const many = Array.from({ length: 1_000 }, () => 'x');
  assert.equal(placesOf({ items: { type: 'number' } }, many).length, 20);
});

/** Schemas and data that would take hours, or all memory, if nobody counted. */
const bombs: Readonly<Record<string, readonly [JsonSchema, unknown]>> = {
  'two ways into each level': [
    {
      $defs: {
        node: {
          anyOf: [
            { allOf: [{ properties: { a: { $ref: '#/$defs/node' } } }, { required: ['x'] }] },
            { allOf: [{ properties: { a: { $ref: '#/$defs/node' } } }, { required: ['y'] }] },
          ],
        },
      },
      $ref: '#/$defs/node',
    },
    Array.from({ length: 200 }).reduce<object>((inner) => ({ a: inner }), {}),
  ],
  'five hundred rules for each item': [
    { items: { allOf: Array.from({ length: 500 }, () => ({ minimum: 0 })) } },
    Array.from({ length: 100_000 }, () => 0),
  ],
  'data as deep as it is long': [
    { $defs: { list: { items: { $ref: '#/$defs/list' } } }, $ref: '#/$defs/list' },
    JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)) as unknown,
  ],
  'a pattern with many ways': [{ pattern: '(a?){240}(b?){240}c' }, 'ab'.repeat(200_000)],
};

for (const [title, [schema, value]] of Object.entries(bombs)) {
  test(`${title}: the check is broken off`, () => {
    const compiled = compileSchema(schema);
    // JSON.stringify would not survive the deepest.
    const { kind } = compiled.check(value, 400_000);
    assert.equal(kind, 'not_checkable');
  });
}

test('a megabyte of sound data is checked', () => {
  const orders = Array.from({ length: 8_000 }, (_, index) => ({
    id: `order_${index}`,
    at: '2026-04-09T12:00:00Z',
    lines: [{ sku: 'a-1', count: 2 }],
    tags: ['new', 'paid'],
  }));
  const schema = {
    items: {
      type: 'object',
      properties: {
        id: { type: 'string', pattern: '^order_[0-9]+$' },
        at: { type: 'string', format: 'date-time' },
        lines: {
          type: 'array',
          items: {
            type: 'object',
            properties: { sku: { type: 'string' }, count: { type: 'integer', minimum: 1 } },
            required: ['sku', 'count'],
            additionalProperties: false,
          },
        },
        tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
      },
      required: ['id', 'at', 'lines'],
      additionalProperties: false,
    },
  };
  assert.equal(check(schema, orders).kind, 'fits');
  assert.equal(
    check({ items: { type: 'number', minimum: 0, maximum: 9 } }, Array(500_000).fill(1)).kind,
    'fits',
  );
});

test('text that is too long for a format has none', () => {
  const email = `${'a'.repeat(50)}@example.com`;
  assert.equal(check({ format: 'email' }, email).kind, 'fits');
  assert.equal(
    check({ format: 'uri' }, `https://example.com/${'a'.repeat(5_000)}`).kind,
    'mismatch',
  );
  assert.equal(check({ format: 'nobody-knows' }, 'x'.repeat(5_000)).kind, 'fits');
  assert.equal(check({ type: 'integer', format: 'int32' }, 2 ** 40).kind, 'mismatch');
});
