/** Apache Kafka through the caller's producer. A consumer calls `processMessage` and commits. */
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import type { Queue } from '../queue.ts';
import { encodeEvent } from './message.ts';

/** All in-sync replicas have it, as Kafka's protocol spells that. */
const ALL_REPLICAS = -1;

/** `kafka.producer()` of kafkajs, connected. */
export interface KafkajsProducer {
  sendBatch: unknown;
  send(record: {
    topic: string;
    acks: number;
    messages: { key: Buffer; value: Buffer; headers: Record<string, Buffer> }[];
  }): Promise<unknown>;
}

/** `new Producer(…)` of @platformatic/kafka, whose serializers, if any, leave buffers alone. */
export interface PlatformaticProducer {
  send(record: {
    acks: number;
    messages: {
      topic: string;
      key: Buffer;
      value: Buffer;
      headers: Map<Buffer, Buffer>;
    }[];
  }): Promise<unknown>;
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
      const message = { key: Buffer.from(key(event)), value: Buffer.from(encodeEvent(event)) };
      const headers = {
        'webhook-id': Buffer.from(event.webhook_id),
        'event-type': Buffer.from(event.event_type),
      };
      if ('sendBatch' in producer) {
        const messages = [{ ...message, headers }];
        await producer.send({ topic, acks: ALL_REPLICAS, messages });
        return;
      }
      const pairs = Object.entries(headers).map(
        ([name, value]) => [Buffer.from(name), value] as const,
      );
      const messages = [{ ...message, topic, headers: new Map(pairs) }];
      await producer.send({ acks: ALL_REPLICAS, messages });
    },
  };
}

function orderingKey(event: WebhookEvent): string {
  return event.task_id ?? event.webhook_id;
}
