/** The client's idempotent producer, with connections that egress has judged. */
import type { Broker, Connection, SASLOptions, SendOptions } from '@platformatic/kafka';
import {
  KAFKA_ANSWER_TIMEOUT_MS,
  KAFKA_QUICK_RETRIES,
  KAFKA_QUICK_RETRY_MS,
} from '../../domain/limits-streams.ts';
import { BROKER_CONNECT_TIMEOUT_MS } from '../../domain/limits-destinations.ts';
import type { BrokerGuard, ClientIdentity } from '../../egress/port.ts';
import { GuardedConnections, type Kafka } from './guarded-connections.ts';

export type KafkaMessages = SendOptions<Buffer, Buffer, Buffer, Buffer>['messages'];

export interface KafkaProducer {
  /** Connects to one of the brokers that were named, credentials included. */
  connect(): Promise<void>;
  /** Resolves once every replica in sync has them. @throws what `failure.ts` explains */
  send(messages: KafkaMessages): Promise<void>;
  close(): Promise<void>;
  /** Breaks off what is under way. */
  destroy(): void;
}

export interface ProducerOptions {
  readonly kafka: Kafka;
  readonly guard: BrokerGuard;
  /** Those to ask for the others. */
  readonly brokers: readonly Broker[];
  readonly tls: boolean;
  readonly identity: ClientIdentity | null;
  readonly sasl: SASLOptions | null;
}

const CLIENT_ID = 'bellwire';

type Answer = (error: Error | null, connection?: Connection) => void;

/** Connects with the first message. `acks` is all, and one request at a time keeps the order. */
export function createGuardedProducer(options: ProducerOptions): KafkaProducer {
  const { kafka, guard, brokers, tls, identity, sasl } = options;
  const { Producer: Base, kGetConnection, kGetBootstrapConnection } = kafka;
  const connections = new GuardedConnections({
    kafka,
    clientId: CLIENT_ID,
    guard,
    tls,
    identity,
    connection: {
      connectTimeout: BROKER_CONNECT_TIMEOUT_MS,
      requestTimeout: KAFKA_ANSWER_TIMEOUT_MS,
      maxInflights: 1,
      ...(sasl !== null && { sasl }),
    },
  });

  class GuardedProducer extends Base<Buffer, Buffer, Buffer, Buffer> {
    [kGetConnection](broker: Broker | undefined, answer: Answer): void {
      if (broker !== undefined) return settle(connections.get(broker), answer);
      // A partition whose leader has just gone; asking for the cluster anew helps.
      const detail = 'the cluster names no leader for the partition';
      answer(new kafka.NetworkError(detail, { canRetry: true, hasStaleMetadata: true }));
    }

    [kGetBootstrapConnection](answer: Answer, attempt = 0): void {
      const known = [...brokers, ...(this.currentMetadata?.brokers.values() ?? [])];
      const offset = attempt % known.length;
      settle(connections.first([...known.slice(offset), ...known.slice(0, offset)]), answer);
    }
  }

  const producer = new GuardedProducer({
    clientId: CLIENT_ID,
    bootstrapBrokers: [...brokers],
    idempotent: true,
    // None yet: the broker is to give one. The client's own default asks for one that exists.
    producerId: -1n,
    producerEpoch: -1,
    retries: KAFKA_QUICK_RETRIES,
    retryDelay: KAFKA_QUICK_RETRY_MS,
    timeout: KAFKA_ANSWER_TIMEOUT_MS,
    autocreateTopics: false,
  });
  return {
    async connect() {
      await connections.first(brokers);
    },
    async send(messages) {
      await producer.send({ messages });
    },
    async close() {
      await producer.close();
      await connections.close();
    },
    destroy() {
      producer.close(() => undefined);
      connections.destroy();
    },
  };
}

function settle(opening: Promise<Connection>, answer: Answer): void {
  opening.then(
    (connection) => answer(null, connection),
    (error: unknown) => answer(error instanceof Error ? error : new Error(String(error))),
  );
}
