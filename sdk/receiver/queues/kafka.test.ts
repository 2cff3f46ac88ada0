import type { Consumer } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';
import { missingMockKafka, startMockKafka } from '../../contract/mock-kafka.ts';
import { queueContract } from '../../contract/queue-contract.ts';
import { needsNode, notInstalled } from '../../contract/services.ts';
import type { Queue } from '../queue.ts';
import { kafkaQueue } from './kafka.ts';
import { processMessage } from './message.ts';
import type { EventProcessor } from './message.ts';

const TOPIC = 'events';
const CALL_TIMEOUT_MS = 2_000;
const skip = missingMockKafka();

interface OpenedProducer {
  readonly queue: Queue;
  readonly close: () => Promise<void>;
}

function kafkaAt(broker: string): Kafka {
  const settings = { logLevel: logLevel.NOTHING, retry: { retries: 0 } };
  return new Kafka({ brokers: [broker], ...settings });
}

/** A failed event is read again, since its offset was not committed. */
async function handing(consumer: Consumer, processor: EventProcessor) {
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => processMessage(processor, message.value ?? ''),
  });
  return { stop: () => consumer.disconnect() };
}

const PRODUCERS: Readonly<Record<string, (broker: string) => Promise<OpenedProducer>>> = {
  async kafkajs(broker) {
    const producer = kafkaAt(broker).producer();
    await producer.connect();
    return {
      queue: kafkaQueue(producer, { topic: TOPIC }),
      close: () => producer.disconnect(),
    };
  },

  async '@platformatic/kafka'(broker) {
    const { Producer } = await import('@platformatic/kafka');
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: [broker],
      retries: 0,
      timeout: CALL_TIMEOUT_MS,
    });
    return { queue: kafkaQueue(producer, { topic: TOPIC }), close: () => producer.close() };
  },
};

for (const [name, open] of Object.entries(PRODUCERS)) {
  queueContract({
    name,
    skip: skip || notInstalled(name) || (name !== 'kafkajs' && needsNode(name, 22, 22)),
    givesUp: false,
    async open() {
      const cluster = await startMockKafka(TOPIC);
      const { queue, close } = await open(cluster.broker);
      return {
        queue,
        consume: (processor) =>
          handing(
            kafkaAt(cluster.broker).consumer({ groupId: 'handlers', retry: { retries: 5 } }),
            processor,
          ),
        cut: () => cluster.stop(),
        async close() {
          await close();
          await cluster.stop();
        },
      };
    },
  });
}
