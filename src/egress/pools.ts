import { Client } from 'undici';
import type { buildConnector } from 'undici';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Connectors } from './connector.ts';
import {
  CONNECTION_MAX_AGE_MS,
  KEEP_ALIVE_MAX_MS,
  KEEP_ALIVE_MS,
  MAX_POOL_CONNECTIONS,
  MAX_POOLS,
  MAX_RESPONSE_HEAD_BYTES,
  POOL_IDLE_MS,
  POOL_SWEEP_MS,
} from './limits.ts';
import { OriginPool } from './origin-pool.ts';
import type { ClientIdentity } from './port.ts';
import type { Target } from './targets.ts';

/** The limits of pooling that can be set; see limits.ts. */
export interface PoolLimits {
  readonly maxPools?: number | undefined;
  readonly maxPoolConnections?: number | undefined;
  readonly poolIdleMs?: number | undefined;
  readonly connectionMaxAgeMs?: number | undefined;
}

/** Part of the pools closed at once when there are too many, so that making room stays cheap. */
const EVICTED_PART = 1 / 16;

/** All pools, one for each scope (tenant), origin and client identity. */
export class Pools {
  readonly #clock: Clock;
  readonly #connectors: Connectors;
  readonly #maxPools: number;
  readonly #maxConnections: number;
  readonly #idleMs: number;
  readonly #connectionMaxAgeMs: number;
  readonly #pools = new Map<string, OriginPool>();
  #sweep: Timer | null = null;

  constructor(clock: Clock, connectors: Connectors, limits: PoolLimits) {
    this.#clock = clock;
    this.#connectors = connectors;
    this.#maxPools = limits.maxPools ?? MAX_POOLS;
    this.#maxConnections = limits.maxPoolConnections ?? MAX_POOL_CONNECTIONS;
    this.#idleMs = limits.poolIdleMs ?? POOL_IDLE_MS;
    this.#connectionMaxAgeMs = limits.connectionMaxAgeMs ?? CONNECTION_MAX_AGE_MS;
  }

  /** The pool of a tenant for a target, made when there is none. */
  get(target: Target, scope: string, identity: ClientIdentity | null): OriginPool {
    const shared = target.poolKey(scope);
    const key = identity === null ? shared : `${shared} ${identity.id}`;
    return this.#pools.get(key) ?? this.#add(key, target.origin, identity);
  }

  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = null;
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #add(key: string, origin: string, identity: ClientIdentity | null): OriginPool {
    if (this.#pools.size >= this.#maxPools) this.#evict();
    const connect = this.#connectors(identity);
    const pool = new OriginPool({
      createClient: () => createClient(origin, connect),
      now: () => this.#clock.monotonic(),
      connectionMaxAgeMs: this.#connectionMaxAgeMs,
      maxConnections: this.#maxConnections,
    });
    this.#pools.set(key, pool);
    this.#sweep ??= this.#scheduleSweep();
    return pool;
  }

  /** Closes the longest unused pools. One with a request under way stays, even over the limit. */
  #evict(): void {
    const unused = [...this.#pools].filter(([, pool]) => !pool.isInUse);
    unused.sort(([, a], [, b]) => a.lastUsedAt - b.lastUsedAt);
    const count = Math.max(1, Math.floor(this.#maxPools * EVICTED_PART));
    for (const [key, pool] of unused.slice(0, count)) this.#remove(key, pool);
  }

  #scheduleSweep(): Timer {
    const delayMs = Math.min(POOL_SWEEP_MS, this.#idleMs);
    return this.#clock.setTimer(delayMs, () => {
      const before = this.#clock.monotonic() - this.#idleMs;
      for (const [key, pool] of this.#pools) {
        pool.trim(before);
        if (!pool.isInUse && pool.lastUsedAt < before) this.#remove(key, pool);
      }
      this.#sweep = this.#pools.size > 0 ? this.#scheduleSweep() : null;
    });
  }

  #remove(key: string, pool: OriginPool): void {
    this.#pools.delete(key);
    void pool.destroy();
  }
}

function createClient(origin: string, connect: buildConnector.connector): Client {
  return new Client(origin, {
    connect,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
    // Deadlines are total and ours; these two would only bound the time between bytes.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
