import { randomUUID } from 'node:crypto';
import { dedupeContract } from '../../contract/dedupe-contract.ts';
import { OPEN_STORE } from '../../contract/dedupe-stores.ts';
import type { OpenedStore } from '../../contract/dedupe-stores.ts';
import { missing, REDIS_URL } from '../../contract/services.ts';
import { createClient } from 'redis';

const skip = await missing('Redis', 6379);

for (const store of ['node-redis', 'ioredis'] as const) {
  dedupeContract({
    name: store,
    skip,
    outlivesProcess: true,
    async place() {
      const where = `bellwire-test:${randomUUID()}:`;
      const opened: OpenedStore[] = [];
      const own = createClient({ url: REDIS_URL });
      await own.connect();
      return {
        async open(options) {
          const connection = await OPEN_STORE[store](where, options);
          opened.push(connection);
          return connection.dedupe;
        },
        // Redis answers a pop from a list that is not there once the time is over.
        async lapse(ms) {
          await own.blPop(`${where}nothing`, ms / 1000);
        },
        async close() {
          for (const { close } of opened) await close();
          const keys = await own.keys(`${where}*`);
          if (keys.length > 0) await own.del(keys);
          await own.close();
        },
        shared: { store, where },
      };
    },
  });
}
