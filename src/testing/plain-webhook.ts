/** The webhook destination for tests that are about neither transforms nor links. */
import type { Destination } from '../destinations/destination.ts';
import { createWebhookDestination } from '../destinations/webhook/webhook.ts';
import { parseMasterKeys } from '../domain/master-keys.ts';
import { ThinLinks } from '../domain/thin-link.ts';
import type { Egress } from '../egress/port.ts';
import { ScriptedTransformer } from './scripted-transformer.ts';

export function plainWebhook(egress: Egress): Destination {
  const links = new ThinLinks(parseMasterKeys(Buffer.alloc(32, 1).toString('base64')));
  return createWebhookDestination({
    egress,
    userAgent: 'Bellwire/0.1',
    transformer: new ScriptedTransformer(),
    payloads: { publicUrl: () => 'https://bellwire.test', links },
  });
}
