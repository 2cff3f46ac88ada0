/** Public routes about the server itself: health, readiness, and what the problems mean. */
import { z } from 'zod';
import type { Readiness } from './deps.ts';
import { Problem, PROBLEM_CODES, isProblemCode, problemKind } from './problems.ts';
import type { Api } from './route-types.ts';
import { strict } from './validation.ts';

const tags = ['Server'];

export function registerServerRoutes(app: Api, readiness: () => Readiness): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { access: 'public' },
    schema: {
      operationId: 'getLiveness',
      summary: 'Whether the process runs',
      description: 'Says nothing of what it depends on: a restart would not mend that.',
      tags,
      response: { 200: z.object({ status: z.literal('ok') }) },
    },
    handler: async () => ({ status: 'ok' as const }),
  });
  const readyOutput = z
    .object({ status: z.enum(['ok', 'not_ready']), checks: z.record(z.string(), z.string()) })
    .meta({ id: 'Readiness' });
  app.route({
    method: 'GET',
    url: '/readyz',
    config: { access: 'public' },
    schema: {
      operationId: 'getReadiness',
      summary: 'Whether the server can take events',
      tags,
      response: { 200: readyOutput, 503: readyOutput },
    },
    handler: async (_request, reply) => {
      const { ok, checks } = readiness();
      return reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'not_ready', checks });
    },
  });
  registerProblemPages(app);
}

/** The `type` of a problem leads here, so that it is explained even without a network. */
function registerProblemPages(app: Api): void {
  app.route({
    method: 'GET',
    url: '/errors/:code',
    config: { access: 'public' },
    schema: { hide: true, params: strict({ code: z.string() }) },
    handler: async (request, reply) => {
      const { code } = request.params;
      if (!isProblemCode(code)) {
        throw new Problem('not_found', `Known codes are: ${PROBLEM_CODES.join(', ')}.`);
      }
      const { status, title, nextStep } = problemKind(code);
      const text = `# ${code} (${status})\n\n${title}.\n\n${nextStep}\n`;
      return reply.type('text/markdown; charset=utf-8').send(text);
    },
  });
}
