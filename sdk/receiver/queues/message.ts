/** An event as a message of somebody else's queue, and back. */
import { parseEnvelope } from '../../../src/protocol/envelope.ts';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';

export const MESSAGE_CONTENT_TYPE = 'application/json';

/** What runs an event's handlers: a receiver. */
export interface EventProcessor {
  process(event: WebhookEvent): Promise<void>;
}

/** JSON, with every field of the event. */
export function encodeEvent(event: WebhookEvent): string {
  return JSON.stringify(event);
}

/** @throws TypeError for a message that no queue of a receiver has made. */
export function decodeEvent(message: Uint8Array | string): WebhookEvent {
  const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message;
  const parsed = parseEnvelope(bytes);
  if (parsed.ok) return parsed.event;
  throw new TypeError(`The message is no event. ${parsed.detail}`);
}

/**
 * Runs the handlers of the event in a message, for consumers without a helper here: of Kafka,
 * commit the offset afterwards. Rejects when a handler failed.
 */
export async function processMessage(
  processor: EventProcessor,
  message: Uint8Array | string,
): Promise<void> {
  await processor.process(decodeEvent(message));
}
