/** Kafka, through an idempotent producer: confirmed by all replicas in sync, keyed for order. */
import type { Broker, SASLOptions } from '@platformatic/kafka';
import { endpointsOf } from '../../domain/broker-url.ts';
import type { Credentials, KafkaDestination } from '../../domain/destination.ts';
import {
  BrokerFailure,
  loadClient,
  type BrokerAdapter,
  type BrokerConnection,
  type BrokerMessage,
  type PublishOutcome,
} from '../broker/adapter.ts';
import { kafkaFailure } from './failure.ts';
import {
  createGuardedProducer,
  type KafkaMessages,
  type KafkaProducer,
} from './guarded-producer.ts';

export const kafka: BrokerAdapter<KafkaDestination> = {
  kind: 'kafka',
  async connect(options) {
    const client = await loadClient('@platformatic/kafka', () => import('@platformatic/kafka'));
    const { destination, credentials, identity, guard } = options;
    const producer = createGuardedProducer({
      kafka: client,
      guard,
      identity,
      brokers: brokersOf(destination),
      tls: destination.tls,
      sasl: saslOf(credentials),
    });
    try {
      await producer.connect();
    } catch (error) {
      producer.destroy();
      const { reason, detail } = kafkaFailure(error);
      throw new BrokerFailure(reason, detail);
    }
    return new KafkaConnection(producer);
  },
};

class KafkaConnection implements BrokerConnection<KafkaDestination> {
  readonly #producer: KafkaProducer;
  /** A later batch that overtakes one that is tried again would change the order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(producer: KafkaProducer) {
    this.#producer = producer;
  }

  publish(
    { topic }: KafkaDestination,
    batch: readonly BrokerMessage[],
  ): Promise<readonly PublishOutcome[]> {
    const result = this.#last.then(() => this.#send(topic, batch));
    this.#last = result.catch(() => undefined);
    return result;
  }

  close(): Promise<void> {
    return this.#producer.close();
  }

  destroy(): void {
    this.#producer.destroy();
  }

  /** A refused batch is halved until what is refused stands alone. */
  async #send(topic: string, batch: readonly BrokerMessage[]): Promise<readonly PublishOutcome[]> {
    try {
      await this.#producer.send(toMessages(topic, batch));
      return batch.map(() => ({ taken: true, detail: `in topic ${topic}` }));
    } catch (error) {
      const { reason, detail, isOfTopic } = kafkaFailure(error);
      if (!isAnswer(reason)) throw new BrokerFailure(reason, detail);
      if (reason === 'rejected' && isOfTopic !== true && batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        const first = await this.#send(topic, batch.slice(0, half));
        return [...first, ...(await this.#send(topic, batch.slice(half)))];
      }
      return batch.map(() => ({ taken: false, reason, detail }));
    }
  }
}

function isAnswer(reason: string): boolean {
  return reason === 'rejected' || reason === 'auth_failed' || reason === 'overloaded';
}

function toMessages(topic: string, batch: readonly BrokerMessage[]): KafkaMessages {
  return batch.map(({ body, line, headers }) => ({
    topic,
    // The same key is the same partition, and there the order is kept.
    key: Buffer.from(line()),
    value: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    headers: toHeaders(headers),
  }));
}

/** The same few names on every message. */
const names = new Map<string, Buffer>();
const MAX_NAMES = 1_000;

function toHeaders(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  const encoded = new Map<Buffer, Buffer>();
  for (const [name, value] of Object.entries(headers)) {
    encoded.set(encodedName(name), Buffer.from(value));
  }
  return encoded;
}

function encodedName(name: string): Buffer {
  let encoded = names.get(name);
  if (encoded === undefined) {
    if (names.size >= MAX_NAMES) names.clear();
    encoded = Buffer.from(name);
    names.set(name, encoded);
  }
  return encoded;
}

function brokersOf(destination: KafkaDestination): Broker[] {
  return endpointsOf(destination).map(({ host, port }) => ({ host, port }));
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

function saslOf(credentials: Credentials | null): SASLOptions | null {
  if (credentials === null) return null;
  const { username = '', password = '', mechanism = '' } = credentials;
  const known = Object.entries(MECHANISMS).find(([name]) => name === mechanism);
  return { mechanism: known?.[1] ?? MECHANISMS['scram-sha-512'], username, password };
}
