/** Opens the dedupe stores as their users do, by name, so that other processes can do so too. */
import type { Dedupe } from '../receiver/dedupe.ts';
import type { LeaseOptions } from '../receiver/dedupe/lease.ts';
import { postgresDedupe } from '../receiver/dedupe/postgres.ts';
import { redisDedupe } from '../receiver/dedupe/redis.ts';
import { sqliteDedupe } from '../receiver/dedupe/sqlite.ts';
import { POSTGRES_URL, REDIS_URL } from './services.ts';

export type StoreName = 'sqlite' | 'node-redis' | 'ioredis' | 'postgres';

export interface OpenedStore {
  readonly dedupe: Dedupe;
  readonly close: () => Promise<void>;
}

/** @param where The file, the prefix of the keys, or the table. */
export type OpenStore = (where: string, options?: LeaseOptions) => Promise<OpenedStore>;

export const OPEN_STORE: Readonly<Record<StoreName, OpenStore>> = {
  async sqlite(where, options) {
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(where, { timeout: 10_000 });
    return { dedupe: sqliteDedupe(database, options), close: async () => database.close() };
  },

  async 'node-redis'(where, options) {
    const { createClient } = await import('redis');
    const client = createClient({ url: REDIS_URL });
    await client.connect();
    const dedupe = redisDedupe(client, { ...options, keyPrefix: where });
    return { dedupe, close: () => client.close() };
  },

  async ioredis(where, options) {
    const { Redis } = await import('ioredis');
    const client = new Redis(REDIS_URL);
    const dedupe = redisDedupe(client, { ...options, keyPrefix: where });
    return { dedupe, close: async () => client.disconnect() };
  },

  async postgres(where, options) {
    const { Pool } = await import('pg');
    const pool = new Pool({ connectionString: POSTGRES_URL, max: 4 });
    return { dedupe: postgresDedupe(pool, { ...options, table: where }), close: () => pool.end() };
  },
};
