/** Remembers ids in the caller's Redis: shared by processes and machines. */
import type { Claim, Dedupe } from '../dedupe.ts';
import { shortId } from '../short-id.ts';
import { Leases, leaseTimes } from './lease.ts';
import type { LeaseOptions } from './lease.ts';

const DEFAULT_KEY_PREFIX = 'bellwire:dedupe:';
/** In the place of a claim's token: the event is in the queue. */
const TAKEN = 'taken';
/** Deletes the key if it still holds this claim. */
const RELEASE_SCRIPT =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** One command and its arguments, to whatever answers it. */
export type RedisSend = (command: readonly [string, ...string[]]) => Promise<unknown>;

/**
 * node-redis (`sendCommand`), ioredis (`call`, of a cluster too), or a function for anything else,
 * such as `(command) => cluster.sendCommand(command[1], false, [...command])`.
 */
export type RedisClient =
  | { call(command: string, ...values: string[]): Promise<unknown> }
  | { sendCommand(command: string[]): Promise<unknown> }
  | RedisSend;

export interface RedisDedupeOptions extends LeaseOptions {
  /** Default `bellwire:dedupe:`. */
  readonly keyPrefix?: string;
}

/**
 * Let the client fail rather than wait while Redis is away (node-redis:
 * `disableOfflineQueue: true`, ioredis: `enableOfflineQueue: false`): the sender is told 503 at
 * once. Ids are as safe as Redis keeps them: without `appendfsync always` a crash of Redis may
 * forget the newest.
 * @throws TypeError for options that make no sense.
 */
export function redisDedupe(client: RedisClient, options: RedisDedupeOptions = {}): Dedupe {
  const { leaseMs, ttlMs } = leaseTimes(options);
  const prefix = options.keyPrefix ?? DEFAULT_KEY_PREFIX;
  const send = sendOf(client);
  const leases = new Leases();
  const redisKey = async (id: string) => prefix + (await shortId(id));

  async function claim(id: string): Promise<Claim> {
    const key = await redisKey(id);
    const token = leases.newToken();
    if ((await send(['SET', key, token, 'NX', 'PX', String(leaseMs)])) !== null) {
      leases.hold(key, token);
      return 'new';
    }
    const holder = await send(['GET', key]);
    return String(holder) === TAKEN ? 'duplicate' : 'pending';
  }

  return {
    claim,
    async confirm(id) {
      const key = await redisKey(id);
      leases.end(key);
      await send(['SET', key, TAKEN, 'PX', String(ttlMs)]);
    },
    async release(id) {
      const key = await redisKey(id);
      const token = leases.end(key);
      if (token !== undefined) await send(['EVAL', RELEASE_SCRIPT, '1', key, token]);
    },
  };
}

function sendOf(client: RedisClient): RedisSend {
  if (typeof client === 'function') return client;
  // ioredis first: it has a `sendCommand` too, which takes something else.
  if ('call' in client) return ([name, ...values]) => client.call(name, ...values);
  return (command) => client.sendCommand([...command]);
}
