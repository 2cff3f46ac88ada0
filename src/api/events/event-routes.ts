/** `GET /v1/events`: what was published, and what became of it. */
import { z } from 'zod';
import type { EventRecord, Page } from '../../storage/journal.ts';
import { cursorQuery, idParams, instantIn, instantMs, listOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { deliveriesJson, deliveryOutput } from '../deliveries/delivery-json.ts';
import type { ApiDependencies, JournalReads } from '../deps.ts';
import { sendJsonText } from '../json-reply.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import { eventOr404 } from './event-finder.ts';
import { eventJson, eventOutput } from './event-json.ts';

type Sources = Pick<ApiDependencies, 'journal' | 'registry' | 'sources' | 'deliveries' | 'clock'>;

const params = idParams('evt_01kgsx2f2g00000000001');
const tags = ['Events'];
const access = 'events:read';

const listQuery = strict({
  event_type: z.string().optional().describe('Exactly this type; no pattern.'),
  task_id: z.string().optional(),
  run_id: z.string().optional(),
  source_id: z.string().optional().describe('The source it came in through.'),
  since: instantIn.optional().describe('Accepted at or after this instant.'),
  until: instantIn.optional().describe('Accepted before this instant.'),
  ...cursorQuery,
});

const POSITION = z.strictObject({ before: z.int() });

export function registerEventReads(app: Api, sources: Sources): void {
  registerEventList(app, sources);
  registerEventGet(app, sources);
  registerEventDeliveries(app, sources);
}

function registerEventList(app: Api, sources: Sources): void {
  const { journal } = sources;
  app.route({
    method: 'GET',
    url: '/v1/events',
    config: { access },
    schema: {
      operationId: 'listEvents',
      summary: 'List events, newest first',
      tags,
      querystring: listQuery,
      response: { 200: listOf(eventOutput) },
    },
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      const page = await readPage(sources, tenant, request.query);
      const items = await Promise.all(page.items.map((event) => textOf(journal, tenant, event)));
      const next = page.next === undefined ? null : encodeCursor({ before: page.next });
      const nextText = JSON.stringify(next);
      return sendJsonText(reply, `{"data":[${items.join(',')}],"next_cursor":${nextText}}`);
    },
  });
}

const EMPTY: Page<EventRecord, number> = { items: [], next: undefined };

async function readPage(
  { journal, sources }: Sources,
  tenant: number,
  query: z.output<typeof listQuery>,
): Promise<Page<EventRecord, number>> {
  const { source_id: id } = query;
  const source = id === undefined ? undefined : sources.numberOf(id);
  if (id !== undefined && source === undefined) return EMPTY;
  return journal.listEvents(tenant, {
    eventType: query.event_type,
    taskId: query.task_id,
    runId: query.run_id,
    source,
    since: instantMs(query.since),
    until: instantMs(query.until),
    before: query.cursor === undefined ? undefined : decodeCursor(query.cursor, POSITION).before,
    limit: query.limit,
  });
}

async function textOf(journal: JournalReads, tenant: number, event: EventRecord): Promise<string> {
  // Also of an event that matched nobody: a replay may have given it deliveries since.
  return eventJson(event, await journal.deliveriesOf(tenant, event.sequence));
}

function registerEventGet(app: Api, { journal }: Sources): void {
  app.route({
    method: 'GET',
    url: '/v1/events/:id',
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'getEvent',
      summary: 'Get an event',
      description: 'By the id from the reply to its publisher, or by the publisher’s own id.',
      tags,
      params,
      response: { 200: eventOutput },
    },
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      const event = await eventOr404(journal, tenant, request.params.id);
      return sendJsonText(reply, await textOf(journal, tenant, event));
    },
  });
}

function registerEventDeliveries(app: Api, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/v1/events/:id/deliveries',
    config: { access: 'deliveries:read', problems: ['not_found'] },
    schema: {
      operationId: 'listEventDeliveries',
      summary: 'List all deliveries of an event',
      tags,
      params,
      response: { 200: listOf(deliveryOutput) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const { sequence } = await eventOr404(sources.journal, tenant, request.params.id);
      const all = await sources.journal.deliveriesOf(tenant, sequence);
      return { data: await deliveriesJson(tenant, all, sources), next_cursor: null };
    },
  });
}
