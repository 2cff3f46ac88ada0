/** Apache Kafka through the caller's producer. A consumer calls `processMessage` and commits. */
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import type { Queue } from '../queue.ts';
import { encodeEvent } from './message.ts';

/** All in-sync replicas have it, as Kafka's protocol spells that. */
const ALL_REPLICAS = -1;

export interface KafkaMessage {
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Record<string, Buffer>;
}

/** `kafka.producer()` of kafkajs, connected. */
export interface KafkajsProducer {
  sendBatch: unknown;
  send(record: { topic: string; acks: number; messages: KafkaMessage[] }): Promise<unknown>;
}

/** `new Producer(…)` of @platformatic/kafka, without serializers. */
export interface PlatformaticProducer {
  send(record: { acks: number; messages: KafkaMessage[] }): Promise<unknown>;
}

export interface KafkaQueueOptions {
  readonly topic: string;
  /** Events of one key keep their order. Default: the task's id, else the event's own. */
  readonly key?: (event: WebhookEvent) => string;
}

/** The sender is told 200 once all in-sync replicas have the event. */
export function kafkaQueue(
  producer: KafkajsProducer | PlatformaticProducer,
  options: KafkaQueueOptions,
): Queue {
  const { topic, key = orderingKey } = options;
  return {
    async push(event) {
      const message = {
        topic,
        key: Buffer.from(key(event)),
        value: Buffer.from(encodeEvent(event)),
        headers: {
          'webhook-id': Buffer.from(event.webhook_id),
          'event-type': Buffer.from(event.event_type),
        },
      };
      const record = { acks: ALL_REPLICAS, messages: [message] };
      await ('sendBatch' in producer ? producer.send({ topic, ...record }) : producer.send(record));
    },
  };
}

function orderingKey(event: WebhookEvent): string {
  return event.task_id ?? event.webhook_id;
}
