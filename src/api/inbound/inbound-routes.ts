/** `/v1/inbound-requests`: every call to a source, and what became of it. */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { parseRecordId, recordId } from '../../domain/ids.ts';
import { INBOUND_STATUSES, type InboundView } from '../../storage/inbound.ts';
import {
  cursorQuery,
  idParams,
  instantIn,
  instantMs,
  instantOut,
  isoTime,
  listOf,
  stringMap,
} from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { strict } from '../validation.ts';

type Parts = Pick<ApiDependencies, 'sources' | 'inbound' | 'inboundWritten'>;

const BASE = '/v1/inbound-requests';
const tags = ['Sources'];
const POSITION = z.strictObject({ sequence: z.int() });

const query = strict({
  source_id: z.string().optional().describe('Also of a source that was deleted.'),
  status: z.enum(INBOUND_STATUSES).optional(),
  since: instantIn.optional().describe('Received at or after this instant.'),
  until: instantIn.optional().describe('Received before this instant.'),
  ...cursorQuery,
});

const inboundOutput = z
  .object({
    id: z.string().meta({ examples: ['inb_01kgsx2f2g00000000001'] }),
    source_id: z.string(),
    status: z.enum(INBOUND_STATUSES),
    reason: z
      .string()
      .nullable()
      .describe('A code such as `wrong_signature`; `counted_only` stands for many more.'),
    detail: z.string().nullable().describe('One sentence for a person.'),
    event_id: z.string().nullable().describe('What it became, or what it repeats.'),
    provider_event_id: z.string().nullable(),
    method: z
      .string()
      .nullable()
      .describe('Null where it was accepted: the event has the content.'),
    headers: stringMap.nullable().describe('Credentials are hidden, long values cut.'),
    body: z.string().nullable().describe('The first bytes of what was rejected.'),
    body_encoding: z.enum(['utf8', 'base64']).nullable(),
    body_bytes: z.int().describe('How long it really was.'),
    remote_address: z.string().nullable(),
    received_at: instantOut,
  })
  .meta({ id: 'InboundRequest' });

export function registerInboundRequests(app: Api, parts: Parts): void {
  const { sources, inbound, inboundWritten } = parts;
  app.route({
    method: 'GET',
    url: BASE,
    config: { access: 'sources:read' },
    schema: {
      operationId: 'listInboundRequests',
      summary: 'List the calls to sources, newest first',
      description:
        'What was accepted is shown by its event. Refusals, repeats and handshakes are bounded ' +
        'in number; of a flood most are only counted.',
      tags,
      querystring: query,
      response: { 200: listOf(inboundOutput) },
    },
    handler: async (request) => {
      const { source_id: sourceId, status, since, until, cursor, limit } = request.query;
      const source = numberOf(sources, sourceId);
      if (source === 'unknown') return { data: [], next_cursor: null };
      // Whoever has just been refused and looks why shall find it.
      await inboundWritten();
      const page = await inbound.list(tenantOf(request), {
        source,
        status,
        since: instantMs(since),
        until: instantMs(until),
        before: cursor === undefined ? undefined : decodeCursor(cursor, POSITION).sequence,
        limit,
      });
      return {
        data: page.items.map((item) => inboundJson(item, sources)),
        next_cursor: page.next === undefined ? null : encodeCursor({ sequence: page.next }),
      };
    },
  });
  app.route({
    method: 'GET',
    url: `${BASE}/:id`,
    config: { access: 'sources:read', problems: ['not_found'] },
    schema: {
      operationId: 'getInboundRequest',
      summary: 'Get a call to a source',
      tags,
      params: idParams('inb_01kgsx2f2g00000000001'),
      response: { 200: inboundOutput },
    },
    handler: async (request) => {
      const { id } = request.params;
      const sequence = parseRecordId('inb', id)?.number;
      const found =
        sequence === undefined ? undefined : await inbound.find(tenantOf(request), sequence);
      if (found === undefined || idOf(found) !== id) {
        throw new Problem('not_found', 'There is no inbound request with this id.');
      }
      return inboundJson(found, sources);
    },
  });
}

/** `unknown` where no request can match; those of other tenants are kept out by the store. */
function numberOf(
  sources: Pick<Parts['sources'], 'idOf'>,
  id: string | undefined,
): number | undefined | 'unknown' {
  if (id === undefined) return undefined;
  const number = parseRecordId('src', id)?.number;
  return number !== undefined && sources.idOf(number) === id ? number : 'unknown';
}

function idOf({ receivedAt, sequence }: InboundView): string {
  return recordId('inb', receivedAt, sequence);
}

export function inboundJson(
  view: InboundView,
  sources: Pick<Parts['sources'], 'idOf'>,
): z.output<typeof inboundOutput> {
  return {
    id: idOf(view),
    source_id: sources.idOf(view.source) ?? '',
    status: view.status,
    reason: view.reason,
    detail: view.detail,
    event_id: view.eventId,
    provider_event_id: view.providerEventId,
    method: view.method,
    headers: view.headers === null ? null : (JSON.parse(view.headers) as Record<string, string>),
    ...bodyJson(view.body),
    body_bytes: view.bodyBytes,
    remote_address: view.remoteAddress,
    received_at: isoTime(view.receivedAt),
  };
}

function bodyJson(body: Uint8Array | null) {
  if (body === null) return { body: null, body_encoding: null };
  const bytes = Buffer.from(body);
  return isUtf8(bytes)
    ? { body: bytes.toString('utf8'), body_encoding: 'utf8' as const }
    : { body: bytes.toString('base64'), body_encoding: 'base64' as const };
}
