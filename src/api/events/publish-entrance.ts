/**
 * `POST /v1/events`, from the socket to the publisher and back. The one route that is called for
 * every event, so it works on Node's own request and response: no router, no hook, no promise and
 * no log line stands between the bytes and the commit. Everything else is the same as elsewhere:
 * the same keys, the same schema, the same problems.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  Publication,
  Publisher,
  PublishResult,
  TenantRates,
} from '../../accept/publication.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { demand, type Principal } from '../auth/principal.ts';
import { bodyText, parseJson } from '../json-body.ts';
import { isOurFault, toProblem, writeProblem } from '../problem-reply.ts';
import { Problem } from '../problems.ts';
import type { CatalogueCheck } from './catalogue-check.ts';
import {
  IDEMPOTENCY_HEADER,
  idempotencyKey,
  readPublication,
  type PublicationContext,
} from './event-input.ts';
import { publishProblem } from './publish-problem.ts';
import { rateHeaders } from './rate-headers.ts';

export const PUBLISH_PATH = '/v1/events';
export const PUBLISH_SCOPE = 'events:write';

/** A body refused for its size is still read up to here, so that the answer gets through. */
const MAX_DRAINED_BYTES = 16 * 1024 * 1024;

const JSON_TYPE = /^application\/json[ \t]*(;|$)/i;

interface Options {
  readonly publisher: Publisher;
  readonly authenticator: Authenticator;
  readonly findSubscription: PublicationContext['findSubscription'];
  readonly rates: TenantRates;
  readonly catalogue: CatalogueCheck;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  /** True once the server drains: connections are then closed behind their last answer. */
  readonly closing: () => boolean;
  readonly onError: (error: unknown, where: string) => void;
}

export type PublishEntrance = (request: IncomingMessage, response: ServerResponse) => void;

export function createPublishEntrance(options: Options): PublishEntrance {
  return (request, response) => {
    try {
      const principal = options.authenticator.identify(request.headers);
      if (!(principal instanceof Promise)) receive(options, principal, request, response);
      else {
        principal
          .then((found) => receive(options, found, request, response))
          .catch((error: unknown) => refuse(options, response, error));
      }
    } catch (error) {
      refuse(options, response, error);
    }
  };
}

function receive(
  options: Options,
  principal: Principal,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  demand(principal, PUBLISH_SCOPE);
  checkHeaders(request);
  readBody(request, options.maxBodyBytes, (body) => {
    try {
      if (body === undefined) throw tooLarge(options.maxBodyBytes);
      publish(options, toPublication(options, principal, request, body), response);
    } catch (error) {
      refuse(options, response, error);
    }
  });
}

function checkHeaders(request: IncomingMessage): void {
  const { 'content-type': type, 'content-encoding': encoding } = request.headers;
  // The exact comparison first: it is what nearly every client sends.
  if (type !== 'application/json' && !JSON_TYPE.test(type ?? '')) {
    const given = type === undefined ? 'none was given' : 'another one was given';
    const detail = `An event is published as application/json, but ${given}.`;
    throw new Problem('unsupported_media_type', detail);
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported_media_type', 'Compressed bodies are not taken.');
  }
}

/** `done` gets the whole body, or undefined at the moment it turns out to be too large. */
function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer | undefined) => void,
): void {
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  let refused = Number(request.headers['content-length']) > maxBytes;
  if (refused) done(undefined);
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (refused) {
      if (length > MAX_DRAINED_BYTES) request.destroy();
    } else if (length > maxBytes) {
      refused = true;
      first = rest = undefined;
      done(undefined);
    } else if (first === undefined) first = chunk;
    else (rest ??= []).push(chunk);
  });
  request.on('end', () => {
    if (refused) return;
    if (first === undefined) done(Buffer.alloc(0));
    else done(rest === undefined ? first : Buffer.concat([first, ...rest], length));
  });
}

function toPublication(
  options: Options,
  principal: Principal,
  request: IncomingMessage,
  body: Buffer,
): Publication {
  const text = bodyText(body);
  return readPublication(text, parseJson(text), {
    tenant: principal.tenant,
    now: options.clock.now(),
    idempotencyKey: idempotencyKey(request.headers[IDEMPOTENCY_HEADER]),
    findSubscription: options.findSubscription,
    catalogue: options.catalogue,
  });
}

/** What the answer needs of a publication. */
interface Asked {
  readonly eventType: string;
  readonly hasKey: boolean;
  readonly warningsText: string | undefined;
}

function publish(options: Options, publication: Publication, response: ServerResponse): void {
  // What waits for the commit keeps these, not the parsed event.
  const { eventType, idempotencyKey: key, warningsText } = publication;
  const asked = { eventType, hasKey: key !== undefined, warningsText };
  options.publisher.publish(publication, (result) => {
    const rate = rateHeaders(options.rates, publication.tenant);
    for (const name in rate) response.setHeader(name, rate[name] ?? '');
    if (result.kind === 'accepted' || result.kind === 'duplicate') {
      answer(options, asked, result, response);
    } else refuse(options, response, publishProblem(result));
  });
}

function answer(
  options: Options,
  asked: Asked,
  result: Extract<PublishResult, { kind: 'accepted' | 'duplicate' }>,
  response: ServerResponse,
): void {
  const duplicate = result.kind === 'duplicate';
  const eventType = duplicate ? result.eventType : asked.eventType;
  const { warningsText } = asked;
  // Ids and event types hold no character that JSON would escape.
  const body =
    `{"id":"${result.id}","event_type":"${eventType}"` +
    `,"deliveries":${result.deliveries},"duplicate":${duplicate}` +
    (warningsText === undefined ? '}' : `,"warnings":${warningsText}}`);
  if (options.closing()) response.setHeader('connection', 'close');
  if (duplicate && asked.hasKey) {
    response.setHeader('idempotency-replayed', 'true');
  }
  response.writeHead(202, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': warningsText === undefined ? body.length : Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  // Without warnings the body is ASCII, and latin1 is written without being transcoded.
  response.end(body, warningsText === undefined ? 'latin1' : 'utf8');
}

function refuse(options: Options, response: ServerResponse, error: unknown): void {
  const problem = toProblem(error);
  if (isOurFault(error, problem)) options.onError(error, `POST ${PUBLISH_PATH}`);
  if (options.closing()) response.setHeader('connection', 'close');
  writeProblem(response, problem);
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('payload_too_large', `An event may take at most ${maxBytes} bytes.`);
}
