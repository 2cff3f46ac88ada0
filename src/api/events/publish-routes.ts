/** The two ways in: one event, and many. */
import { z } from 'zod';
import type { ApiDependencies, ApiLimits } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { batchItem, NDJSON, publishBatch } from './batch.ts';
import { eventInput, IDEMPOTENCY_HEADER, idempotencyKey } from './event-input.ts';
import { PUBLISH_PATH, PUBLISH_SCOPE, type PublishEntrance } from './publish-entrance.ts';

const tags = ['Events'];

const publishReply = z
  .object({
    id: z.string().describe('Also the `webhook-id` that receivers get.'),
    event_type: z.string(),
    deliveries: z.int().min(0).describe('Subscriptions it goes to.'),
    duplicate: z.boolean().describe('True when it was stored before; nothing new was stored.'),
  })
  .meta({ id: 'PublishReply' });

/** For the document and for requests that come through the router; see `publish-entrance.ts`. */
export function registerPublish(app: Api, entrance: PublishEntrance): void {
  app.register(async (scope: Api) => {
    scope.removeAllContentTypeParsers();
    // The entrance reads the body itself.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({
      method: 'POST',
      url: PUBLISH_PATH,
      config: { access: PUBLISH_SCOPE, problems: ['idempotency_key_reused', 'unavailable'] },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        operationId: 'publishEvent',
        summary: 'Publish an event',
        description:
          'The answer comes after the event, its deliveries and its keys are stored and fsynced.',
        tags,
        body: eventInput,
        response: { 202: publishReply },
      },
      handler: (request, reply) => {
        reply.hijack();
        entrance(request.raw, reply.raw);
      },
    });
  });
}

interface BatchSources extends Pick<ApiDependencies, 'publisher' | 'clock'> {
  readonly limits: ApiLimits;
}

export function registerBatch(app: Api, { publisher, clock, limits }: BatchSources): void {
  app.register(async (scope: Api) => {
    scope.removeAllContentTypeParsers();
    const parsed = ['application/json', NDJSON];
    scope.addContentTypeParser(parsed, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    scope.addContentTypeParser('*', (_request, _payload, done) => {
      const detail = `A batch is sent as ${parsed.join(' or ')}.`;
      done(new Problem('unsupported_media_type', detail));
    });
    scope.route({
      method: 'POST',
      url: '/v1/events/batch',
      bodyLimit: limits.maxBatchBytes,
      config: { access: PUBLISH_SCOPE, problems: ['unavailable'] },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        operationId: 'publishEvents',
        summary: 'Publish many events',
        description:
          `A JSON array or NDJSON of at most ${limits.maxBatchEvents} events. Each has its own ` +
          'result; one that is rejected does not keep the others out.',
        tags,
        consumes: parsed,
        body: z.array(eventInput),
        response: { 202: z.object({ data: z.array(batchItem) }) },
      },
      handler: async (request, reply) => {
        const body: unknown = request.body;
        const ndjson = request.headers['content-type']?.toLowerCase().startsWith(NDJSON) === true;
        const data = await publishBatch(Buffer.isBuffer(body) ? body : Buffer.alloc(0), ndjson, {
          publisher,
          tenant: tenantOf(request),
          now: clock.now(),
          idempotencyKey: idempotencyKey(request.headers[IDEMPOTENCY_HEADER]),
          maxEvents: limits.maxBatchEvents,
          maxEventBytes: limits.maxEventBodyBytes,
        });
        return reply.code(202).send({ data });
      },
    });
  });
}
