/** `/v1/event-types/export` and `/import`: the catalogue as a document that other tools read. */
import { z } from 'zod';
import { MAX_IMPORT_BYTES } from '../../domain/limits.ts';
import { isoTime } from '../common-schema.ts';
import { sendJsonText } from '../json-reply.ts';
import { problemPart } from '../problem-schema.ts';
import type { Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import { asyncApiExport } from './asyncapi-export.ts';
import { EVENT_TYPE_TAGS, EVENT_TYPES_PATH, type CatalogueSources } from './event-type-routes.ts';
import { enforcement } from './event-type-schema.ts';
import { IMPORT_FORMATS, importDocument } from './import.ts';
import { openApiExport } from './openapi-export.ts';

const RESULTS = ['created', 'updated', 'unchanged', 'refused'] as const;

const exportQuery = strict({
  format: z
    .enum(['openapi', 'asyncapi'])
    .default('openapi')
    .describe('OpenAPI 3.1 with `webhooks`, or AsyncAPI 3.0.'),
});

const importInput = strict({
  document: z
    .record(z.string(), z.unknown())
    .describe(
      'OpenAPI 3.1 with `webhooks`, AsyncAPI 3, or a map from event types to JSON Schemas of ' +
        '`data`. References lead to other parts of the document.',
    )
    .meta({ examples: [{ 'order.paid': { type: 'object', required: ['amount'] } }] }),
  format: z.enum(IMPORT_FORMATS).optional().describe('Told from the document when left out.'),
  enforcement: enforcement
    .default('off')
    .describe('For new types, where the document does not say.'),
  dry_run: z.boolean().default(false).describe('Only tell what would happen.'),
}).meta({ id: 'ImportEventTypes' });

const importReply = z
  .object({
    dry_run: z.boolean(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    refused: z.int(),
    data: z.array(
      z
        .object({
          name: z.string(),
          source: z.string().describe('JSON Pointer into the document.'),
          result: z.enum(RESULTS),
          errors: z
            .array(problemPart)
            .optional()
            .describe('Why it was refused; pointers lead into the event type it would be.'),
        })
        .meta({ id: 'ImportedEventType' }),
    ),
  })
  .meta({ id: 'ImportReply' });

export function registerEventTypeDocuments(app: Api, sources: CatalogueSources): void {
  registerExport(app, sources);
  registerImport(app, sources);
}

function registerExport(app: Api, { catalogue }: CatalogueSources): void {
  app.route({
    method: 'GET',
    url: `${EVENT_TYPES_PATH}/export`,
    config: { access: 'event_types:read' },
    schema: {
      operationId: 'exportEventTypes',
      summary: 'Get the catalogue as a document',
      description: 'Bodies are described as receivers get them, headers included.',
      tags: EVENT_TYPE_TAGS,
      querystring: exportQuery,
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    handler: async (request, reply) => {
      const entries = catalogue.list();
      const changedAt = Math.max(0, ...entries.map(({ updatedAt }) => updatedAt));
      const write = request.query.format === 'openapi' ? openApiExport : asyncApiExport;
      return sendJsonText(reply, JSON.stringify(write(entries, isoTime(changedAt))));
    },
  });
}

function registerImport(app: Api, { catalogue, clock }: CatalogueSources): void {
  app.route({
    method: 'POST',
    url: `${EVENT_TYPES_PATH}/import`,
    bodyLimit: MAX_IMPORT_BYTES,
    config: { access: 'event_types:write', problems: ['catalogue_full'] },
    schema: {
      operationId: 'importEventTypes',
      summary: 'Bring the event types of a document into the catalogue',
      description:
        'Types are added or replaced; none is deleted. What is refused does not keep the others ' +
        'out. Importing the same document again changes nothing.',
      tags: EVENT_TYPE_TAGS,
      body: importInput,
      response: { 200: importReply },
    },
    handler: async (request) => {
      const { document, format, dry_run: isDryRun } = request.body;
      const now = clock.now();
      const order = { document, format, enforcement: request.body.enforcement, isDryRun, now };
      const data = await importDocument(catalogue, order);
      const count = (result: (typeof RESULTS)[number]) =>
        data.filter((item) => item.result === result).length;
      return {
        dry_run: isDryRun,
        created: count('created'),
        updated: count('updated'),
        unchanged: count('unchanged'),
        refused: count('refused'),
        data: data.map(({ errors, ...item }) => (errors ? { ...item, errors: [...errors] } : item)),
      };
    },
  });
}
