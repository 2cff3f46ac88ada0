/** `GET /v1/tenants/{name}/export`. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { decodeCursor } from '../cursor.ts';
import { NDJSON } from '../events/batch.ts';
import { Problem } from '../problems.ts';
import type { ApiDependencies } from '../deps.ts';
import type { Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import { exportLines, type ExportPosition, type ExportSources } from './export.ts';
import { tenantOr404, tenantParams, TENANTS } from './tenant-routes.ts';

/** Each reads the store as fast as its client takes it. */
const MAX_EXPORTS_AT_ONCE = 4;
const RETRY_AFTER_SECONDS = 10;

/** A client that takes nothing for this long has gone. */
const STALLED_MS = 60_000;

const POSITION = z.strictObject({
  up_to: z.int(),
  type: z.string().optional(),
  sequence: z.int().optional(),
});

const query = strict({
  cursor: z
    .string()
    .optional()
    .describe('Of the last `cursor` line that arrived: goes on behind it. Default: the whole.'),
});

interface Sources extends ExportSources {
  readonly tenants: ApiDependencies['tenants'];
}

export function registerTenantExport(app: Api, sources: Sources): void {
  let running = 0;
  app.route({
    method: 'GET',
    url: `${TENANTS}/:name/export`,
    exposeHeadRoute: false,
    config: { access: 'operator', problems: ['not_found'] },
    schema: {
      operationId: 'exportTenant',
      summary: 'Export all that a tenant has',
      description:
        'NDJSON; each line names its `type`: `tenant`, `subscription` (without secrets), ' +
        '`api_key`, `source` (likewise) with its `poll_state` lines, `event`, behind each event ' +
        'its `delivery` and `attempt` lines, `inbound_request` (those without an event), and now and ' +
        'then a `cursor`. The last line is a `summary`, or an `error` when it is not complete. ' +
        'It holds the events that were stored when it began, in no particular order.',
      tags: ['Tenants'],
      params: tenantParams,
      querystring: query,
      response: {
        200: {
          description: 'The export.',
          content: { [NDJSON]: { schema: z.string().meta({ description: 'One JSON a line.' }) } },
        },
      },
    },
    handler: async (request, reply) => {
      const tenant = tenantOr404(sources.tenants, request.params.name);
      const from = positionOf(request.query.cursor);
      if (running >= MAX_EXPORTS_AT_ONCE) {
        throw new Problem('unavailable', `${running} exports are running already.`, {
          headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
        });
      }
      running += 1;
      const lines = Readable.from(exportLines(sources, tenant, from), { objectMode: false });
      lines.once('close', () => {
        running -= 1;
      });
      reply.raw.setTimeout(STALLED_MS, () => reply.raw.destroy());
      // The schema tells of the text; it is sent as a stream of it.
      return reply.type(NDJSON).send(lines as unknown as string);
    },
  });
}

function positionOf(cursor: string | undefined): ExportPosition | undefined {
  if (cursor === undefined) return undefined;
  const { up_to: upTo, type: eventType, sequence } = decodeCursor(cursor, POSITION);
  const after =
    eventType === undefined || sequence === undefined ? undefined : { eventType, sequence };
  return { upTo, after };
}
