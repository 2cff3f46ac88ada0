/** Bare calls of the API, for what the typed client would hide: wrong bodies, statuses, bytes. */
import type { TestContext } from 'node:test';
import { startBellwire } from '../support/bellwire.ts';
import type { BellwireOptions, RunningBellwire } from '../support/bellwire.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** On top of the admin key and `content-type: application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** POST when there is a body, else GET. */
export async function call(
  server: Pick<RunningBellwire, 'url' | 'adminKey'>,
  path: string,
  { body, method = body === undefined ? 'GET' : 'POST', headers = {} }: Call = {},
): Promise<Reply> {
  const response = await fetch(server.url + path, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${server.adminKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

/** The body of an answer as the object it must be. @throws Error quoting a body that is none. */
export function objectIn({ text }: Pick<Reply, 'text'>): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below.
  }
  throw new Error(`not a JSON object: ${text.slice(0, 1_000)}`);
}

/** A server that ends with the test, whatever becomes of it. */
export async function serverFor(
  t: TestContext,
  options?: BellwireOptions,
): Promise<RunningBellwire> {
  const server = await startBellwire(options);
  t.after(() => server.stop());
  return server;
}
