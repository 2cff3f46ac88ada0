/** `app.post(path, receiver.express())`, for Express 4 and 5. */
import type { BodyRead, Handle } from '../receiver/handle.ts';
import { declaredLength, readStream, wasRead, wholeUrl, writeReply } from './node-io.ts';
import type { NodeRequest, NodeResponse } from './node-io.ts';

export interface ExpressRequest extends NodeRequest {
  /** What a body parser made; Express 4 sets an empty object even when none read anything. */
  readonly body?: unknown;
  /** Path and query, also where a router has cut off a part. */
  readonly originalUrl?: string;
  /** With `trust proxy`, what the proxy says. */
  readonly protocol?: string;
  /** Some hosting platforms keep the bytes here. */
  readonly rawBody?: unknown;
}

export type ExpressHandler = (request: ExpressRequest, response: NodeResponse) => void;

const HINT =
  'The raw body is gone: a body parser such as express.json() ran before receiver.express(). ' +
  'Mount the receiver above it, or put express.raw({ type: "*/*", limit: "1mb" }) on this route; ' +
  'a signature covers the exact bytes, so a parsed body can not be verified.';

export function expressAdapter(handle: Handle): ExpressHandler {
  return (request, response) => {
    const readBody = (maxBytes: number) => readExpressBody(request, maxBytes);
    const { headers, method, protocol, originalUrl = request.url } = request;
    const url = wholeUrl({ headers, socket: request.socket, url: originalUrl }, protocol);
    void handle({ headers, method, url, readBody }).then((reply) => writeReply(response, reply));
  };
}

async function readExpressBody(request: ExpressRequest, maxBytes: number): Promise<BodyRead> {
  for (const bytes of [request.body, request.rawBody]) {
    if (!(bytes instanceof Uint8Array)) continue;
    return bytes.length > maxBytes ? { problem: 'body_too_large' } : bytes;
  }
  if (wasRead(request)) return { problem: 'body_already_parsed', detail: HINT };
  return readStream(request, declaredLength(request.headers), maxBytes);
}
