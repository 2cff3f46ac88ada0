/** A TCP proxy for tests that cuts, stalls and refuses connections on demand. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Connections that were let through so far. */
  readonly accepted: number;
  /** Resolves when no connection is open. */
  drained(): Promise<void>;
  /** Breaks all connections; new ones are let through. */
  cut(): void;
  /** Breaks all connections and refuses new ones until `heal`. */
  refuse(): Promise<void>;
  /** Lets connections stand and passes nothing on until `heal`. */
  stall(): void;
  heal(): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly inner: Socket;
  readonly outer: Socket;
}

/** Listens on a loopback port of its own and leads to `to`. */
export async function startTcpProxy(to: { host?: string; port: number }): Promise<TcpProxy> {
  const proxy = new Proxy(to.host ?? '127.0.0.1', to.port);
  await proxy.listen();
  return proxy;
}

class Proxy implements TcpProxy {
  readonly #host: string;
  readonly #to: number;
  readonly #pairs = new Set<Pair>();
  #server: Server | null = null;
  #port = 0;
  #isStalled = false;
  accepted = 0;
  #waiting: (() => void)[] = [];

  constructor(host: string, to: number) {
    this.#host = host;
    this.#to = to;
  }

  get port(): number {
    return this.#port;
  }

  drained(): Promise<void> {
    if (this.#pairs.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async listen(): Promise<void> {
    const server = createServer((outer) => this.#accept(outer));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
    const address = server.address();
    this.#port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  cut(): void {
    for (const { inner, outer } of this.#pairs) {
      inner.destroy();
      outer.destroy();
    }
    this.#pairs.clear();
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise<void>((resolve) => {
      if (server === null) resolve();
      else server.close(() => resolve());
    });
    this.cut();
    await closed;
  }

  stall(): void {
    this.#isStalled = true;
    for (const pair of this.#pairs) hold(pair);
  }

  async heal(): Promise<void> {
    this.#isStalled = false;
    for (const { inner, outer } of this.#pairs) {
      inner.resume();
      outer.resume();
    }
    if (this.#server === null) await this.listen();
  }

  close(): Promise<void> {
    return this.refuse();
  }

  #accept(outer: Socket): void {
    this.accepted += 1;
    const inner = connect({ host: this.#host, port: this.#to, noDelay: true });
    const pair = { inner, outer };
    this.#pairs.add(pair);
    const end = () => {
      inner.destroy();
      outer.destroy();
      this.#pairs.delete(pair);
      if (this.#pairs.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
    for (const [from, into] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('error', end);
      from.on('close', end);
      from.on('data', (chunk: Buffer) => into.write(chunk));
    }
    outer.setNoDelay(true);
    if (this.#isStalled) hold(pair);
  }
}

function hold({ inner, outer }: Pair): void {
  inner.pause();
  outer.pause();
}
