/**
 * Kafka and SQS from two sides, as `broker-sides.ts` has the others. What stands in for them here
 * is started for the bench: a mock broker of librdkafka, and an emulator in this very process.
 */
import { Producer } from '@platformatic/kafka';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import {
  BrokerDestination,
  type BrokerOptions,
} from '../../src/destinations/broker/broker-destination.ts';
import { kafka } from '../../src/destinations/kafka/kafka.ts';
import {
  MockCluster,
  whyNoMockCluster,
} from '../../src/destinations/kafka/testing/mock-cluster.ts';
import { createSqsAdapter } from '../../src/destinations/sqs/sqs.ts';
import { MAX_SQS_BATCH_MESSAGES, MAX_SQS_CONNECTIONS } from '../../src/domain/limits-streams.ts';
import type { Egress } from '../../src/egress/port.ts';
import type { BrokerSides } from './broker-sides.ts';

interface StreamOptions extends BrokerOptions {
  readonly egress: Pick<Egress, 'send'>;
}

export interface BenchedStream {
  readonly kind: string;
  readonly absent: string | undefined;
  open(name: string, options: StreamOptions): Promise<BrokerSides>;
}

export const BENCHED_STREAMS: readonly BenchedStream[] = [
  { kind: 'kafka', absent: whyNoMockCluster(), open: openKafka },
  { kind: 'sqs', absent: undefined, open: openSqs },
];

/** As long as those of the destination: the mock's own cost depends on the bytes of a request. */
const HEADERS = new Map(
  Object.entries({
    'content-type': 'application/json',
    'webhook-id': 'evt_100000',
    'bellwire-delivery-id': 'dlv_01jxs2e9000000000000000000000',
    'bellwire-attempt': '1',
    'event-type': 'task.completed',
    traceparent: '00-01977e9420000000000000000000001a-01977e9420000001-01',
  }).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
);

async function openKafka(topic: string, options: StreamOptions): Promise<BrokerSides> {
  const cluster = await MockCluster.start();
  await cluster.createTopic(topic);
  const broker = `127.0.0.1:${cluster.port}`;
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [broker],
    idempotent: true,
    producerId: -1n,
    producerEpoch: -1,
  });
  const destination = new BrokerDestination(kafka, options);
  let sent = 0;
  return {
    async publish(bodies) {
      const messages = bodies.map((body) => {
        sent += 1;
        const key = Buffer.from(`evt_${sent}`);
        return { topic, key, value: Buffer.from(body), headers: HEADERS };
      });
      await producer.send({ messages });
    },
    destination,
    where: {
      destination: { kind: 'kafka', brokers: [broker], topic, tls: false },
      credentials: null,
    },
    async close() {
      await destination.close();
      await producer.close();
      cluster.stop();
    },
  };
}

const REGION = 'eu-central-1';
const KEYS = { accessKeyId: 'AKIABENCH', secretAccessKey: 'bench' };

async function openSqs(name: string, options: StreamOptions): Promise<BrokerSides> {
  const emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION });
  emulator.createQueue(name);
  const endpoint = `http://127.0.0.1:${emulator.port}`;
  const queueUrl = `${endpoint}/000000000000/${name}`;
  const client = new SQSClient({
    region: REGION,
    endpoint,
    credentials: KEYS,
    maxAttempts: 1,
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: MAX_SQS_CONNECTIONS } },
  });
  const destination = new BrokerDestination(createSqsAdapter(options.egress), options);
  return {
    async publish(bodies) {
      const requests: Promise<unknown>[] = [];
      for (let at = 0; at < bodies.length; at += MAX_SQS_BATCH_MESSAGES) {
        const Entries = bodies.slice(at, at + MAX_SQS_BATCH_MESSAGES).map((body, index) => ({
          Id: String(index),
          MessageBody: Buffer.from(body).toString(),
        }));
        requests.push(client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })));
      }
      await Promise.all(requests);
    },
    destination,
    where: {
      destination: { kind: 'sqs', queueUrl, region: REGION, endpoint },
      credentials: KEYS,
    },
    async close() {
      await destination.close();
      client.destroy();
      await emulator.stop();
    },
  };
}
