/** Calls the API over HTTP and reads the reply. */

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty when the reply is no JSON object. */
  readonly json: Record<string, unknown>;
}

export interface CallOptions {
  /** A value to send as JSON. */
  readonly json?: unknown;
  /** Or bytes as they are. */
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `call('POST /v1/events', { json: … })` */
export type Call = (route: string, options?: CallOptions) => Promise<Reply>;

export function caller(url: string, who: { key?: string; tenant?: string }): Call {
  return async (route, options = {}) => {
    const [method = 'GET', path = '/'] = route.split(' ');
    const { json, body = json === undefined ? undefined : JSON.stringify(json) } = options;
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(who.key !== undefined && { authorization: `Bearer ${who.key}` }),
        ...(who.tenant !== undefined && { 'bellwire-tenant': who.tenant }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: objectOf(text) };
  };
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Empty on the last page. */
export function nextCursor(list: Readonly<Record<string, unknown>>): string {
  const { next_cursor: cursor } = list;
  return typeof cursor === 'string' ? cursor : '';
}
