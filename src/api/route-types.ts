/** The framework's types as this API uses them. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Access, Principal } from './auth/principal.ts';
import type { ProblemCode } from './problems.ts';

export type Api = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. Every route says; the server does not start otherwise. */
    access?: Access;
    /** Beyond those that any route may answer with; for the OpenAPI document. */
    problems?: readonly ProblemCode[];
  }
  interface FastifyRequest {
    /** Set before the handler of every route that is not public. */
    principal: Principal | null;
  }
}

/** The tenant a request acts for. */
export function tenantOf(request: Pick<FastifyRequest, 'principal'>): number {
  return principalOf(request).tenant;
}

export function principalOf(request: Pick<FastifyRequest, 'principal'>): Principal {
  if (request.principal === null) throw new Error('a public route asked who is calling');
  return request.principal;
}
