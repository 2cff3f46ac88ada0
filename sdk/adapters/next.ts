/** `export const POST = receiver.next()` in the `route.ts` of an App Router folder. */
import type { FetchHandler } from './fetch.ts';

export type NextRouteHandler = (request: Request) => Promise<Response>;

/** Next's second argument holds route parameters, which must not pass for a worker's context. */
export function nextAdapter(fetch: FetchHandler): NextRouteHandler {
  return (request) => fetch(request);
}
