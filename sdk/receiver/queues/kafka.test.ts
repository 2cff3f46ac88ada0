import { Kafka, logLevel } from 'kafkajs';
import { missingMockKafka, startMockKafka } from '../../contract/mock-kafka.ts';
import { queueContract } from '../../contract/queue-contract.ts';
import { kafkaQueue } from './kafka.ts';
import { processMessage } from './message.ts';

const TOPIC = 'events';
const skip = missingMockKafka();

queueContract({
  name: 'kafkajs',
  skip,
  givesUp: false,
  async open() {
    const cluster = await startMockKafka(TOPIC);
    const kafka = new Kafka({
      brokers: [cluster.broker],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    });
    const producer = kafka.producer();
    await producer.connect();
    return {
      queue: kafkaQueue(producer, { topic: TOPIC }),
      async consume(processor) {
        const consumer = kafka.consumer({ groupId: 'handlers', retry: { retries: 5 } });
        await consumer.connect();
        await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
        await consumer.run({
          eachMessage: ({ message }) => processMessage(processor, message.value ?? ''),
        });
        return { stop: () => consumer.disconnect() };
      },
      cut: () => cluster.stop(),
      async close() {
        await producer.disconnect();
        await cluster.stop();
      },
    };
  },
});
