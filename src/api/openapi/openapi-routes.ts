/** `/openapi.json`: made once, at the first request for it. */
import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { sendJsonText } from '../json-reply.ts';
import type { Api } from '../route-types.ts';
import {
  documentText,
  finishDocument,
  type OpenApiDocument,
  type OperationFacts,
} from './document.ts';

export const OPENAPI_PATH = '/openapi.json';

const DESCRIPTION = `The webhook layer for agents: publish events, subscribe to them, and see what
became of each delivery.

Every route wants \`Authorization: Bearer KEY\` but where it says otherwise. Lists are
\`{data, next_cursor}\`.
Errors are \`application/problem+json\` with a stable \`code\` and a \`next_step\`.`;

const TAGS = [
  { name: 'Events', description: 'What happened: publish it and read it back.' },
  { name: 'Subscriptions', description: 'Who wants to hear of it.' },
  { name: 'Deliveries', description: 'What became of one event at one subscription.' },
  { name: 'Event types', description: 'The event catalogue: what events there are.' },
  { name: 'API keys', description: 'Who may do what.' },
  { name: 'Tenants', description: 'Whose data it is: settings, quotas, export and deletion.' },
  { name: 'Server', description: 'Whether the server runs.' },
];

/** Before any route: the plugin learns of routes as they are added. */
export async function registerOpenApi(app: Api, version: string): Promise<void> {
  const facts = new Map<string, OperationFacts>();
  app.addHook('onRoute', ({ schema, config }) => {
    if (schema?.operationId === undefined || config?.access === undefined) return;
    facts.set(schema.operationId, { access: config.access, problems: config.problems ?? [] });
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'Bellwire',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: TAGS,
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  let text: string | undefined;
  app.get(
    OPENAPI_PATH,
    { config: { access: 'public' }, schema: { hide: true } },
    async (_request, reply) => {
      text ??= documentText(finishDocument(app.swagger() as OpenApiDocument, facts));
      return sendJsonText(reply, text);
    },
  );
}
