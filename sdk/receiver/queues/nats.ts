/** NATS JetStream through the caller's client. */
import type { Clock } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import type { Queue } from '../queue.ts';
import { shortId } from '../short-id.ts';
import { DEFAULT_CONSUMER_CONCURRENCY, handleDelivery, reportTo } from './delivery.ts';
import type { ConsumeOptions, Consumption } from './delivery.ts';
import { encodeEvent } from './message.ts';
import type { EventProcessor } from './message.ts';
import { Workers } from './workers.ts';

/** `jetstream(connection)` of @nats-io/jetstream, or `connection.jetstream()` of nats 2. */
export interface NatsJetStream {
  publish(
    subject: string,
    payload: Uint8Array,
    options: { readonly msgID: string },
  ): Promise<unknown>;
}

export interface NatsQueueOptions {
  /** A stream must take it: without one JetStream answers nothing, and the sender is told 503. */
  readonly subject: string | ((event: WebhookEvent) => string);
}

/**
 * The sender is told 200 once JetStream has stored the event. The event's id is the message id, so
 * within the stream's duplicate window one id is stored once.
 */
export function natsQueue(jetstream: NatsJetStream, options: NatsQueueOptions): Queue {
  const { subject } = options;
  return {
    async push(event) {
      const payload = new TextEncoder().encode(encodeEvent(event));
      const msgID = await shortId(event.webhook_id);
      await jetstream.publish(typeof subject === 'string' ? subject : subject(event), payload, {
        msgID,
      });
    },
  };
}

export interface NatsMessage {
  readonly data: Uint8Array;
  readonly info: { readonly deliveryCount: number };
  ack(): void;
  nak(delayMs?: number): void;
  term(reason?: string): void;
}

/** What `consumer.consume()` answers. */
export interface NatsMessages extends AsyncIterable<NatsMessage> {
  stop(): void;
}

export interface ConsumeNatsOptions extends ConsumeOptions {
  /** Handlers running at once. Default 16. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

/**
 * Acks an event once its handlers succeeded; hands it back with its pause when one failed, and
 * terminates it when its tries are used up. Let the consumer's `ack_wait` be longer than your
 * handlers take.
 */
export function consumeNats(
  messages: NatsMessages,
  processor: EventProcessor,
  options: ConsumeNatsOptions = {},
): Consumption {
  const concurrency = options.concurrency ?? DEFAULT_CONSUMER_CONCURRENCY;
  const workers = new Workers(concurrency, options.clock ?? systemClock);
  const loop = takeAll(messages, processor, options, workers);
  return {
    async stop() {
      messages.stop();
      await loop;
      await workers.stop();
    },
  };
}

/** Never rejects. */
async function takeAll(
  messages: NatsMessages,
  processor: EventProcessor,
  options: ConsumeNatsOptions,
  workers: Workers,
): Promise<void> {
  try {
    for await (const message of messages) {
      await workers.room();
      workers.start(() => handleDelivery(processor, deliveryOf(message), options));
    }
  } catch (error) {
    reportTo(options)(error, undefined);
  }
}

function deliveryOf(message: NatsMessage) {
  return {
    body: message.data,
    failures: message.info.deliveryCount - 1,
    done: () => message.ack(),
    again: (delayMs: number) => message.nak(delayMs),
    giveUp: () => message.term('the tries are used up'),
  };
}
