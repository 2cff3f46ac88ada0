/** `/v1/api-keys`: keys of the caller's own tenant. */
import { z } from 'zod';
import { allows, SCOPES, type Scope } from '../../domain/api-key.ts';
import { MAX_NAME_CHARS } from '../../domain/limits.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ApiKeyRecord } from '../../storage/control.ts';
import {
  idParams,
  instantIn,
  instantMs,
  instantOut,
  isoTime,
  isoTimeOrNull,
  listOf,
  listQuery,
  pageOf,
} from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { invalid, Problem } from '../problems.ts';
import { principalOf, tenantOf, type Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import { keyId, type KeyDirectory } from './key-directory.ts';
import type { Principal } from './principal.ts';

interface Sources {
  readonly keys: KeyDirectory;
  readonly clock: Clock;
}

const PATH = '/v1/api-keys';
const tags = ['API keys'];
const params = idParams('key_01kgsx2f2g00000000001');
const POSITION = z.strictObject({ number: z.int() });

const createInput = strict({
  name: z.string().min(1).max(MAX_NAME_CHARS).describe('For people.'),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .max(SCOPES.length)
    .describe('What the key may do. Writing does not include reading.')
    .meta({ examples: [['events:write']] }),
  expires_at: instantIn.nullable().optional().describe('Never, when left out.'),
}).meta({ id: 'CreateApiKey' });

export const keyOutput = z
  .object({
    id: z.string().meta({ examples: ['key_01kgsx2f2g00000000001'] }),
    name: z.string(),
    hint: z.string().describe('The last characters of the key.'),
    scopes: z.array(z.string()),
    created_at: instantOut,
    expires_at: instantOut.nullable(),
    revoked_at: instantOut.nullable(),
  })
  .meta({ id: 'ApiKey' });

const createdOutput = keyOutput
  .extend({ key: z.string().describe('The key itself, shown in this reply only.') })
  .meta({ id: 'CreatedApiKey' });

export function registerApiKeyRoutes(app: Api, sources: Sources): void {
  registerCreate(app, sources);
  registerReads(app, sources);
  registerRevoke(app, sources);
}

function registerCreate(app: Api, { keys, clock }: Sources): void {
  app.route({
    method: 'POST',
    url: PATH,
    config: { access: 'api_keys:write' },
    schema: {
      operationId: 'createApiKey',
      summary: 'Create an API key',
      description: 'With no more scopes than the key that creates it.',
      tags,
      body: createInput,
      response: { 201: createdOutput },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { name, scopes, expires_at: expires } = request.body;
      const wanted = [...new Set(scopes)];
      demandAll(principal, wanted);
      const expiresAt = instantMs(expires ?? undefined) ?? null;
      if (expiresAt !== null && expiresAt <= clock.now()) {
        throw invalid({ pointer: '/expires_at', code: 'too_small', detail: 'lies in the past' });
      }
      const { tenant } = principal;
      const { key, record } = await keys.create({ tenant, name, scopes: wanted, expiresAt });
      return reply.code(201).send({ ...keyJson(record), key });
    },
  });
}

/** Nobody can hand out more than they hold. */
function demandAll(principal: Principal, scopes: readonly Scope[]): void {
  const missing = scopes.filter((scope) => !allows(principal.scopes, scope));
  if (missing.length === 0) return;
  const detail = `A key can't give scopes that it does not hold: ${missing.join(', ')}.`;
  throw new Problem('missing_scope', detail);
}

function registerReads(app: Api, { keys }: Sources): void {
  const access = 'api_keys:read';
  app.route({
    method: 'GET',
    url: PATH,
    config: { access },
    schema: {
      operationId: 'listApiKeys',
      summary: 'List API keys, oldest first',
      tags,
      querystring: listQuery,
      response: { 200: listOf(keyOutput) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? 0 : decodeCursor(cursor, POSITION).number;
      const all = keys.list(tenantOf(request)).filter(({ number }) => number > after);
      const { page, nextCursor } = pageOf(all, limit, ({ number }) => encodeCursor({ number }));
      return { data: page.map(keyJson), next_cursor: nextCursor };
    },
  });
  app.route({
    method: 'GET',
    url: `${PATH}/:id`,
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'getApiKey',
      summary: 'Get an API key',
      tags,
      params,
      response: { 200: keyOutput },
    },
    handler: async (request) => keyJson(keyOr404(keys, tenantOf(request), request.params.id)),
  });
}

function registerRevoke(app: Api, { keys }: Sources): void {
  app.route({
    method: 'DELETE',
    url: `${PATH}/:id`,
    config: { access: 'api_keys:write', problems: ['not_found'] },
    schema: {
      operationId: 'revokeApiKey',
      summary: 'Revoke an API key',
      description: 'It is refused from now on. The key stays in the list, with `revoked_at`.',
      tags,
      params,
      response: { 204: z.undefined().describe('Revoked.') },
    },
    handler: async (request, reply) => {
      await keys.revoke(keyOr404(keys, tenantOf(request), request.params.id));
      return reply.code(204).send(undefined);
    },
  });
}

function keyOr404(keys: KeyDirectory, tenant: number, id: string): ApiKeyRecord {
  const found = keys.find(tenant, id);
  if (found === undefined) throw new Problem('not_found', 'There is no API key with this id.');
  return found;
}

export function keyJson(record: ApiKeyRecord): z.output<typeof keyOutput> {
  return {
    id: keyId(record),
    name: record.name,
    hint: record.hint,
    scopes: [...record.scopes],
    created_at: isoTime(record.createdAt),
    expires_at: isoTimeOrNull(record.expiresAt),
    revoked_at: isoTimeOrNull(record.revokedAt),
  };
}
