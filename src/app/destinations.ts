/** All kinds of destinations that this server has. */
import {
  BrokerDestination,
  type BrokerOptions,
} from '../destinations/broker/broker-destination.ts';
import { InboxDestination } from '../destinations/inbox/inbox.ts';
import { kafka } from '../destinations/kafka/kafka.ts';
import type { Destinations } from '../destinations/destination.ts';
import { nats } from '../destinations/nats/nats.ts';
import { rabbitmq } from '../destinations/rabbitmq/rabbitmq.ts';
import { redis } from '../destinations/redis/redis.ts';
import { createSqsAdapter } from '../destinations/sqs/sqs.ts';
import type { Egress } from '../egress/port.ts';
import type { InboxStore } from '../storage/inbox.ts';

interface Options extends BrokerOptions {
  readonly egress: Egress;
  readonly inboxes: InboxStore;
}

/** Clients of brokers are loaded when the first message needs them. */
export function createDestinations(
  others: Pick<Required<Destinations>, 'webhook' | 'hydrate'>,
  options: Options,
): Destinations {
  return {
    ...others,
    rabbitmq: new BrokerDestination(rabbitmq, options),
    nats: new BrokerDestination(nats, options),
    redis: new BrokerDestination(redis, options),
    kafka: new BrokerDestination(kafka, options),
    sqs: new BrokerDestination(createSqsAdapter(options.egress), options),
    inbox: new InboxDestination(options),
  };
}

/** Once nothing is attempted any more. */
export async function closeDestinations(destinations: Destinations): Promise<void> {
  for (const destination of Object.values(destinations)) await destination.close?.();
}
