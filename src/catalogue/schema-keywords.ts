/** The keywords of JSON Schema: which there are in each draft, and which of them hold schemas. */
import type { JsonSchema } from '../domain/event-type-entry.ts';

export type Dialect = 'draft-07' | '2020-12';

/** `$schema` to dialect. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  'http://json-schema.org/draft-07/schema': 'draft-07',
  'https://json-schema.org/draft-07/schema': 'draft-07',
  'https://json-schema.org/draft/2020-12/schema': '2020-12',
  // The dialect of OpenAPI 3.1: 2020-12 with a few notes more.
  'https://spec.openapis.org/oas/3.1/dialect/base': '2020-12',
};

/** 2020-12 unless the schema names another; undefined for one we do not know. */
export function dialectOf(schema: JsonSchema): Dialect | undefined {
  const { $schema: named } = schema;
  if (named === undefined) return '2020-12';
  return typeof named === 'string' ? DIALECTS[named.replace(/#$/, '')] : undefined;
}

interface Keyword {
  /** Where schemas stand in its value; absent when there are none. */
  readonly holds?: 'schema' | 'list' | 'map';
  /** Absent when both dialects know it. */
  readonly only?: Dialect;
  /** Says nothing about what is valid. */
  readonly isNote?: true;
}

const CHECK: Keyword = {};
const NOTE: Keyword = { isNote: true };
const SCHEMA: Keyword = { holds: 'schema' };
const LIST: Keyword = { holds: 'list' };
const MAP: Keyword = { holds: 'map' };
const NEW = { only: '2020-12' } as const;
const OLD = { only: 'draft-07' } as const;

const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  ...each(CHECK, 'type enum const format nullable $ref required uniqueItems multipleOf pattern'),
  ...each(CHECK, 'maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength'),
  ...each(CHECK, 'maxItems minItems maxProperties minProperties'),
  ...each(NEW, 'dependentRequired maxContains minContains'),
  ...each(SCHEMA, 'additionalProperties contains else if items not propertyNames then'),
  ...each({ ...SCHEMA, ...NEW }, 'unevaluatedItems unevaluatedProperties'),
  ...each({ ...SCHEMA, ...OLD }, 'additionalItems'),
  ...each(LIST, 'allOf anyOf oneOf'),
  ...each({ ...LIST, ...NEW }, 'prefixItems'),
  ...each(MAP, '$defs definitions properties patternProperties'),
  ...each({ ...MAP, ...NEW }, 'dependentSchemas'),
  ...each({ ...MAP, ...OLD }, 'dependencies'),
  ...each(NOTE, 'title description $comment default examples example deprecated readOnly'),
  ...each(NOTE, 'writeOnly contentEncoding contentMediaType contentSchema'),
  // Notes of OpenAPI and AsyncAPI.
  ...each(NOTE, 'discriminator externalDocs xml'),
]);

function each(keyword: Keyword, names: string): (readonly [string, Keyword])[] {
  return names.split(' ').map((name) => [name, keyword] as const);
}

/** Names that begin so are anybody's own notes. */
export const OWN_NOTE_PREFIX = 'x-';

/** Read at the top of a schema only. */
const AT_THE_TOP = new Set(['$schema', '$id']);

export function isKnownKeyword(name: string, dialect: Dialect, isTop: boolean): boolean {
  if (name.startsWith(OWN_NOTE_PREFIX)) return true;
  if (AT_THE_TOP.has(name)) return isTop;
  const keyword = KEYWORDS.get(name);
  return keyword !== undefined && (keyword.only === undefined || keyword.only === dialect);
}

/** True when the keyword is of no use to a validator. */
export function isNote(name: string): boolean {
  return (
    name.startsWith(OWN_NOTE_PREFIX) || AT_THE_TOP.has(name) || KEYWORDS.get(name)?.isNote === true
  );
}

export interface Place {
  readonly schema: unknown;
  readonly path: readonly (string | number)[];
}

/** The schemas right inside a schema, with their paths in it. */
export function subschemas(schema: JsonSchema): Place[] {
  return Object.entries(schema).flatMap(([name, value]) =>
    placesIn(name, value).map(({ schema: found, path }) => ({
      schema: found,
      path: [name, ...path],
    })),
  );
}

function placesIn(name: string, value: unknown): Place[] {
  const holds = KEYWORDS.get(name)?.holds;
  if (holds === undefined) return [];
  if (Array.isArray(value)) {
    // `items` of draft-07 may be a list. A list in a map is one of names.
    const list = holds === 'list' || name === 'items';
    return list ? value.map((schema: unknown, index) => ({ schema, path: [index] })) : [];
  }
  if (holds === 'schema') return [{ schema: value, path: [] }];
  if (holds !== 'map' || !isObject(value)) return [];
  return Object.entries(value)
    .filter(([, schema]) => !Array.isArray(schema))
    .map(([key, schema]) => ({ schema, path: [key] }));
}

/**
 * A copy in which `change` has replaced each schema, the inner ones first. What is no object stays.
 */
export function mapSchemas(
  schema: unknown,
  change: (schema: JsonSchema, isTop: boolean) => JsonSchema,
  isTop = true,
): unknown {
  if (!isObject(schema)) return schema;
  const inner = (value: unknown) => mapSchemas(value, change, false);
  const copy = Object.entries(schema).map(([name, value]) => [name, mapValue(name, value, inner)]);
  return change(Object.fromEntries(copy) as JsonSchema, isTop);
}

function mapValue(name: string, value: unknown, inner: (value: unknown) => unknown): unknown {
  const holds = KEYWORDS.get(name)?.holds;
  if (holds === undefined) return value;
  if (Array.isArray(value)) return holds === 'list' || name === 'items' ? value.map(inner) : value;
  if (holds === 'schema') return inner(value);
  if (holds !== 'map' || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
