/** `/v1/providers`: whom the front door knows, and what it must be told to know them. */
import { z } from 'zod';
import type { Provider } from '../../protocol/providers/provider.ts';
import { idParams, listOf, listQuery, pageOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../route-types.ts';

const tags = ['Sources'];
const POSITION = z.strictObject({ id: z.string() });

const providerOutput = z
  .object({
    id: z.string().meta({ examples: ['github'] }),
    name: z.string(),
    category: z.string(),
    scheme: z.string().describe('How its requests are verified: `hmac`, `token`, `none` …'),
    event_type: z.string().nullable().describe('Where it says what happened.'),
    event_id: z.string().nullable().describe('Where its event id stands; null: the body decides.'),
    signs_event_id: z.boolean(),
    handshake: z.string().nullable().describe('Answered by itself.'),
    auth_failure_status: z.int(),
    content_types: z.array(z.string()),
    retry: z.string().nullable().describe('How it repeats what was not taken.'),
    ip_ranges: z.array(z.string()).describe('What `provider` stands for in `ip_allowlist`.'),
    settings: z.array(z.object({ name: z.string(), required: z.boolean(), meaning: z.string() })),
    secret_hint: z.string().describe('Where a person finds the secret.'),
    confidence: z.enum(['verified-primary', 'verified-secondary', 'memory', 'given']),
    unverified_fields: z.array(z.string()),
    documentation: z.string(),
    notes: z.string(),
  })
  .meta({ id: 'Provider' });

export function registerProviderRoutes(
  app: Api,
  { providers }: Pick<ApiDependencies, 'providers'>,
): void {
  const sorted = providers.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  app.route({
    method: 'GET',
    url: '/v1/providers',
    config: { access: 'sources:read' },
    schema: {
      operationId: 'listProviders',
      summary: 'List providers',
      description: 'The catalogue of senders that are known, by id.',
      tags,
      querystring: listQuery,
      response: { 200: listOf(providerOutput) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? '' : decodeCursor(cursor, POSITION).id;
      const rest = sorted.filter(({ id }) => id > after);
      const { page, nextCursor } = pageOf(rest, limit, ({ id }) => encodeCursor({ id }));
      return { data: page.map(providerJson), next_cursor: nextCursor };
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/providers/:id',
    config: { access: 'sources:read', problems: ['not_found'] },
    schema: {
      operationId: 'getProvider',
      summary: 'Get a provider',
      tags,
      params: idParams('github'),
      response: { 200: providerOutput },
    },
    handler: async (request) => {
      const found = sorted.find(({ id }) => id === request.params.id);
      if (found === undefined) {
        throw new Problem('not_found', 'There is no provider with this id; `custom` fits any.');
      }
      return providerJson(found);
    },
  });
}

function providerJson(provider: Provider): z.output<typeof providerOutput> {
  const { scheme, handshake } = provider;
  return {
    id: provider.id,
    name: provider.name,
    category: provider.category,
    scheme: scheme.kind === 'code' ? scheme.name : scheme.kind,
    event_type: provider.eventType?.text ?? null,
    event_id: provider.eventId?.text ?? null,
    signs_event_id: provider.signsEventId,
    handshake: handshake?.kind ?? null,
    auth_failure_status: provider.authFailureStatus,
    content_types: [...provider.bodyTypes],
    retry: provider.retry,
    ip_ranges: [...provider.ipRanges],
    settings: provider.settings.map((setting) => ({ ...setting })),
    secret_hint: provider.secretHint,
    confidence: provider.confidence,
    unverified_fields: [...provider.unverifiedFields],
    documentation: provider.documentation,
    notes: provider.notes,
  };
}
