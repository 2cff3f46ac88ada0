/**
 * The OpenAPI 3.1 document. The framework makes it from the routes' schemas; what holds for many
 * routes alike (keys, tenants, problems) is added here once.
 */
import type { Access } from '../auth/principal.ts';
import { RECEIVE_EVENT } from './receive-event.ts';
import { problemKind, type ProblemCode } from '../problems.ts';

/** The parts of the document that are looked at or added to. */
export interface OpenApiDocument {
  openapi?: string;
  paths?: Record<string, Record<string, Operation>>;
  components?: Record<string, Record<string, unknown>>;
  webhooks?: Record<string, unknown>;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: Record<string, unknown>[];
  requestBody?: unknown;
  responses?: Record<string, object>;
  security?: Record<string, string[]>[];
}

/** What a route says of itself beside its schema. */
export interface OperationFacts {
  readonly access: Access;
  readonly problems: readonly ProblemCode[];
}

const BEARER = 'apiKey';
const ADMIN = 'adminKey';
const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

const COMMON_PROBLEMS: readonly ProblemCode[] = ['internal_error'];
const TENANT_PROBLEMS: readonly ProblemCode[] = [
  'unauthorized',
  'missing_scope',
  'wrong_tenant',
  'tenant_is_deleting',
  'unavailable',
  'storage_full',
];
const OPERATOR_PROBLEMS: readonly ProblemCode[] = [
  'unauthorized',
  'admin_key_required',
  'unavailable',
  'storage_full',
];
const BODY_PROBLEMS: readonly ProblemCode[] = [
  'bad_request',
  'invalid_json',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
];

const TENANT_PARAMETER = {
  name: 'Bellwire-Tenant',
  in: 'header',
  required: false,
  schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' },
  description: 'With the admin key only: the tenant to act for. Created on first use.',
  example: 'acme',
};

const IDEMPOTENCY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', maxLength: 255 },
  description:
    'The same key with the same request publishes once; with another request it is refused. In a ' +
    'batch, event i has the key `KEY/i`. A repeat is answered with `Idempotency-Replayed: true`.',
  example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
};

const PUBLISHING: ReadonlySet<string> = new Set([
  'publishEvent',
  'publishEvents',
  'broadcastEvent',
]);

/** Adds to the framework's document what all operations share; changes it in place. */
export function finishDocument(
  document: OpenApiDocument,
  facts: ReadonlyMap<string, OperationFacts>,
): OpenApiDocument {
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations)) finishOperation(operation, facts);
  }
  document.components = {
    ...document.components,
    schemas: usedSchemas(document),
    parameters: { Tenant: TENANT_PARAMETER, IdempotencyKey: IDEMPOTENCY_PARAMETER },
    securitySchemes: {
      [BEARER]: {
        type: 'http',
        scheme: 'bearer',
        description: 'An API key that holds the scope, or the admin key.',
      },
      [ADMIN]: { type: 'http', scheme: 'bearer', description: 'The admin key and no other.' },
    },
  };
  document.webhooks = { event: { post: RECEIVE_EVENT } };
  return document;
}

/** Text of the document, without what only makes it longer. */
export function documentText(document: OpenApiDocument): string {
  return JSON.stringify(document, (_key, value: unknown) =>
    isPlain(value) ? short(value) : value,
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Zod spells the whole calendar as a pattern beside `format`, and says that keys are strings. */
function short(schema: Record<string, unknown>): Record<string, unknown> {
  if (schema['format'] !== 'date-time' && schema['propertyNames'] === undefined) return schema;
  const { pattern: _pattern, propertyNames: _propertyNames, ...rest } = schema;
  return rest;
}

function finishOperation(operation: Operation, facts: ReadonlyMap<string, OperationFacts>): void {
  const { operationId = '' } = operation;
  const { access, problems } = facts.get(operationId) ?? { access: 'public', problems: [] };
  operation.security = securityOf(access);
  const parameters = operation.parameters ?? [];
  const codes = new Set<ProblemCode>([
    ...(operation.requestBody === undefined ? [] : BODY_PROBLEMS),
    ...(parameters.some((parameter) => parameter['in'] === 'query') ? VALIDATION : []),
    ...(access === 'public' ? [] : access === 'operator' ? OPERATOR_PROBLEMS : TENANT_PROBLEMS),
    ...problems,
    ...COMMON_PROBLEMS,
  ]);
  const ofTenant = access !== 'public' && access !== 'operator';
  if (ofTenant) parameters.push({ $ref: '#/components/parameters/Tenant' });
  if (PUBLISHING.has(operationId)) {
    parameters.push({ $ref: '#/components/parameters/IdempotencyKey' });
  }
  operation.parameters = parameters;
  operation.responses = { ...successes(operation.responses ?? {}), ...problemResponses(codes) };
}

/** OpenAPI 3.1 lets any scheme name the roles that are needed: here, the scope. */
function securityOf(access: Access): Record<string, string[]>[] {
  if (access === 'public') return [];
  return access === 'operator' ? [{ [ADMIN]: [] }] : [{ [BEARER]: [access] }];
}

const SUCCESSES: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted: it is stored and will be done.',
};

/** The framework calls replies without a description of their own "Default Response". */
function successes(responses: Readonly<Record<string, object>>): Record<string, object> {
  const described: Record<string, object> = {};
  for (const [status, response] of Object.entries(responses)) {
    const description = SUCCESSES[status];
    described[status] = description === undefined ? response : { ...response, description };
  }
  return described;
}

const VALIDATION: readonly ProblemCode[] = ['validation_failed'];

function problemResponses(codes: ReadonlySet<ProblemCode>): Record<string, object> {
  const responses: Record<string, object> = {};
  for (const [status, same] of Map.groupBy(codes, (code) => problemKind(code).status)) {
    responses[status] = problemResponse(same);
  }
  return responses;
}

function problemResponse(codes: readonly ProblemCode[]): object {
  const lines = codes.map((code) => `\`${code}\`: ${problemKind(code).title}.`);
  return {
    description: lines.join(' '),
    content: { 'application/problem+json': { schema: PROBLEM_REF } },
  };
}

const SCHEMA_REF = /"#\/components\/schemas\/([^"]+)"/g;

/** The framework lists every schema twice, as input and as output; those nobody refers to go. */
function usedSchemas(document: OpenApiDocument): Record<string, unknown> {
  const all = document.components?.['schemas'] ?? {};
  const used = new Set<string>();
  const open = [JSON.stringify(document.paths)];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    for (const [, name = ''] of text.matchAll(SCHEMA_REF)) {
      if (used.has(name)) continue;
      used.add(name);
      open.push(JSON.stringify(all[name]));
    }
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)));
}
