/** A bank with many accounts behind one quota, as banks have it: who asks too often gets 429. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface BankOptions {
  readonly accounts: number;
  readonly apiKey: string;
  /** Requests in any window of `perSeconds`. */
  readonly requests: number;
  readonly perSeconds: number;
}

export class Bank implements AsyncDisposable {
  url = '';
  /** What it answered so far, by status. */
  readonly answered = new Map<number, number>();
  /** The most requests that any window of the quota has seen. */
  busiest = 0;
  readonly #options: BankOptions;
  readonly #balances: number[];
  /** When it was asked within the last window, milliseconds. */
  readonly #recent: number[] = [];
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(options: BankOptions) {
    this.#options = options;
    this.#balances = Array.from({ length: options.accounts }, () => 500_000);
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The bank has no port');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  /** Won. */
  deposit(account: number, amount: number): void {
    this.#balances[account] = (this.#balances[account] ?? 0) + amount;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { status, headers = {}, body = '' } = this.#judge(request);
    this.answered.set(status, (this.answered.get(status) ?? 0) + 1);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }

  #judge(request: IncomingMessage): {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  } {
    if (request.headers.authorization !== `Bearer ${this.#options.apiKey}`) return { status: 401 };
    if (this.#isTooMuch(performance.now())) return { status: 429, headers: { 'retry-after': '1' } };
    const account = /^\/accounts\/(\d+)\/balance$/.exec(request.url ?? '')?.[1];
    const balance = this.#balances[Number(account)];
    if (balance === undefined) return { status: 404 };
    const etag = `"${balance}"`;
    if (request.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
    const body = JSON.stringify({ account, balance: { amount: balance, currency: 'KRW' } });
    return { status: 200, headers: { etag }, body };
  }

  #isTooMuch(now: number): boolean {
    const { requests, perSeconds } = this.#options;
    this.#recent.push(now);
    while ((this.#recent[0] ?? now) <= now - perSeconds * 1000) this.#recent.shift();
    this.busiest = Math.max(this.busiest, this.#recent.length);
    return this.#recent.length > requests;
  }
}
