/** Tries a filter or a transform on an event, before a subscription relies on it. */
import { z } from 'zod';
import { compileFilter, explainMismatch, type FilterSubject } from '../../domain/filter/filter.ts';
import { eventId } from '../../domain/ids.ts';
import { DEFAULT_TIMEOUT_MS } from '../../domain/limits.ts';
import { buildEnvelope } from '../../protocol/envelope.ts';
import type { TransformJob, TransformResult, Transformer } from '../../transform/port.ts';
import { isoTime } from '../common-schema.ts';
import type { ApiDependencies } from '../deps.ts';
import { eventInput } from '../events/event-input.ts';
import { sendJsonText } from '../json-reply.ts';
import { invalid } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { filterDocument, transformSource } from '../subscriptions/content-schema.ts';
import { strict } from '../validation.ts';
import { transformProblem } from './transform-problem.ts';

type Sources = Pick<ApiDependencies, 'transformer' | 'clock'>;
type Event = z.output<typeof eventInput>;

const tags = ['Subscriptions'];
const access = 'subscriptions:write';
const sample = eventInput.describe('An event as it would be published; nothing is stored.');

export function registerContentTests(app: Api, sources: Sources): void {
  registerFilterTest(app, sources);
  registerTransformTest(app, sources);
}

function registerFilterTest(app: Api, { clock }: Sources): void {
  app.route({
    method: 'POST',
    url: '/v1/filters/test',
    config: { access },
    schema: {
      operationId: 'testFilter',
      summary: 'Try a filter on an event',
      description: 'Says whether it matches, and if not, which condition is the first that fails.',
      tags,
      body: strict({ filter: filterDocument, event: sample }).meta({ id: 'TestFilter' }),
      response: {
        200: z
          .object({
            matches: z.boolean(),
            pointer: z.string().nullable().describe('JSON Pointer to the condition that failed.'),
            reason: z.string().nullable().describe('Why it failed; null when all hold.'),
          })
          .meta({ id: 'FilterTest' }),
      },
    },
    handler: async (request) => {
      const { filter, event } = request.body;
      const compiled = compileFilter(filter);
      if (!compiled.ok) throw new Error('a filter that its schema let pass does not compile');
      const subject = subjectOf(event, clock.now());
      const mismatch = explainMismatch(compiled.condition, subject);
      if (mismatch === undefined) return { matches: true, pointer: null, reason: null };
      return { matches: false, pointer: mismatch.pointer, reason: mismatch.detail };
    },
  });
}

function registerTransformTest(app: Api, { transformer, clock }: Sources): void {
  app.route({
    method: 'POST',
    url: '/v1/transforms/test',
    config: { access, problems: ['unavailable'] },
    schema: {
      operationId: 'testTransform',
      summary: 'Try a transform on an event',
      description: 'Under the limits that hold for deliveries.',
      tags,
      body: strict({ transform: transformSource, event: sample }).meta({ id: 'TestTransform' }),
      response: {
        200: z
          .object({ output: z.unknown().describe('The body that would be sent.') })
          .meta({ id: 'TransformTest' }),
      },
    },
    handler: async (request, reply) => {
      const { transform, event } = request.body;
      const result = await run(transformer, {
        tenant: tenantOf(request),
        source: transform,
        input: Buffer.from(envelopeOf(event, clock.now())),
        instant: occurredAt(event, clock.now()),
        timeoutMs: DEFAULT_TIMEOUT_MS,
      });
      if (!result.ok) throw transformProblem(result.failure);
      return sendJsonText(reply, `{"output":${Buffer.from(result.body).toString('utf8')}}`);
    },
  });
}

function run(transformer: Transformer, job: TransformJob): Promise<TransformResult> {
  return new Promise((resolve) => {
    transformer.run(job, resolve);
  });
}

function occurredAt(event: Event, now: number): number {
  return event.occurred_at === undefined ? now : Date.parse(event.occurred_at);
}

function subjectOf(event: Event, now: number): FilterSubject {
  return {
    webhook_id: event.id ?? eventId(now, 0),
    event_type: event.event_type,
    timestamp: isoTime(occurredAt(event, now)),
    task_id: event.task_id,
    run_id: event.run_id,
    status: event.status,
    data: event.data ?? {},
    metadata: event.metadata,
  };
}

function envelopeOf(event: Event, now: number): string {
  const { webhook_id: id, event_type: eventType, timestamp, data } = subjectOf(event, now);
  const { task_id: taskId, run_id: runId, status } = event;
  const dataText = textOf(data);
  return buildEnvelope({ id, eventType, timestamp, taskId, runId, status, dataText });
}

function textOf(data: unknown): string {
  try {
    return JSON.stringify(data);
  } catch {
    const detail = 'is nested too deeply to be written again';
    throw invalid({ pointer: '/event/data', code: 'too_deep', detail });
  }
}
