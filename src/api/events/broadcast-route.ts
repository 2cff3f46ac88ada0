/** `POST /v1/events/broadcast`. */
import { MAX_BROADCAST_NAMED_TENANTS } from '../../domain/limits.ts';
import type { ApiDependencies, ApiLimits } from '../deps.ts';
import { bytesOf, readRawBodies } from '../raw-body.ts';
import type { Api } from '../route-types.ts';
import { broadcast, broadcastReply } from './broadcast.ts';
import { CATALOGUE_PROBLEMS } from './catalogue-check.ts';
import { broadcastInput, IDEMPOTENCY_HEADER, idempotencyKey } from './event-input.ts';

/** Of one tenant's name in the list, quotes and comma included. */
const MAX_NAME_BYTES = 68;

interface Sources extends Pick<ApiDependencies, 'publisher' | 'clock' | 'tenants' | 'catalogue'> {
  readonly limits: ApiLimits;
}

export function registerBroadcast(app: Api, sources: Sources): void {
  const { publisher, clock, tenants, catalogue, limits } = sources;
  app.register(async (scope: Api) => {
    readRawBodies(scope, ['application/json'], 'A broadcast');
    scope.route({
      method: 'POST',
      url: '/v1/events/broadcast',
      bodyLimit: limits.maxEventBodyBytes + MAX_BROADCAST_NAMED_TENANTS * MAX_NAME_BYTES,
      config: { access: 'operator', problems: ['unavailable', ...CATALOGUE_PROBLEMS] },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        operationId: 'broadcastEvent',
        summary: 'Publish an event to every tenant',
        description:
          'Each tenant gets an event of its own. What failed for some is told by tenant; the ' +
          'same request again, with the same `id` or `Idempotency-Key`, reaches the missing ones.',
        tags: ['Events'],
        body: broadcastInput,
        response: { 202: broadcastReply },
      },
      handler: async (request, reply) => {
        const done = await broadcast(bytesOf(request.body), {
          publisher,
          tenants,
          catalogue,
          now: clock.now(),
          idempotencyKey: idempotencyKey(request.headers[IDEMPOTENCY_HEADER]),
          maxEventBytes: limits.maxEventBodyBytes,
        });
        return reply.code(202).send(done);
      },
    });
  });
}
