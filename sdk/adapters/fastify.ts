/**
 * `app.post(path, receiver.fastify())`: route options, not a bare handler, because Fastify parses
 * the body before the handler. The work is done in `preParsing`, so that whatever parsers the
 * application has, and whatever content type is sent, the bytes are the ones on the wire.
 */
import type { BodyRead, Handle } from '../receiver/handle.ts';
import { declaredLength, readStream, wasRead, wholeUrl } from './node-io.ts';
import type { ByteStream, NodeRequest } from './node-io.ts';

interface Request {
  readonly headers: NodeRequest['headers'];
  readonly raw: NodeRequest;
  readonly method?: string;
  /** Path and query, also where a plugin has cut off a part. */
  readonly originalUrl?: string;
  /** With `trustProxy`, what the proxy says. */
  readonly protocol?: string;
  readonly body?: unknown;
}

interface FastifyReplyLike {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(text: string): unknown;
}

export interface FastifyRoute {
  readonly preParsing: (
    request: Request,
    reply: FastifyReplyLike,
    payload: ByteStream,
  ) => Promise<unknown>;
  /** Answers only where it is mounted alone, without the options around it. */
  readonly handler: (request: Request, reply: FastifyReplyLike) => Promise<unknown>;
}

const HINT =
  'The raw body is gone: Fastify parsed it. Mount the receiver as ' +
  'app.post(path, receiver.fastify()), with the whole object; a signature covers the exact ' +
  'bytes, so a parsed body can not be verified.';

export function fastifyAdapter(handle: Handle): FastifyRoute {
  async function answer(
    request: Request,
    reply: FastifyReplyLike,
    readBody: (maxBytes: number) => Promise<BodyRead>,
  ): Promise<unknown> {
    const { headers: names, method, protocol, originalUrl = request.raw.url } = request;
    const url = wholeUrl(
      { headers: names, socket: request.raw.socket, url: originalUrl },
      protocol,
    );
    const incoming = { headers: names, method, url, readBody };
    const { status, headers, body } = await handle(incoming);
    reply.code(status);
    reply.headers({ ...headers });
    reply.send(body);
    // A hook that returns the reply after sending tells Fastify to stop there.
    return reply;
  }

  return {
    preParsing: (request, reply, payload) =>
      answer(request, reply, async (maxBytes) =>
        // Another hook may have put its own stream in front; that one is unread then.
        payload === request.raw && wasRead(request.raw)
          ? { problem: 'body_already_parsed', detail: HINT }
          : readStream(payload, declaredLength(request.headers), maxBytes),
      ),
    handler: (request, reply) =>
      answer(request, reply, async (maxBytes) => {
        const { body } = request;
        if (!(body instanceof Uint8Array)) return { problem: 'body_already_parsed', detail: HINT };
        return body.length > maxBytes ? { problem: 'body_too_large' } : body;
      }),
  };
}
