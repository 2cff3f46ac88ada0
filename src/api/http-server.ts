/** The listening server: its limits, and the short way in for the route called for every event. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerFactory } from './deps.ts';
import { PUBLISH_PATH, type PublishEntrance } from './events/publish-entrance.ts';
import { INBOUND_PREFIX, type InboundEntrance } from './inbound/entrance.ts';
import { PROBLEM_TYPE } from './problem-reply.ts';
import { Problem, problemJson } from './problems.ts';

/** Limits against clients that hold connections without using them. Milliseconds unless named. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the 60 s of common load balancers, so that they, not we, end an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const CONNECTIONS_CHECK_MS = 2_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;

const LIMITS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
} as const;

/** A server with this API's limits. A publisher may send any number of requests on a connection. */
export function createHttpServer(listener: RequestListener): Server {
  const server = createServer(LIMITS, listener);
  server.maxHeadersCount = MAX_HEADERS;
  return server;
}

/** PEM texts. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
  /** Of the client certificates that sources may ask for; undefined asks for none. */
  readonly clientAuthorities: string | undefined;
}

/**
 * The same behind TLS. Clients are asked for a certificate, and may come without: which source
 * wants which one is for the front door to say.
 *
 * @throws Error for texts that are no certificate and key, or do not belong together.
 */
export function tlsServerFactory(identity: TlsIdentity): ServerFactory {
  const { certificate: cert, privateKey: key, clientAuthorities: ca } = identity;
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false };
  return (listener) => {
    const server = createTlsServer({ ...LIMITS, cert, key, ...clients }, listener);
    server.maxHeadersCount = MAX_HEADERS;
    return server;
  };
}

/** What is called for every event, without the router. */
export interface Shortcuts {
  readonly publish: PublishEntrance;
  readonly inbound: InboundEntrance;
}

/**
 * Sends `POST /v1/events` and `/in/…` straight to their entrances, everything else to the router.
 * Measured on one core: publishing takes about a third less time than through the router.
 */
export function withShortcuts(factory: ServerFactory, { publish, inbound }: Shortcuts) {
  return (router: RequestListener): Server =>
    factory((request: IncomingMessage, response: ServerResponse) => {
      const { url } = request;
      if (url === PUBLISH_PATH && request.method === 'POST') publish(request, response);
      else if (url?.startsWith(INBOUND_PREFIX) === true) inbound(request, response);
      else router(request, response);
    });
}

/** Answers what Node refuses before it is a request: broken, slow or with too many headers. */
export function refuseClient(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const json = problemJson(clientProblem(error.code));
  const body = JSON.stringify(json);
  const head = [
    `HTTP/1.1 ${json.status} ${json.title}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function clientProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Problem('request_timeout', 'The request did not arrive in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Problem('headers_too_large', 'The headers take more than 16 KiB.');
  }
  return new Problem('bad_request', 'The bytes are not an HTTP request.');
}
