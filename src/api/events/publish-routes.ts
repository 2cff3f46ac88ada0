/** The two ways in: one event, and many. */
import { z } from 'zod';
import type { ApiDependencies, ApiLimits } from '../deps.ts';
import { bytesOf, readRawBodies } from '../raw-body.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { batchItem, NDJSON, publishBatch, type BatchContext } from './batch.ts';
import { CATALOGUE_PROBLEMS, warnings } from './catalogue-check.ts';
import { eventInput, IDEMPOTENCY_HEADER, idempotencyKey } from './event-input.ts';
import { PUBLISH_PATH, PUBLISH_SCOPE, type PublishEntrance } from './publish-entrance.ts';
import { rateHeaders } from './rate-headers.ts';

const tags = ['Events'];

const publishReply = z
  .object({
    id: z.string().describe('Also the `webhook-id` that receivers get.'),
    event_type: z.string(),
    deliveries: z.int().min(0).describe('Subscriptions it goes to.'),
    duplicate: z.boolean().describe('True when it was stored before; nothing new was stored.'),
    warnings: warnings.optional(),
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
      config: {
        access: PUBLISH_SCOPE,
        problems: [
          'idempotency_key_reused',
          'quota_exceeded',
          'unavailable',
          ...CATALOGUE_PROBLEMS,
        ],
      },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        operationId: 'publishEvent',
        summary: 'Publish an event',
        description:
          'The answer comes after the event, its deliveries and its keys are stored and fsynced. ' +
          'With a quota of events a second it carries `RateLimit-Policy` and `RateLimit`.',
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

interface BatchSources extends Pick<
  ApiDependencies,
  'publisher' | 'clock' | 'registry' | 'rates' | 'catalogue'
> {
  readonly limits: ApiLimits;
}

export function registerBatch(app: Api, sources: BatchSources): void {
  const { publisher, clock, registry, rates, catalogue, limits } = sources;
  app.register(async (scope: Api) => {
    const types = ['application/json', NDJSON];
    readRawBodies(scope, types, 'A batch');
    scope.route({
      method: 'POST',
      url: '/v1/events/batch',
      bodyLimit: limits.maxBatchBytes,
      config: { access: PUBLISH_SCOPE, problems: ['quota_exceeded', 'unavailable'] },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        operationId: 'publishEvents',
        summary: 'Publish many events',
        description:
          `A JSON array or NDJSON of at most ${limits.maxBatchEvents} events. Each has its own ` +
          'result; one that is rejected does not keep the others out.',
        tags,
        consumes: types,
        body: z.array(eventInput),
        response: { 202: z.object({ data: z.array(batchItem) }) },
      },
      handler: async (request, reply) => {
        const ndjson = request.headers['content-type']?.toLowerCase().startsWith(NDJSON) === true;
        const tenant = tenantOf(request);
        const context: BatchContext = {
          publisher,
          rates,
          catalogue,
          findSubscription: (owner, id) => registry.find(owner, id),
          tenant,
          now: clock.now(),
          idempotencyKey: idempotencyKey(request.headers[IDEMPOTENCY_HEADER]),
          maxEvents: limits.maxBatchEvents,
          maxEventBytes: limits.maxEventBodyBytes,
        };
        // A reply is a promise too: to answer it here would be to wait for it.
        const data = await publishBatch(bytesOf(request.body), ndjson, context).finally(() => {
          reply.headers(rateHeaders(rates, tenant) ?? {});
        });
        return reply.code(202).send({ data });
      },
    });
  });
}
