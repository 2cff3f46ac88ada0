/** Puts the parts of a receiver together and gives it a face for every framework. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import { expressAdapter } from '../adapters/express.ts';
import { fastifyAdapter } from '../adapters/fastify.ts';
import { fetchAdapter } from '../adapters/fetch.ts';
import { honoAdapter } from '../adapters/hono.ts';
import { nextAdapter } from '../adapters/next.ts';
import { nodeAdapter } from '../adapters/node.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { createHandle } from './handle.ts';
import { compileHandlers } from './handlers.ts';
import { memoryDedupe } from './memory-dedupe.ts';
import { memoryQueue } from './memory-queue.ts';
import { createEntrance } from './providers/entrance.ts';
import { askOnce, publishedKeys } from './providers/published-keys.ts';
import type { FetchDocument } from './providers/published-keys.ts';
import {
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_PROVIDER_BODY_BYTES,
  DEFAULT_STORE_TIMEOUT_MS,
} from './receiver-options.ts';
import type { Receiver, ReceiverOptions } from './receiver-options.ts';
import type { Scheme, SchemeParts, SortedSchemes } from './schemes.ts';
import type { Logger } from './take.ts';

export type SortSchemes = (schemes: readonly Scheme[], parts: SchemeParts) => SortedSchemes;

const SILENT: Logger = { warn() {} };

/**
 * @param sort Knows the schemes; which ones is what the two entries of the package differ in.
 * @throws TypeError when secrets are missing or broken, or a scheme or pattern is not valid.
 */
export function assembleReceiver(options: ReceiverOptions, sort: SortSchemes): Receiver {
  const clock = options.clock ?? systemClock;
  const queue = options.queue ?? memoryQueue({ clock });
  const begin = compileHandlers(options.on ?? {});
  queue.consume?.({ begin, giveUp: giveUpOf(options) });
  const drain = async () => queue.drain?.();
  const { signature, doors } = schemesOf(options, clock, sort);
  const isForProviders = doors.length > 0;
  const handle = createHandle({
    signature,
    entrance: isForProviders ? createEntrance(doors, entranceOptions(options, clock)) : null,
    publicUrl: options.publicUrl,
    dedupe: options.dedupe ?? memoryDedupe({ clock }),
    async push(event) {
      await queue.push(event);
      options.waitUntil?.(drain());
    },
    maxBodyBytes:
      options.maxBodyBytes ??
      (isForProviders ? DEFAULT_PROVIDER_BODY_BYTES : DEFAULT_MAX_BODY_BYTES),
    storeTimeoutMs: options.storeTimeoutMs ?? DEFAULT_STORE_TIMEOUT_MS,
    clock,
    logger: options.logger ?? SILENT,
  });
  const fetch = fetchAdapter(handle, drain);
  return {
    handle,
    process: (event) => begin(event)(),
    drain,
    express: () => expressAdapter(handle),
    fastify: () => fastifyAdapter(handle),
    hono: () => honoAdapter(fetch),
    next: () => nextAdapter(fetch),
    node: () => nodeAdapter(handle),
    fetch,
  };
}

function schemesOf(options: ReceiverOptions, clock: Clock, sort: SortSchemes): SortedSchemes {
  const { scheme, schemes } = options;
  if (scheme !== undefined && schemes !== undefined) {
    throw new TypeError('Give a receiver either `scheme` or `schemes`');
  }
  return sort(schemes ?? (scheme === undefined ? ['standard', 'agent'] : [scheme]), {
    secrets: secretsOf(options),
    config: options.config ?? {},
    allowUnsigned: options.allowUnsigned ?? false,
    toleranceSeconds: options.toleranceSeconds,
    keys: publishedKeys(fetchOf(options), clock),
    takesSecret: options.onSecret !== undefined,
  });
}

function entranceOptions(options: ReceiverOptions, clock: Clock) {
  return {
    async confirm(url: string) {
      await askOnce(fetchOf(options), url, clock);
    },
    onSecret: options.onSecret,
  };
}

/** Looked up for each call, because tests and frameworks replace the runtime's own. */
function fetchOf(options: ReceiverOptions): FetchDocument {
  return options.fetch ?? ((url, init) => fetch(url, init));
}

/** Empty where providers bring their own, or need none. */
function secretsOf({ secret, secrets }: ReceiverOptions): readonly string[] {
  if (secret !== undefined && secrets !== undefined) {
    throw new TypeError('Give a receiver either `secret` or `secrets`');
  }
  return secrets ?? (secret === undefined ? [] : [secret]);
}

function giveUpOf(options: ReceiverOptions): (event: WebhookEvent, error: unknown) => void {
  const onError =
    options.onError ??
    ((error, event) => console.error(`bellwire: gave up on event ${event.webhook_id}`, error));
  return (event, error) => {
    try {
      onError(error, event);
    } catch (second) {
      console.error(`bellwire: onError failed for event ${event.webhook_id}`, second);
    }
  };
}
