/** Web `Request` to `Response`: Bun, Deno, workers, and the base of Hono and Next. */
import type { BodyRead, Handle } from '../receiver/handle.ts';
import { joined } from './node-io.ts';

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
    const { status, headers, body } = await handle({ headers: request.headers, readBody });
    if (status === 200) context?.waitUntil?.(drain());
    return new Response(body, { status, headers: { ...headers } });
  };
}

async function readWebBody(request: Request, maxBytes: number): Promise<BodyRead> {
  if (request.bodyUsed) return { problem: 'body_already_parsed', detail: HINT };
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    return { problem: 'body_too_large' };
  }
  if (request.body === null) return new Uint8Array(0);
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks);
    total += value.length;
    if (total > maxBytes) {
      await reader.cancel();
      return { problem: 'body_too_large' };
    }
    chunks.push(value);
  }
}
