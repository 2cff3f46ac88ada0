import { randomUUID } from 'node:crypto';
import { queueContract } from '../../contract/queue-contract.ts';
import { missing, NATS_SERVER, notInstalled } from '../../contract/services.ts';
import { consumeNats, natsQueue } from './nats.ts';

const ACK_WAIT_MS = 10_000;

queueContract({
  name: 'NATS JetStream',
  skip: notInstalled('@nats-io/transport-node') || (await missing('NATS', 4222)),
  givesUp: true,
  async open() {
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
    const { connect, nanos } = await import('@nats-io/transport-node');
    const name = `bellwire_test_${randomUUID().replaceAll('-', '')}`;
    const publishing = await connect({ servers: NATS_SERVER });
    const connection = await connect({ servers: NATS_SERVER });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name, subjects: [`${name}.>`], retention: 'workqueue' });
    await manager.consumers.add(name, {
      durable_name: 'handlers',
      ack_policy: 'explicit',
      ack_wait: nanos(ACK_WAIT_MS),
    });
    return {
      queue: natsQueue(jetstream(publishing), {
        subject: ({ event_type }) => `${name}.${event_type}`,
      }),
      async consume(processor, options) {
        const consumer = await jetstream(connection).consumers.get(name, 'handlers');
        return consumeNats(await consumer.consume(), processor, options);
      },
      cut: () => publishing.close(),
      async left() {
        // What the server has read of this connection includes the acknowledgements.
        await connection.flush();
        return (await manager.streams.info(name)).state.messages;
      },
      async close() {
        await manager.streams.delete(name);
        await publishing.close();
        await connection.close();
      },
    };
  },
});
