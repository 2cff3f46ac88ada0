/** All kinds of destinations that this server has. */
import {
  BrokerDestination,
  type BrokerOptions,
} from '../destinations/broker/broker-destination.ts';
import type { Destinations } from '../destinations/destination.ts';
import { nats } from '../destinations/nats/nats.ts';
import { rabbitmq } from '../destinations/rabbitmq/rabbitmq.ts';
import { redis } from '../destinations/redis/redis.ts';

/** Clients of brokers are loaded when the first message needs them. */
export function createDestinations(
  others: Pick<Required<Destinations>, 'webhook' | 'hydrate'>,
  options: BrokerOptions,
): Destinations {
  return {
    ...others,
    rabbitmq: new BrokerDestination(rabbitmq, options),
    nats: new BrokerDestination(nats, options),
    redis: new BrokerDestination(redis, options),
  };
}

/** Once nothing is attempted any more. */
export async function closeDestinations(destinations: Destinations): Promise<void> {
  for (const destination of Object.values(destinations)) await destination.close?.();
}
