/**
 * What `import … from 'bellwire/receiver/standard'` gives: the receiver of Bellwire's own events
 * alone, a sixth of the size, where every kilobyte counts.
 */
import { assembleReceiver } from './assemble.ts';
import type { Receiver, ReceiverOptions } from './receiver-options.ts';
import { isOwnScheme, signatureCheck } from './signature.ts';
import type { OwnScheme } from './signature.ts';

export { memoryDedupe } from './memory-dedupe.ts';
export { memoryQueue } from './memory-queue.ts';
export { REFUSALS } from './replies.ts';
export { untrustedText } from './untrusted-text.ts';
export type { WebhookEvent } from '../../src/protocol/envelope.ts';
export type { Claim, Dedupe } from './dedupe.ts';
export type { Handler, Handlers } from './handlers.ts';
export type { Queue } from './queue.ts';
export type { Receiver } from './receiver-options.ts';

type OfProviders = 'config' | 'allowUnsigned' | 'publicUrl' | 'fetch' | 'onSecret';

export interface StandardReceiverOptions extends Omit<
  ReceiverOptions,
  OfProviders | 'scheme' | 'schemes'
> {
  readonly scheme?: OwnScheme;
  readonly schemes?: readonly OwnScheme[];
}

/** @throws TypeError when secrets are missing or broken, or a scheme or pattern is not valid. */
export function createReceiver(options: StandardReceiverOptions): Receiver {
  return assembleReceiver(options, (schemes, { secrets, toleranceSeconds }) => {
    const own = schemes.filter(isOwnScheme);
    if (own.length === schemes.length) {
      return { signature: signatureCheck({ secrets, schemes: own, toleranceSeconds }), doors: [] };
    }
    throw new TypeError('Import from "bellwire/receiver" to receive from providers');
  });
}
