/** RabbitMQ through the caller's amqplib channel: publisher confirms, and a consumer that acks. */
import type { Clock } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import type { Queue } from '../queue.ts';
import { shortId } from '../short-id.ts';
import { DEFAULT_CONSUMER_CONCURRENCY, handleDelivery, reportTo } from './delivery.ts';
import type { ConsumeOptions, Consumption } from './delivery.ts';
import { encodeEvent, MESSAGE_CONTENT_TYPE } from './message.ts';
import type { EventProcessor } from './message.ts';
import { Workers } from './workers.ts';

/** Quorum queues count here how often they handed a message out before. */
const DELIVERY_COUNT = 'x-delivery-count';

interface ReturnedMessage {
  readonly properties: { readonly messageId?: unknown };
}

/** A channel of `connection.createConfirmChannel()`. */
export interface RabbitmqConfirmChannel {
  publish(
    exchange: string,
    routingKey: string,
    content: Uint8Array,
    options: Readonly<Record<string, unknown>>,
    confirmed: (error: unknown) => void,
  ): boolean;
  waitForConfirms(): Promise<void>;
  on(event: 'return', listener: (message: ReturnedMessage) => void): unknown;
}

export interface RabbitmqQueueOptions {
  /** Default: the one that leads to the queue named by the routing key. */
  readonly exchange?: string;
  readonly routingKey: string;
}

/**
 * The sender is told 200 once the broker has confirmed the event; an event that no queue takes is
 * refused. Declare a durable queue (`x-queue-type: quorum` counts tries, which `consumeRabbitmq`
 * uses). After a reconnect a channel is another one: give a function that answers the current one.
 * @throws TypeError for a channel without confirms, which could not tell what is safe.
 */
export function rabbitmqQueue(
  channel: RabbitmqConfirmChannel | (() => RabbitmqConfirmChannel),
  options: RabbitmqQueueOptions,
): Queue {
  const current = typeof channel === 'function' ? channel : () => channel;
  const returns = new Returns();
  if (typeof channel !== 'function') returns.watch(channel);
  return {
    async push(event) {
      const messageId = await shortId(event.webhook_id);
      const into = current();
      returns.watch(into);
      const { exchange = '', routingKey } = options;
      const error = await publishTo(into, exchange, routingKey, encodeEvent(event), {
        persistent: true,
        // Else the broker would confirm what it throws away for want of a queue.
        mandatory: true,
        messageId,
        contentType: MESSAGE_CONTENT_TYPE,
        headers: { 'webhook-id': event.webhook_id, 'event-type': event.event_type },
      });
      const isUnroutable = returns.take(messageId);
      if (error !== null && error !== undefined) throw asError(error);
      if (isUnroutable) throw new Error(`No queue is bound to "${routingKey}"`);
    },
  };
}

/** @returns what the broker has against the event; nullish when it has it. */
function publishTo(
  channel: RabbitmqConfirmChannel,
  exchange: string,
  routingKey: string,
  text: string,
  options: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  return new Promise((resolve) => {
    channel.publish(exchange, routingKey, Buffer.from(text), options, resolve);
  });
}

/** Messages the broker sent back, each before its confirmation. */
class Returns {
  readonly #watched = new WeakSet<RabbitmqConfirmChannel>();
  readonly #counts = new Map<string, number>();

  watch(channel: RabbitmqConfirmChannel): void {
    if (typeof channel.waitForConfirms !== 'function') {
      throw new TypeError('rabbitmqQueue needs a channel of `createConfirmChannel()`');
    }
    if (this.#watched.has(channel)) return;
    this.#watched.add(channel);
    channel.on('return', ({ properties }) => {
      if (typeof properties.messageId !== 'string') return;
      const { messageId } = properties;
      this.#counts.set(messageId, (this.#counts.get(messageId) ?? 0) + 1);
    });
  }

  take(messageId: string): boolean {
    const count = this.#counts.get(messageId) ?? 0;
    if (count > 1) this.#counts.set(messageId, count - 1);
    else this.#counts.delete(messageId);
    return count > 0;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('RabbitMQ refused the event');
}

export interface RabbitmqDelivered {
  readonly content: Uint8Array;
  readonly fields: { readonly redelivered: boolean };
  readonly properties: { readonly headers?: Readonly<Record<string, unknown>> | undefined };
}

/** Any channel of amqplib. */
export interface RabbitmqChannel<Message extends RabbitmqDelivered = RabbitmqDelivered> {
  prefetch(count: number): unknown;
  consume(
    queue: string,
    onMessage: (message: Message | null) => void,
  ): PromiseLike<{ readonly consumerTag: string }>;
  cancel(consumerTag: string): PromiseLike<unknown>;
  ack(message: Message): void;
  nack(message: Message, allUpTo?: boolean, requeue?: boolean): void;
}

export interface ConsumeRabbitmqOptions extends ConsumeOptions {
  /** Messages held at once; sets the channel's prefetch. Default 16. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

/**
 * Acks an event once its handlers succeeded. One that failed is held for its pause and then put
 * back into the queue; when its tries are used up it is rejected, so that it goes to the dead
 * letter exchange if the queue has one. Classic queues count no tries: there it is put back once.
 */
export async function consumeRabbitmq<Message extends RabbitmqDelivered>(
  channel: RabbitmqChannel<Message>,
  queue: string,
  processor: EventProcessor,
  options: ConsumeRabbitmqOptions = {},
): Promise<Consumption> {
  const concurrency = options.concurrency ?? DEFAULT_CONSUMER_CONCURRENCY;
  const workers = new Workers(concurrency, options.clock ?? systemClock);
  await channel.prefetch(concurrency);
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message === null) {
      reportTo(options)(new Error(`RabbitMQ has ended the consumer of "${queue}"`), undefined);
      return;
    }
    const delivery = {
      body: message.content,
      failures: failuresOf(message),
      done: () => channel.ack(message),
      async again(delayMs: number) {
        await workers.pause(delayMs);
        channel.nack(message, false, true);
      },
      giveUp: () => channel.nack(message, false, false),
    };
    workers.start(() => handleDelivery(processor, delivery, options));
  });
  return {
    async stop() {
      try {
        await channel.cancel(consumerTag);
      } finally {
        await workers.stop();
      }
    },
  };
}

function failuresOf({ fields, properties }: RabbitmqDelivered): number {
  const count = properties.headers?.[DELIVERY_COUNT];
  if (typeof count === 'number') return count;
  // Without a count there is no way to tell a second failure from a tenth.
  return fields.redelivered ? Number.MAX_SAFE_INTEGER : 0;
}
