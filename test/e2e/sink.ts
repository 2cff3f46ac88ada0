/** A receiver that never dies: remembers every arrival, so that losses and repeats show. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** All arrivals of one `webhook-id`. */
export interface Arrivals {
  /** When each came in whole, on the clock of `performance.now()`, milliseconds. */
  readonly times: number[];
  /** SHA-256 of the bodies; more than one entry means that the bytes changed. */
  readonly bodies: Set<string>;
  /** Of the first arrival. */
  readonly body: Buffer;
}

interface Options {
  /** What a receiver does before it answers takes time, and keeps attempts in flight. */
  readonly answerAfterMs: number;
  /** Ports to listen on: to a sender each is a receiver of its own. Default 1. */
  readonly ports?: number;
}

export class Sink {
  readonly byId = new Map<string, Arrivals>();
  /** One for each port. */
  readonly urls: readonly string[];
  /** May change while it runs. */
  answerAfterMs: number;
  readonly #servers: readonly Server[];
  #waiting: { readonly ids: number; readonly resolve: () => void } | undefined;

  private constructor(servers: readonly Server[], urls: readonly string[], answerAfterMs: number) {
    this.#servers = servers;
    this.urls = urls;
    this.answerAfterMs = answerAfterMs;
  }

  static async start({ answerAfterMs, ports = 1 }: Options): Promise<Sink> {
    const servers = Array.from({ length: ports }, () => createServer());
    const sink = new Sink(servers, await Promise.all(servers.map(listen)), answerAfterMs);
    for (const server of servers) {
      server.on('request', (request, response) => {
        // A request that a kill cut off has not arrived.
        buffer(request).then(
          (body) => {
            sink.#arrived(String(request.headers['webhook-id']), body);
            setTimeout(() => response.end(), sink.answerAfterMs);
          },
          () => request.destroy(),
        );
      });
    }
    return sink;
  }

  get url(): string {
    return this.urls[0] ?? '';
  }

  /** Resolves once that many different ids have arrived. @throws Error at the deadline. */
  async waitForIds(ids: number, deadlineMs: number): Promise<void> {
    if (this.byId.size >= ids) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = setTimeout(
      () => reject(new Error(`only ${this.byId.size} of ${ids} arrived in ${deadlineMs} ms`)),
      deadlineMs,
    );
    this.#waiting = { ids, resolve };
    await promise.finally(() => clearTimeout(deadline));
  }

  /** Ids that came more than once. */
  repeated(): [id: string, Arrivals][] {
    return [...this.byId].filter(([, { times }]) => times.length > 1);
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  }

  #arrived(id: string, body: Buffer): void {
    let arrivals = this.byId.get(id);
    if (arrivals === undefined) {
      arrivals = { times: [], bodies: new Set(), body };
      this.byId.set(id, arrivals);
    }
    arrivals.times.push(performance.now());
    arrivals.bodies.add(createHash('sha256').update(body).digest('base64'));
    if (this.#waiting !== undefined && this.byId.size >= this.#waiting.ids) this.#waiting.resolve();
  }
}

/** On any free port; gives its URL. */
async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no TCP port');
  return `http://127.0.0.1:${address.port}/`;
}
