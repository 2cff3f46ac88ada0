/** The operations of the OpenAPI document, and requests made from it: for tests of every route. */
import type { Operation } from '../openapi/document.ts';
import type { ApiWorld } from './api-world.ts';
import type { CallOptions } from './caller.ts';

type Schema = Readonly<Record<string, unknown>>;

export interface KnownOperation {
  readonly operationId: string;
  /** Such as `GET /v1/events/{id}`. */
  readonly route: string;
  readonly method: string;
  /** Of the route, up to its first parameter: `/v1/events`. */
  readonly base: string;
  readonly isPublic: boolean;
  /** True where no key but the admin key is enough. */
  readonly isOperators: boolean;
  /** The scope it wants, where a key of a tenant may call it. */
  readonly scope: string | undefined;
  readonly pathParameters: readonly string[];
  readonly queryParameters: readonly string[];
  /** Top-level fields of its JSON body, or of each item when it takes an array. */
  readonly bodyFields: readonly string[];
  /** A small request that is well-formed, with these values in its path, query or body. */
  request(values?: RequestValues): readonly [route: string, options: CallOptions];
}

export interface RequestValues {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** @param bodies required parts of bodies that a schema can't tell, by operation. */
export async function knownOperations(
  world: ApiWorld,
  bodies: Readonly<Record<string, object>>,
): Promise<readonly KnownOperation[]> {
  const { json } = await world.anonymous('GET /openapi.json');
  const paths = json['paths'] as Record<string, Record<string, Operation>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      known(json, `${method.toUpperCase()} ${path}`, operation, bodies),
    ),
  );
}

function known(
  document: Schema,
  route: string,
  operation: Operation,
  bodies: Readonly<Record<string, object>>,
): KnownOperation {
  const { operationId = '', parameters = [], security = [] } = operation;
  const [method = '', path = ''] = route.split(' ');
  const schema = bodySchema(document, operation.requestBody);
  const example = schema && exampleOf(document, schema);
  const named = (place: string) =>
    parameters.filter((one) => one['in'] === place).map((one) => String(one['name']));
  return {
    operationId,
    route,
    method,
    base: path.split('/{')[0] ?? '',
    isPublic: security.length === 0,
    isOperators: security.some((one) => 'adminKey' in one),
    scope: security.map((one) => one['apiKey']?.[0]).find((scope) => scope !== undefined),
    pathParameters: named('path'),
    queryParameters: named('query'),
    bodyFields: fieldsOf(document, schema),
    request({ path: inPath = {}, query = {}, body = {} } = {}) {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(inPath[name] ?? 'x'),
      );
      const search = new URLSearchParams(query).toString();
      const target = `${method} ${filled}${search === '' ? '' : `?${search}`}`;
      if (schema === undefined) return [target, {}];
      const one = { ...(Array.isArray(example) ? example[0] : example), ...bodies[operationId] };
      const whole = { ...one, ...body };
      return [target, { json: Array.isArray(example) ? [whole] : whole }];
    },
  };
}

function bodySchema(document: Schema, requestBody: unknown): Schema | undefined {
  const content = member(requestBody, 'content', 'application/json', 'schema');
  return content === undefined ? undefined : resolved(document, content);
}

function fieldsOf(document: Schema, schema: Schema | undefined): string[] {
  if (schema === undefined) return [];
  const items = schema['items'];
  if (items !== undefined) return fieldsOf(document, resolved(document, items));
  return Object.keys(member(schema, 'properties') ?? {});
}

/** The smallest value that the schema allows, as far as it tells. */
function exampleOf(document: Schema, schema: Schema): unknown {
  const [given] = Array.isArray(schema['examples']) ? (schema['examples'] as unknown[]) : [];
  if (given !== undefined) return given;
  if (schema['default'] !== undefined) return schema['default'];
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as unknown;
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined;
  if (choices?.[0] !== undefined) return exampleOf(document, resolved(document, choices[0]));
  switch (schema['type']) {
    case 'object':
      return objectExample(document, schema);
    case 'array':
      return [exampleOf(document, resolved(document, schema['items'] ?? {}))];
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'boolean':
      return true;
    default:
      return 'x';
  }
}

function objectExample(document: Schema, schema: Schema): Record<string, unknown> {
  const required = (schema['required'] ?? []) as string[];
  return Object.fromEntries(
    required.map((name) => {
      const property = resolved(document, member(schema, 'properties', name) ?? {});
      return [name, exampleOf(document, property)];
    }),
  );
}

function resolved(document: Schema, schema: unknown): Schema {
  const reference = member(schema, '$ref');
  if (typeof reference !== 'string') return schema as Schema;
  return resolved(document, member(document, ...reference.slice(2).split('/')));
}

function member(value: unknown, ...path: string[]): unknown {
  return path.reduce(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Schema)[key] : undefined),
    value,
  );
}
