/**
 * Redis Streams: one entry for each event, its body in the field `body` and a field for each
 * header. Taken is what `XADD` answered with an id; how durable that is follows from the server's
 * own settings (`appendfsync`, replicas). A try that is repeated adds another entry with the same
 * `bellwire-delivery-id`.
 *
 * `connection.ts` opens connections and adds entries, `failures.ts` says what error replies mean.
 * Batches, time limits and reconnecting are those of all brokers.
 */
import type { RedisDestination } from '../../domain/destination.ts';
import type { BrokerAdapter } from '../broker/adapter.ts';
import { connectRedis } from './connection.ts';

export const redis: BrokerAdapter<RedisDestination> = { kind: 'redis', connect: connectRedis };
