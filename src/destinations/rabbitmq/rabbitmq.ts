/**
 * RabbitMQ, over AMQP 0-9-1. Taken is what the broker confirmed: on a quorum queue, held by a
 * majority of its nodes. Nothing is declared here: exchanges, queues and their policies belong to
 * whoever runs the broker, and an event that no queue takes is rejected as unroutable.
 *
 * `connection.ts` opens and keeps channels, `publish-channel.ts` plans and publishes, `failures.ts`
 * says what reply codes mean. Batches, time limits and reconnecting are those of all brokers.
 */
import type { RabbitmqDestination } from '../../domain/destination.ts';
import type { BrokerAdapter } from '../broker/adapter.ts';
import { connectRabbitmq } from './connection.ts';

export const rabbitmq: BrokerAdapter<RabbitmqDestination> = {
  kind: 'rabbitmq',
  connect: connectRabbitmq,
};
