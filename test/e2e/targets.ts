/** Fifty receivers in this process, five of which behave as badly as receivers do. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type Behaviour = 'hang' | 'error' | 'reset' | 'throttle' | 'gone' | 'healthy';

export const RETRY_AFTER_SECONDS = 2;

export interface Arrival {
  readonly id: string;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly at: number;
  readonly number: number;
}

/** One of so many signatures is checked, for the test has a processor to share with the server. */
const CHECK_EVERY = 10;

export class Target {
  readonly behaviour: Behaviour;
  readonly secret: string;
  readonly arrivals: Arrival[] = [];
  url = '';
  /** Requests that are being held open. */
  held = 0;
  signaturesChecked = 0;
  wrongSignatures = 0;
  readonly #server = createServer((request, response) => {
    buffer(request).then(
      (body) => this.#receive(request, response, body),
      () => request.destroy(),
    );
  });
  readonly #onArrival: () => void;

  constructor(behaviour: Behaviour, name: string, onArrival: () => void) {
    this.behaviour = behaviour;
    this.secret = `the secret of target ${name}`;
    this.#onArrival = onArrival;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no TCP port');
    this.url = `http://127.0.0.1:${address.port}/webhooks`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #receive(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    if (this.arrivals.length % CHECK_EVERY === 0) this.#checkSignature(request, body);
    const number = Number(/"number":(\d+)/.exec(body.toString())?.[1]);
    const id = String(request.headers['webhook-id']);
    this.arrivals.push({ id, number, at: performance.now() });
    this.#answer(request, response);
    this.#onArrival();
  }

  #checkSignature(request: IncomingMessage, body: Buffer): void {
    const expected = createHmac('sha256', this.secret).update(body).digest('hex');
    this.signaturesChecked += 1;
    if (request.headers['x-agent-signature'] !== expected) this.wrongSignatures += 1;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    switch (this.behaviour) {
      case 'hang':
        this.held += 1;
        response.once('close', () => (this.held -= 1));
        return;
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'error':
        response.writeHead(500).end('{"error":"the database is down"}');
        return;
      case 'throttle':
        response.writeHead(429, { 'retry-after': String(RETRY_AFTER_SECONDS) }).end();
        return;
      case 'gone':
        response.writeHead(410).end();
        return;
      case 'healthy':
        response.end();
    }
  }
}
