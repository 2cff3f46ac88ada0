/** Turns whatever went wrong into a problem, and problems into responses (RFC 9457). */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DeliveryStateError } from '../dispatch/delivery-control.ts';
import { OwnerUnreachableError } from '../storage/cluster.ts';
import { StorageError } from '../storage/storage.ts';
import { Problem, problemJson, problemKind, type ProblemCode } from './problems.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

const RETRY_AFTER_STORAGE_SECONDS = '5';
/** By then a dead node's work is in other hands. */
const RETRY_AFTER_TAKEOVER_SECONDS = '20';

/** Fastify's own refusals, by its error codes. */
const FROM_FASTIFY: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'This route takes a body of the content type application/json.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'bad_request',
    'The body is not as long as Content-Length says.',
  ],
  FST_ERR_BAD_URL: ['bad_request', 'The URL is not well-formed: a percent sign is out of place.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'No id is as long as the one in this URL.'],
};

/** What the caller is told about an error. Says nothing of the inside when it is our fault. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StorageError) return fromStorage(error);
  if (error instanceof DeliveryStateError) return fromDeliveryState(error);
  if (error instanceof OwnerUnreachableError) {
    const headers = { 'retry-after': RETRY_AFTER_TAKEOVER_SECONDS };
    return new Problem('owner_unreachable', error.message, { headers });
  }
  const { code, statusCode } = errorFields(error);
  const known = FROM_FASTIFY[code];
  if (known !== undefined) return new Problem(...known);
  if (statusCode >= 400 && statusCode < 500) {
    return new Problem('bad_request', 'The request could not be read.');
  }
  return new Problem('internal_error', 'The request could not be served.');
}

/** Whether an operator should hear of it: what we refuse on purpose is a Problem already. */
export function isOurFault(error: unknown, problem: Problem): boolean {
  return !(error instanceof Problem) && problemKind(problem.code).status >= 500;
}

function fromStorage(error: StorageError): Problem {
  const headers = { 'retry-after': RETRY_AFTER_STORAGE_SECONDS };
  if (error.failure === 'full') {
    return new Problem('storage_full', 'The store has no space left to write to.', { headers });
  }
  return new Problem('unavailable', 'The store can not be reached at the moment.', { headers });
}

/** The delivery went on between our look at it and the wish. */
function fromDeliveryState({ status, wanted }: DeliveryStateError): Problem {
  if (wanted === 'cancelled') {
    return new Problem('delivery_is_final', `The delivery is ${status}.`);
  }
  return new Problem('delivery_is_sending', `The delivery is ${status}: on its way anyway.`);
}

function errorFields(error: unknown): { readonly code: string; readonly statusCode: number } {
  if (typeof error !== 'object' || error === null) return { code: '', statusCode: 500 };
  const { code, statusCode }: { code?: unknown; statusCode?: unknown } = error;
  return {
    code: typeof code === 'string' ? code : '',
    statusCode: typeof statusCode === 'number' ? statusCode : 500,
  };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const json = problemJson(problem);
  return reply
    .code(json.status)
    .headers(problem.headers)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .header('content-type', PROBLEM_TYPE)
    .send(JSON.stringify(json));
}

/** The same on a bare response, for what does not pass through the framework. */
export function writeProblem(response: ServerResponse, problem: Problem): void {
  const json = problemJson(problem);
  const body = Buffer.from(JSON.stringify(json));
  response.writeHead(json.status, {
    'content-type': PROBLEM_TYPE,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...problem.headers,
  });
  response.end(body);
}

export function errorHandler(
  onError: (error: unknown, where: string) => void,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const problem = toProblem(error);
    const { method, routeOptions } = request;
    if (isOurFault(error, problem)) onError(error, `${method} ${routeOptions.url ?? ''}`);
    return sendProblem(reply, problem);
  };
}
