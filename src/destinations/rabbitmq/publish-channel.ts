/**
 * A channel in confirm mode that publishes to one exchange. Messages are mandatory: one that no
 * queue takes comes back before it is confirmed.
 */
import type { ConfirmChannel, Options } from 'amqplib';
import { addressFor, type RabbitmqDestination } from '../../domain/destination.ts';
import { HEADER_DELIVERY_ID } from '../../protocol/headers.ts';
import type { BrokerMessage, PublishOutcome } from '../broker/adapter.ts';
import { closedOutcome, ONE_MESSAGE_TO_BLAME } from './failures.ts';

const TAKEN: PublishOutcome = { taken: true, detail: 'confirmed by the broker' };

const NACKED: PublishOutcome = {
  taken: false,
  reason: 'overloaded',
  detail: 'the broker refused to hold the message (nack): the queue is full or has no leader',
};

export class PublishChannel {
  readonly #channel: ConfirmChannel;
  readonly #destination: RabbitmqDestination;
  /** Ids of deliveries that came back unroutable and are not confirmed yet. */
  readonly #returned = new Set<string>();
  #closedBecause: unknown = null;
  /** Messages that were not confirmed yet, now and when it was closed. */
  #open = 0;
  #openAtEnd = 0;

  constructor(channel: ConfirmChannel, destination: RabbitmqDestination) {
    this.#channel = channel;
    this.#destination = destination;
    channel.on('error', (error: unknown) => {
      this.#closedBecause = error;
      this.#openAtEnd = this.#open;
    });
    // Before the client calls back for what was not confirmed.
    channel.prependListener('close', () => {
      this.#closedBecause ??= new Error('channel closed');
    });
    channel.on('return', ({ properties }) => {
      const id: unknown = properties.headers?.[HEADER_DELIVERY_ID];
      if (typeof id === 'string') this.#returned.add(id);
    });
  }

  /** Why it is not open any more, or null. */
  get closedBecause(): unknown {
    return this.#closedBecause;
  }

  /** Whether it was closed for one message, and that could be any of several. */
  get blamesOneOfMany(): boolean {
    return this.#openAtEnd > 1 && replyCode(this.#closedBecause) === ONE_MESSAGE_TO_BLAME;
  }

  /** What its end means for those that were not confirmed. */
  get outcome(): PublishOutcome {
    return closedOutcome(replyCode(this.#closedBecause), this.#destination);
  }

  /** @returns null for those of which the end of the channel left nothing known. */
  publish(batch: readonly BrokerMessage[]): Promise<readonly (PublishOutcome | null)[]> {
    const outcomes: (PublishOutcome | null)[] = batch.map(() => null);
    let open = batch.length;
    this.#open += open;
    return new Promise((resolve) => {
      for (const [index, message] of batch.entries()) {
        const confirmed = (error: unknown) => {
          outcomes[index] = this.#outcomeOf(message, error);
          open -= 1;
          this.#open -= 1;
          if (open === 0) resolve(outcomes);
        };
        this.#publishOne(message, confirmed);
      }
    });
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }

  #publishOne(message: BrokerMessage, confirmed: (error: unknown) => void): void {
    const { exchange, routingKey } = this.#destination;
    const key = addressFor(routingKey, message.eventType);
    const body = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
    try {
      this.#channel.publish(exchange, key, body, propertiesOf(message), confirmed);
    } catch (error) {
      // It was closed meanwhile.
      this.#closedBecause ??= error;
      queueMicrotask(() => confirmed(error));
    }
  }

  #outcomeOf(message: BrokerMessage, error: unknown): PublishOutcome | null {
    const wasReturned = this.#returned.delete(message.deliveryId);
    if (this.#closedBecause !== null) return null;
    if (error !== null && error !== undefined) return NACKED;
    return wasReturned ? this.#unroutable(message) : TAKEN;
  }

  #unroutable({ eventType }: BrokerMessage): PublishOutcome {
    const { exchange, routingKey } = this.#destination;
    const key = addressFor(routingKey, eventType);
    const detail =
      exchange === ''
        ? `unroutable: there is no queue "${key}"`
        : `unroutable: the exchange "${exchange}" has no queue for the routing key "${key}"`;
    return { taken: false, reason: 'rejected', detail };
  }
}

function propertiesOf(message: BrokerMessage): Options.Publish {
  const { 'content-type': _type, ...headers } = message.headers;
  return {
    mandatory: true,
    persistent: true,
    contentType: message.contentType,
    messageId: message.eventId,
    type: message.eventType,
    timestamp: Math.floor(message.createdAt / 1000),
    appId: 'bellwire',
    headers,
  };
}

function replyCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'number' ? error.code : null;
}
