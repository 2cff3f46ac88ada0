/** An empty queue at each broker that runs on this machine, and what has arrived in it. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectRabbitmq } from 'amqplib';
import { createClient } from 'redis';

export interface BrokerQueue {
  /** A destination that leads to it through this port of 127.0.0.1. */
  destination(port: number): Record<string, unknown>;
  /** The bodies that are in it, oldest first. */
  bodies(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export interface Broker {
  readonly kind: string;
  readonly port: number;
  open(name: string): Promise<BrokerQueue>;
}

export const BROKERS: readonly Broker[] = [
  { kind: 'rabbitmq', port: 5672, open: rabbitmqQueue },
  { kind: 'nats', port: 4222, open: natsStream },
  { kind: 'redis', port: 6379, open: redisStream },
];

async function rabbitmqQueue(name: string): Promise<BrokerQueue> {
  const model = await connectRabbitmq('amqp://guest:guest@127.0.0.1:5672');
  const channel = await model.createChannel();
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const taken: string[] = [];
  return {
    destination: (port) => ({
      kind: 'rabbitmq',
      url: `amqp://guest:guest@127.0.0.1:${port}`,
      routing_key: name,
    }),
    async bodies() {
      let message = await channel.get(name, { noAck: true });
      while (message !== false) {
        taken.push(message.content.toString());
        message = await channel.get(name, { noAck: true });
      }
      return taken;
    },
    async remove() {
      await channel.deleteQueue(name);
      await model.close();
    },
  };
}

async function natsStream(name: string): Promise<BrokerQueue> {
  const connection = await connectNats({ servers: '127.0.0.1:4222' });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [`${name}.>`] });
  return {
    destination: (port) => ({
      kind: 'nats',
      servers: [`nats://127.0.0.1:${port}`],
      subject: `${name}.{event_type}`,
    }),
    async bodies() {
      const stream = await jetstream(connection).streams.get(name);
      const { state } = await stream.info();
      const bodies: string[] = [];
      for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
        const stored = await stream.getMessage({ seq });
        if (stored !== null) bodies.push(stored.string());
      }
      return bodies;
    },
    async remove() {
      await manager.streams.delete(name);
      await connection.close();
    },
  };
}

async function redisStream(name: string): Promise<BrokerQueue> {
  const client = createClient({ socket: { host: '127.0.0.1', port: 6379 } });
  await client.connect();
  return {
    destination: (port) => ({
      kind: 'redis',
      url: `redis://127.0.0.1:${port}`,
      stream: name,
    }),
    async bodies() {
      const entries = (await client.xRange(name, '-', '+')) ?? [];
      return entries.map(({ message }) => String(message['body']));
    },
    async remove() {
      await client.del(name);
      await client.close();
    },
  };
}
