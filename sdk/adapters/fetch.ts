/** Web `Request` to `Response`: Bun, Deno, workers, and the base of Hono and Next. */
import type { BodyRead, Handle } from '../receiver/handle.ts';
import { readWebStream } from './web-stream.ts';

export interface FetchContext {
  /** Keeps a worker alive after the answer, as Cloudflare's execution context does. */
  waitUntil?(work: Promise<unknown>): void;
}

export type FetchHandler = (request: Request, context?: FetchContext) => Promise<Response>;

const HINT =
  'The raw body is gone: something read the request first. Give the receiver the request ' +
  'untouched; a signature covers the exact bytes, so a parsed body can not be verified.';

export function fetchAdapter(handle: Handle, drain: () => Promise<void>): FetchHandler {
  return async (request, context) => {
    const readBody = (maxBytes: number) => readWebBody(request, maxBytes);
    const { headers: names, method, url } = request;
    const { status, headers, body } = await handle({ headers: names, method, url, readBody });
    if (status < 300) context?.waitUntil?.(drain());
    // A 204 may not even have an empty body.
    return new Response(body === '' ? null : body, { status, headers: { ...headers } });
  };
}

async function readWebBody(request: Request, maxBytes: number): Promise<BodyRead> {
  if (request.bodyUsed) return { problem: 'body_already_parsed', detail: HINT };
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    return { problem: 'body_too_large' };
  }
  return (await readWebStream(request.body, maxBytes)) ?? { problem: 'body_too_large' };
}
