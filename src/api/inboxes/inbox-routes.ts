/** `/v1/inboxes`: what waits for agents to pull it. */
import { z } from 'zod';
import type { InboxView } from '../../storage/inbox.ts';
import { instantOut, isoTime, listOf, listQuery } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { tenantOf, type Api } from '../route-types.ts';

const POSITION = z.strictObject({ after: z.string() });

const count = z.int().min(0);

export const inboxOutput = z
  .object({
    name: z.string().meta({ examples: ['triage'] }),
    messages: count.describe('How many wait, those included that somebody holds.'),
    bytes: count.describe('Of what waits, as it would be pulled.'),
    last_position: count.describe('Of the newest message that was ever put there.'),
    created_at: instantOut,
    updated_at: instantOut.describe('When something was last put there.'),
  })
  .meta({ id: 'Inbox' });

export function registerInboxRoutes(app: Api, { inboxes }: Pick<ApiDependencies, 'inboxes'>): void {
  app.route({
    method: 'GET',
    url: '/v1/inboxes',
    config: { access: 'deliveries:read' },
    schema: {
      operationId: 'listInboxes',
      summary: 'List inboxes by name',
      description:
        'An inbox comes into being with the first event of a subscription that has it as its ' +
        'destination: `{"kind":"inbox","name":…}`.',
      tags: ['Inboxes'],
      querystring: listQuery,
      response: { 200: listOf(inboxOutput) },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? undefined : decodeCursor(cursor, POSITION).after;
      const { items, next } = await inboxes.list(tenantOf(request), { after, limit });
      return {
        data: items.map(inboxJson),
        next_cursor: next === undefined ? null : encodeCursor({ after: next }),
      };
    },
  });
}

export function inboxJson(inbox: InboxView): z.output<typeof inboxOutput> {
  const { name, messages, bytes, lastPosition, createdAt, updatedAt } = inbox;
  return {
    name,
    messages,
    bytes,
    last_position: lastPosition,
    created_at: isoTime(createdAt),
    updated_at: isoTime(updatedAt),
  };
}
