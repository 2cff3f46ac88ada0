/**
 * Each broker from two sides: its client used plainly, and Bellwire's destination over it. Both
 * publish the same bytes and wait until the broker has confirmed them.
 */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectRabbitmq } from 'amqplib';
import { createClient } from 'redis';
import {
  BrokerDestination,
  type BrokerOptions,
} from '../../src/destinations/broker/broker-destination.ts';
import type { Destination } from '../../src/destinations/destination.ts';
import { nats } from '../../src/destinations/nats/nats.ts';
import { rabbitmq } from '../../src/destinations/rabbitmq/rabbitmq.ts';
import { redis } from '../../src/destinations/redis/redis.ts';
import type { Credentials, DestinationSpec } from '../../src/domain/destination.ts';

export interface BrokerSides {
  /** The plain client: resolves once all are confirmed. */
  publish(bodies: readonly Uint8Array[]): Promise<void>;
  readonly destination: Destination;
  /** Where that leads, as a subscription has it. */
  readonly where: {
    readonly destination: DestinationSpec;
    readonly credentials: Credentials | null;
  };
  close(): Promise<void>;
}

export interface BenchedBroker {
  readonly kind: string;
  readonly port: number;
  /** @param name of a queue, stream or topic that is made for it and removed by `close`. */
  open(name: string, options: BrokerOptions): Promise<BrokerSides>;
}

export const BENCHED_BROKERS: readonly BenchedBroker[] = [
  { kind: 'rabbitmq', port: 5672, open: openRabbitmq },
  { kind: 'nats', port: 4222, open: openNats },
  { kind: 'redis', port: 6379, open: openRedis },
];

async function openRabbitmq(name: string, options: BrokerOptions): Promise<BrokerSides> {
  const model = await connectRabbitmq('amqp://guest:guest@127.0.0.1:5672');
  const channel = await model.createConfirmChannel();
  // What grows without end would measure the broker's disk.
  const bound = { 'x-max-length': 10_000 };
  await channel.assertQueue(name, { durable: true, arguments: bound });
  const destination = new BrokerDestination(rabbitmq, options);
  const url = 'amqp://127.0.0.1:5672';
  return {
    async publish(bodies) {
      for (const body of bodies) {
        channel.publish('', name, Buffer.from(body), { persistent: true, mandatory: true });
      }
      await channel.waitForConfirms();
    },
    destination,
    where: {
      destination: { kind: 'rabbitmq', url, exchange: '', routingKey: name },
      credentials: null,
    },
    async close() {
      await destination.close();
      await channel.deleteQueue(name);
      await model.close();
    },
  };
}

async function openNats(name: string, options: BrokerOptions): Promise<BrokerSides> {
  const connection = await connectNats({ servers: '127.0.0.1:4222' });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [name], max_msgs: 10_000 });
  const client = jetstream(connection);
  const destination = new BrokerDestination(nats, options);
  let published = 0;
  return {
    async publish(bodies) {
      await Promise.all(
        bodies.map((body) => client.publish(name, body, { msgID: `raw-${(published += 1)}` })),
      );
    },
    destination,
    where: {
      destination: { kind: 'nats', servers: ['nats://127.0.0.1:4222'], subject: name },
      credentials: null,
    },
    async close() {
      await destination.close();
      await manager.streams.delete(name);
      await connection.close();
    },
  };
}

async function openRedis(name: string, options: BrokerOptions): Promise<BrokerSides> {
  const client = createClient({ socket: { host: '127.0.0.1', port: 6379 }, RESP: 2 });
  await client.connect();
  const destination = new BrokerDestination(redis, options);
  const maxLength = 10_000;
  const limit = ['MAXLEN', '~', String(maxLength)];
  return {
    async publish(bodies) {
      await Promise.all(
        bodies.map((body) =>
          client.sendCommand(['XADD', name, ...limit, '*', 'body', Buffer.from(body)]),
        ),
      );
    },
    destination,
    where: {
      destination: { kind: 'redis', url: 'redis://127.0.0.1:6379', stream: name, maxLength },
      credentials: null,
    },
    async close() {
      await destination.close();
      await client.del(name);
      await client.close();
    },
  };
}
