/** A destination as readers see it. What opens a broker's door never comes here. */
import type { z } from 'zod';
import type { SubscriptionSettings } from '../../domain/subscription.ts';
import type { destinationOutput } from './destination-schema.ts';

type Output = z.output<typeof destinationOutput>;

export function destinationJson({
  destination,
  credentials,
}: Pick<SubscriptionSettings, 'destination' | 'credentials'>): Output {
  const has_credentials = credentials !== null;
  switch (destination.kind) {
    case 'webhook':
    case 'inbox':
      return destination;
    case 'rabbitmq': {
      const { kind, url, exchange, routingKey } = destination;
      return { kind, url, exchange, routing_key: routingKey, has_credentials };
    }
    case 'kafka': {
      const { kind, brokers, topic, tls } = destination;
      return { kind, brokers: [...brokers], topic, tls, has_credentials };
    }
    case 'sqs': {
      const { kind, queueUrl, region, endpoint } = destination;
      return { kind, queue_url: queueUrl, region, endpoint, has_credentials };
    }
    case 'nats': {
      const { kind, servers, subject } = destination;
      return { kind, servers: [...servers], subject, has_credentials };
    }
    case 'redis': {
      const { kind, url, stream, maxLength } = destination;
      return { kind, url, stream, max_length: maxLength, has_credentials };
    }
  }
}
