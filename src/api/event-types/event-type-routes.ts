/** `/v1/event-types`: the event catalogue, one for the whole installation. */
import { z } from 'zod';
import { CatalogueFullError, type EventCatalogue } from '../../catalogue/catalogue.ts';
import { entryFaults } from '../../catalogue/entry-faults.ts';
import type { EventTypeEntry } from '../../domain/event-type-entry.ts';
import { cursorQuery, listOf, pageOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem, sentence } from '../problems.ts';
import type { Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import {
  changedEntry,
  changeEventTypeInput,
  createEventTypeInput,
  eventTypeJson,
  eventTypeOutput,
  newEntry,
} from './event-type-schema.ts';

export type CatalogueSources = Pick<ApiDependencies, 'catalogue' | 'clock'>;

export const EVENT_TYPES_PATH = '/v1/event-types';
export const EVENT_TYPE_TAGS = ['Event types'];
const params = strict({ name: z.string().meta({ examples: ['order.paid'] }) });
const POSITION = z.strictObject({ name: z.string() });

/** Query parameters are text. */
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

const listQuery = strict({
  group: z.string().optional().describe('Only those of this group.'),
  deprecated: flag.optional().describe('Only those that are, or are not.'),
  ...cursorQuery,
});

export function registerEventTypeRoutes(app: Api, sources: CatalogueSources): void {
  registerCreate(app, sources);
  registerList(app, sources);
  registerGet(app, sources);
  registerChange(app, sources);
  registerDelete(app, sources);
}

/** @throws Problem `validation_failed` naming every place, or `catalogue_full`. */
export async function storeEntries(
  catalogue: EventCatalogue,
  entries: readonly EventTypeEntry[],
): Promise<void> {
  try {
    await catalogue.put(entries);
  } catch (error) {
    if (!(error instanceof CatalogueFullError)) throw error;
    throw new Problem('catalogue_full', error.message);
  }
}

function requireSound(entry: EventTypeEntry): void {
  const faults = entryFaults(entry);
  if (faults.length === 0) return;
  const detail = faults.map(sentence).join('; ');
  throw new Problem('validation_failed', detail, { errors: faults });
}

function entryOr404(catalogue: EventCatalogue, name: string): EventTypeEntry {
  const found = catalogue.find(name);
  if (found !== undefined) return found;
  throw new Problem('not_found', 'There is no event type of this name in the catalogue.');
}

function registerCreate(app: Api, { catalogue, clock }: CatalogueSources): void {
  app.route({
    method: 'POST',
    url: EVENT_TYPES_PATH,
    config: { access: 'event_types:write', problems: ['event_type_exists', 'catalogue_full'] },
    schema: {
      operationId: 'createEventType',
      summary: 'Add an event type to the catalogue',
      description: 'A name is enough. The catalogue is the same for all tenants.',
      tags: EVENT_TYPE_TAGS,
      body: createEventTypeInput,
      response: { 201: eventTypeOutput },
    },
    handler: async (request, reply) => {
      const { name, ...rest } = request.body;
      const now = clock.now();
      const entry = changedEntry(newEntry(name, now), rest, now);
      requireSound(entry);
      await catalogue.change(async () => {
        if (catalogue.find(name) !== undefined) {
          throw new Problem('event_type_exists', `"${name}" is in the catalogue already.`);
        }
        await storeEntries(catalogue, [entry]);
      });
      return reply.code(201).send(eventTypeJson(entry));
    },
  });
}

function registerList(app: Api, { catalogue }: CatalogueSources): void {
  app.route({
    method: 'GET',
    url: EVENT_TYPES_PATH,
    config: { access: 'event_types:read' },
    schema: {
      operationId: 'listEventTypes',
      summary: 'List event types by name',
      tags: EVENT_TYPE_TAGS,
      querystring: listQuery,
      response: { 200: listOf(eventTypeOutput) },
    },
    handler: async (request) => {
      const { cursor, limit, group, deprecated } = request.query;
      const after = cursor === undefined ? '' : decodeCursor(cursor, POSITION).name;
      const all = catalogue
        .list()
        .filter(({ name }) => name > after)
        .filter((entry) => group === undefined || entry.group === group)
        .filter((entry) => deprecated === undefined || entry.deprecated === deprecated);
      const { page, nextCursor } = pageOf(all, limit, ({ name }) => encodeCursor({ name }));
      return { data: page.map(eventTypeJson), next_cursor: nextCursor };
    },
  });
}

function registerGet(app: Api, { catalogue }: CatalogueSources): void {
  app.route({
    method: 'GET',
    url: `${EVENT_TYPES_PATH}/:name`,
    config: { access: 'event_types:read', problems: ['not_found'] },
    schema: {
      operationId: 'getEventType',
      summary: 'Get an event type',
      tags: EVENT_TYPE_TAGS,
      params,
      response: { 200: eventTypeOutput },
    },
    handler: async (request) => eventTypeJson(entryOr404(catalogue, request.params.name)),
  });
}

function registerChange(app: Api, { catalogue, clock }: CatalogueSources): void {
  app.route({
    method: 'PATCH',
    url: `${EVENT_TYPES_PATH}/:name`,
    config: { access: 'event_types:write', problems: ['not_found', 'catalogue_full'] },
    schema: {
      operationId: 'changeEventType',
      summary: 'Change an event type',
      description:
        'Fields that are left out stay; the schema and the examples are replaced as a whole. ' +
        'Events that were published before stay as they are.',
      tags: EVENT_TYPE_TAGS,
      params,
      body: changeEventTypeInput,
      response: { 200: eventTypeOutput },
    },
    handler: (request) =>
      catalogue.change(async () => {
        const current = entryOr404(catalogue, request.params.name);
        const changed = changedEntry(current, request.body, clock.now());
        requireSound(changed);
        await storeEntries(catalogue, [changed]);
        return eventTypeJson(changed);
      }),
  });
}

function registerDelete(app: Api, { catalogue }: CatalogueSources): void {
  app.route({
    method: 'DELETE',
    url: `${EVENT_TYPES_PATH}/:name`,
    config: { access: 'event_types:write', problems: ['not_found'] },
    schema: {
      operationId: 'deleteEventType',
      summary: 'Take an event type out of the catalogue',
      description: 'Events and subscriptions of the type stay. To phase a type out, deprecate it.',
      tags: EVENT_TYPE_TAGS,
      params,
      response: { 204: z.undefined().describe('Deleted.') },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      await catalogue.change(async () => {
        entryOr404(catalogue, name);
        await catalogue.remove(name);
      });
      return reply.code(204).send(undefined);
    },
  });
}
