/** `app.post(path, receiver.hono())`. */
import type { FetchContext, FetchHandler } from './fetch.ts';

export interface HonoContext {
  readonly req: { readonly raw: Request };
  /** Throws outside of workers. */
  readonly executionCtx: FetchContext;
}

export type HonoHandler = (context: HonoContext) => Promise<Response>;

// `raw`, because Hono's own body methods rebuild the bytes from JSON that someone parsed before.
export function honoAdapter(fetch: FetchHandler): HonoHandler {
  return (context) => fetch(context.req.raw, workerContext(context));
}

function workerContext(context: HonoContext): FetchContext {
  try {
    return context.executionCtx;
  } catch {
    return {};
  }
}
