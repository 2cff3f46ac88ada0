import type { Client, Dispatcher } from 'undici';

/** One undici client is one connection; it connects on its first request and again as needed. */
export interface Connection {
  readonly client: Client;
  /** When its present socket was connected, monotonic milliseconds. */
  connectedAt: number;
  lastUsedAt: number;
}

/** Who is lent a connection: an exchange, as far as the pool needs to know it. */
export interface Borrower extends Dispatcher.DispatchHandler {
  readonly dispatchOptions: Dispatcher.DispatchOptions;
  readonly maxConnections: number;
  /** Whether the request was handed to a connection that is ready for it. */
  readonly isOnTheWire: boolean;
  /** Null until it has settled. */
  readonly result: object | null;
  /** When it settled, monotonic milliseconds. */
  readonly endedAt: number;
  /** Set by the pool while it lends one. */
  connection: Connection | null;
}

export interface OriginPoolOptions {
  /** Makes a client for this origin that is not connected yet. */
  readonly createClient: () => Client;
  readonly now: () => number;
  /** Oldest age at which a connection is used again. */
  readonly connectionMaxAgeMs: number;
}

/**
 * The connections to one origin for one tenant. undici's own Pool is not used because its size is
 * fixed at creation, its queue allocates, and it can't drop a connection that is still being made.
 */
export class OriginPool {
  readonly #options: OriginPoolOptions;
  readonly #connections = new Set<Connection>();
  #busy = 0;
  /** The one used last is used next, so that surplus connections fall idle and close. */
  #idle: Connection[] = [];
  #waiting: Borrower[] = [];
  #lastUsedAt: number;

  constructor(options: OriginPoolOptions) {
    this.#options = options;
    this.#lastUsedAt = options.now();
  }

  get isInUse(): boolean {
    return this.#busy > 0;
  }

  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  /** Sends now, or when fewer than the exchange's `maxConnections` are busy. */
  start(exchange: Borrower): void {
    if (this.#busy < exchange.maxConnections) this.#dispatch(exchange);
    else this.#waiting.push(exchange);
  }

  /** Takes the connection of a settled exchange back and starts who waits. */
  release(exchange: Borrower): void {
    const { connection } = exchange;
    // It settled while waiting; it is skipped when its turn comes.
    if (connection === null) return;
    exchange.connection = null;
    this.#busy -= 1;
    this.#lastUsedAt = exchange.endedAt;
    connection.lastUsedAt = exchange.endedAt;
    const age = exchange.endedAt - connection.connectedAt;
    // Off the wire means the connection never became ready: give it up with all it is waiting for.
    if (!exchange.isOnTheWire || age > this.#options.connectionMaxAgeMs) this.#drop(connection);
    else this.#idle.push(connection);
    this.#startWaiting();
  }

  /** Closes connections unused since `before`. */
  trim(before: number): void {
    const stale = this.#idle.filter((connection) => connection.lastUsedAt < before);
    if (stale.length === 0) return;
    this.#idle = this.#idle.filter((connection) => connection.lastUsedAt >= before);
    for (const connection of stale) this.#drop(connection);
  }

  /** Closes all connections, busy ones too. */
  async destroy(): Promise<void> {
    const connections = [...this.#connections];
    this.#connections.clear();
    this.#idle = [];
    this.#waiting = [];
    await Promise.all(connections.map((connection) => connection.client.destroy()));
  }

  #startWaiting(): void {
    let next = this.#waiting[0];
    while (next !== undefined) {
      if (next.result === null) {
        if (this.#busy >= next.maxConnections) return;
        this.#dispatch(next);
      }
      this.#waiting.shift();
      next = this.#waiting[0];
    }
  }

  #dispatch(exchange: Borrower): void {
    const connection = this.#idle.pop() ?? this.#open();
    exchange.connection = connection;
    this.#busy += 1;
    connection.client.dispatch(exchange.dispatchOptions, exchange);
  }

  #open(): Connection {
    const client = this.#options.createClient();
    const now = this.#options.now();
    const connection: Connection = { client, connectedAt: now, lastUsedAt: now };
    client.on('connect', () => {
      connection.connectedAt = this.#options.now();
    });
    this.#connections.add(connection);
    return connection;
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    connection.client.destroy(ignore);
  }
}

function ignore(): void {
  // Nothing waits for a dropped connection to be gone.
}
