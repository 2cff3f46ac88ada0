/** A receiver of a provider's requests that shows what it takes and what it refuses. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import type { ProviderEvent } from '../receiver/providers/door.ts';
import { createReceiver } from '../receiver/receiver.ts';
import type { ReceiverOptions } from '../receiver/receiver.ts';
import type { Reply } from '../receiver/replies.ts';
import { PROVIDER_SECRET } from './provider-requests.ts';
import type { ProviderRequest } from './provider-requests.ts';
import { clock } from './signed-request.ts';

export interface ProviderSetup {
  readonly events: (WebhookEvent & Partial<ProviderEvent>)[];
  readonly warnings: Readonly<Record<string, unknown>>[];
  readonly send: (request: ProviderRequest) => Promise<Reply>;
}

export function providerSetup(options: ReceiverOptions): ProviderSetup {
  const events: WebhookEvent[] = [];
  const warnings: Readonly<Record<string, unknown>>[] = [];
  const receiver = createReceiver({
    clock,
    queue: { push: async (event) => void events.push(event) },
    logger: { warn: (facts) => warnings.push(facts) },
    ...(options.secrets === undefined && { secret: PROVIDER_SECRET }),
    ...options,
  });
  return {
    events,
    warnings,
    send: ({ body, ...head }) => receiver.handle({ ...head, readBody: async () => body }),
  };
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function json(
  text: string,
  headers: Readonly<Record<string, string>> = {},
): ProviderRequest {
  return { headers: { 'content-type': 'application/json', ...headers }, body: bytes(text) };
}
