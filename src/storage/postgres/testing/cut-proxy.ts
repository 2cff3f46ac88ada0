/**
 * Stands between a store and its server and breaks the connection at the worst moments: when the
 * server has carried out a statement and the answer is on its way, or before it has even read it.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class CutProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  readonly #held: (() => void)[] = [];
  #holding = false;
  #answerDue: (() => void) | undefined;
  #answeredNobody: (() => void) | undefined;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#join(client));
  }

  static async start(url: string): Promise<CutProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CutProxy(server, new URL(url));
  }

  get url(): string {
    const url = new URL(this.#target);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** The next thing the server says gets lost together with all connections; resolves then. */
  loseNextAnswer(): Promise<void> {
    return new Promise((resolve) => {
      this.#answerDue = resolve;
    });
  }

  /** From now on nothing reaches the server; resolves when there is something to reach it. */
  holdRequests(): Promise<void> {
    this.#holding = true;
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /** To the store it looks as if the network had failed; the server notices nothing. */
  cut(): void {
    for (const { client } of this.#pairs) client.destroy();
  }

  /** New connections go through again. */
  pass(): void {
    this.#holding = false;
  }

  /** What was held reaches the server after all; resolves when it has answered nobody. */
  deliver(): Promise<void> {
    for (const send of this.#held.splice(0)) send();
    return new Promise((resolve) => {
      this.#answeredNobody = resolve;
    });
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const pair = { client, server };
    this.#pairs.add(pair);
    client.on('data', (bytes) => {
      if (!this.#holding) return void server.write(bytes);
      // The first of these is the one who waits for something to be held.
      if (this.#held.length === 1) this.#held.shift()?.();
      this.#held.push(() => server.write(bytes));
    });
    server.on('data', (bytes) => {
      if (client.destroyed) return this.#answeredNobody?.();
      const due = this.#answerDue;
      this.#answerDue = undefined;
      if (due === undefined) return void client.write(bytes);
      this.cut();
      due();
    });
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.on('end', () => server.end());
    server.on('close', () => {
      client.destroy();
      this.#pairs.delete(pair);
    });
  }
}
