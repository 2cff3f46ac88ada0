/** A webhook receiver under a test's control: a real HTTP server on a free loopback port. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';

const DEFAULT_DEADLINE_MS = 5_000;

export interface ReceivedRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The bytes as they came. */
  readonly body: Buffer;
}

export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The Retry-After header: seconds, or an HTTP date. */
  readonly retryAfter?: number | string;
  /** How long after the whole request has arrived the answer begins. */
  readonly delayMs?: number;
}

/** `hang` never answers; `reset` breaks the connection with a TCP RST once the request is in. */
export type Reaction = Answer | 'hang' | 'reset';

export type Condition = number | ((requests: readonly ReceivedRequest[]) => boolean);

interface Waiter {
  readonly met: () => boolean;
  readonly resolve: () => void;
}

export class FakeReceiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #requests: ReceivedRequest[] = [];
  readonly #scripts = new Map<string, Reaction[]>();
  readonly #waiters = new Set<Waiter>();
  readonly #delays = new Set<NodeJS.Timeout>();
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on('request', (request, response) => {
      // A client that goes away in the middle of its request has sent none.
      this.#receive(request, response).catch(() => request.destroy());
    });
  }

  static async start(): Promise<FakeReceiver> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no TCP port');
    return new FakeReceiver(server, address.port);
  }

  /** All requests that have arrived whole, in that order. */
  get requests(): readonly ReceivedRequest[] {
    return this.#requests;
  }

  /**
   * What the path (without query) does from now on: each reaction once, the last one for ever.
   * A path without a script answers 200.
   */
  script(path: string, ...reactions: readonly [Reaction, ...Reaction[]]): void {
    this.#scripts.set(path, [...reactions]);
  }

  /**
   * Resolves with all requests once there are that many, or once the condition holds for them.
   * @throws Error, naming what did arrive, when the deadline passes first (default 5 s).
   */
  async waitFor(
    condition: Condition,
    options: { readonly deadlineMs?: number } = {},
  ): Promise<readonly ReceivedRequest[]> {
    const met = (): boolean =>
      typeof condition === 'number'
        ? this.#requests.length >= condition
        : condition(this.#requests);
    if (met()) return this.#requests;
    const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { met, resolve };
    const deadline = setTimeout(() => reject(this.#missed(condition, deadlineMs)), deadlineMs);
    this.#waiters.add(waiter);
    try {
      await promise;
      return this.#requests;
    } finally {
      clearTimeout(deadline);
      this.#waiters.delete(waiter);
    }
  }

  #missed(condition: Condition, deadlineMs: number): Error {
    const wanted = typeof condition === 'number' ? `${condition} requests` : 'the condition';
    const arrived = this.#requests.map(({ method, path }) => `${method} ${path}`).join(', ');
    const count = this.#requests.length;
    return new Error(
      `waited ${deadlineMs} ms for ${wanted}; ${count} arrived: ${arrived || 'none'}`,
    );
  }

  /** Breaks every connection, hanging ones included, and frees the port. Idempotent. */
  async close(): Promise<void> {
    for (const delay of this.#delays) clearTimeout(delay);
    this.#delays.clear();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = '', url: path = '', headers } = request;
    this.#requests.push({ method, path, headers, body });
    for (const waiter of this.#waiters) if (waiter.met()) waiter.resolve();
    this.#react(this.#nextReaction(path), request, response);
  }

  #nextReaction(path: string): Reaction {
    const script = this.#scripts.get(path.split('?', 1)[0] ?? path) ?? [];
    return (script.length > 1 ? script.shift() : script[0]) ?? {};
  }

  #react(reaction: Reaction, request: IncomingMessage, response: ServerResponse): void {
    if (reaction === 'hang') return;
    if (reaction === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (reaction.delayMs === undefined) {
      answer(reaction, response);
      return;
    }
    const delay = setTimeout(() => {
      this.#delays.delete(delay);
      answer(reaction, response);
    }, reaction.delayMs);
    this.#delays.add(delay);
  }
}

function answer(reaction: Answer, response: ServerResponse): void {
  response.statusCode = reaction.status ?? 200;
  for (const [name, value] of Object.entries(reaction.headers ?? {})) {
    response.setHeader(name, value);
  }
  if (reaction.retryAfter !== undefined) {
    response.setHeader('retry-after', String(reaction.retryAfter));
  }
  response.end(reaction.body);
}
