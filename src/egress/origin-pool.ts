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
  /** `maxConnections` counts those of its own group only. */
  readonly limitGroup: number;
  /** Whether the request was handed to a connection that is ready for it. */
  readonly isOnTheWire: boolean;
  /** Null until it has settled. */
  readonly result: object | null;
  /** When it settled, monotonic milliseconds. */
  readonly endedAt: number;
  /** Set by the pool while it lends one. */
  connection: Connection | null;
}

/** Requests that share one limit: they wait for each other, and nobody else waits for them. */
interface LimitGroup {
  busy: number;
  readonly waiting: Borrower[];
}

export interface OriginPoolOptions {
  /** Makes a client for this origin that is not connected yet. */
  readonly createClient: () => Client;
  readonly now: () => number;
  /** Oldest age at which a connection is used again. */
  readonly connectionMaxAgeMs: number;
  /** Of all groups together. */
  readonly maxConnections: number;
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
  readonly #groups = new Map<number, LimitGroup>();
  /** Those that wait for room in the pool and not for their own limit, longest first. */
  readonly #crowdedOut = new Set<LimitGroup>();
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

  /** Sends now, or when fewer than `maxConnections` of its group are busy. */
  start(exchange: Borrower): void {
    const group = this.#group(exchange.limitGroup);
    if (group.busy >= exchange.maxConnections) group.waiting.push(exchange);
    else if (this.#isFull) {
      group.waiting.push(exchange);
      this.#crowdedOut.add(group);
    } else this.#dispatch(exchange, group);
  }

  /** Takes the connection of a settled exchange back and starts who waits. */
  release(exchange: Borrower): void {
    const { connection } = exchange;
    // It settled while waiting; it is skipped when its turn comes.
    if (connection === null) return;
    exchange.connection = null;
    const group = this.#group(exchange.limitGroup);
    group.busy -= 1;
    this.#busy -= 1;
    this.#lastUsedAt = exchange.endedAt;
    connection.lastUsedAt = exchange.endedAt;
    const age = exchange.endedAt - connection.connectedAt;
    // Off the wire means the connection never became ready: give it up with all it is waiting for.
    if (!exchange.isOnTheWire || age > this.#options.connectionMaxAgeMs) this.#drop(connection);
    else this.#idle.push(connection);
    if (this.#crowdedOut.size === 0) {
      if (group.waiting.length > 0) this.#startWaiting(group);
      return;
    }
    // Whoever waits for any place at all comes before who has just had one.
    if (group.waiting.length > 0) this.#crowdedOut.add(group);
    for (const other of this.#crowdedOut) if (!this.#isFull) this.#startWaiting(other);
  }

  /** Closes connections unused since `before`. */
  trim(before: number): void {
    for (const [number, { busy, waiting }] of this.#groups) {
      if (busy === 0 && waiting.length === 0) this.#groups.delete(number);
    }
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
    this.#groups.clear();
    this.#crowdedOut.clear();
    await Promise.all(connections.map((connection) => connection.client.destroy()));
  }

  get #isFull(): boolean {
    return this.#busy >= this.#options.maxConnections;
  }

  #group(number: number): LimitGroup {
    let group = this.#groups.get(number);
    if (group === undefined) {
      group = { busy: 0, waiting: [] };
      this.#groups.set(number, group);
    }
    return group;
  }

  #startWaiting(group: LimitGroup): void {
    const { waiting } = group;
    this.#crowdedOut.delete(group);
    let next = waiting[0];
    while (next !== undefined) {
      if (next.result === null) {
        if (group.busy >= next.maxConnections) return;
        if (this.#isFull) {
          this.#crowdedOut.add(group);
          return;
        }
        this.#dispatch(next, group);
      }
      waiting.shift();
      next = waiting[0];
    }
  }

  #dispatch(exchange: Borrower, group: LimitGroup): void {
    const connection = this.#idle.pop() ?? this.#open();
    exchange.connection = connection;
    group.busy += 1;
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
