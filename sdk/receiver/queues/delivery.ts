/** What becomes of a message that a broker handed out: acknowledged, tried again, or given up. */
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import { DEFAULT_RETRY_DELAYS_MS } from '../memory-queue.ts';
import { decodeEvent } from './message.ts';
import type { EventProcessor } from './message.ts';

/** How many handlers of one consumer run at once, unless it is told otherwise. */
export const DEFAULT_CONSUMER_CONCURRENCY = 16;

export interface ConsumeOptions {
  /** One entry a retry; then the event is given up. Default 1 s, 10 s, 60 s. */
  readonly retryDelaysMs?: readonly number[];
  /**
   * Told of an event that is given up, of a message that is none (without an event), and of a
   * broker that does not answer (likewise). Default: a line on `console.error`.
   */
  readonly onError?: (error: unknown, event: WebhookEvent | undefined) => void;
}

export interface Consumption {
  /** Takes nothing more; resolves when what is running has ended. */
  stop(): Promise<void>;
}

/** A message on its way through the handlers, whatever the broker. */
export interface BrokerDelivery {
  readonly body: Uint8Array | string;
  /** How often it was handed out before. */
  readonly failures: number;
  /** The broker can forget it. */
  done(): unknown;
  /** Hand it out again after a while. */
  again(delayMs: number): unknown;
  /** Not again; what the broker keeps of it is the broker's configuration. */
  giveUp(): unknown;
}

/** Never rejects: a broker that can't be told hands the message out again by itself. */
export async function handleDelivery(
  processor: EventProcessor,
  delivery: BrokerDelivery,
  options: ConsumeOptions,
): Promise<void> {
  try {
    await settle(processor, delivery, options);
  } catch (error) {
    reportTo(options)(error, undefined);
  }
}

async function settle(
  processor: EventProcessor,
  delivery: BrokerDelivery,
  options: ConsumeOptions,
): Promise<void> {
  const report = reportTo(options);
  let event: WebhookEvent | undefined;
  try {
    event = decodeEvent(delivery.body);
    await processor.process(event);
  } catch (error) {
    const delays = options.retryDelaysMs ?? DEFAULT_RETRY_DELAYS_MS;
    const delayMs = event === undefined ? undefined : delays[delivery.failures];
    if (delayMs !== undefined) {
      await delivery.again(delayMs);
      return;
    }
    report(error, event);
    await delivery.giveUp();
    return;
  }
  await delivery.done();
}

export function reportTo(options: ConsumeOptions): NonNullable<ConsumeOptions['onError']> {
  const onError =
    options.onError ??
    ((error, event) => console.error(`bellwire: gave up on ${subject(event)}`, error));
  return (error, event) => {
    try {
      onError(error, event);
    } catch (second) {
      console.error(`bellwire: onError failed for ${subject(event)}`, second);
    }
  };
}

function subject(event: WebhookEvent | undefined): string {
  return event === undefined ? 'a message' : `event ${event.webhook_id}`;
}
