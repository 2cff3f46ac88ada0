/** Puts the parts of a receiver together and gives it a face for every framework. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import { expressAdapter } from '../adapters/express.ts';
import type { ExpressHandler } from '../adapters/express.ts';
import { fastifyAdapter } from '../adapters/fastify.ts';
import type { FastifyRoute } from '../adapters/fastify.ts';
import { fetchAdapter } from '../adapters/fetch.ts';
import type { FetchHandler } from '../adapters/fetch.ts';
import { honoAdapter } from '../adapters/hono.ts';
import type { HonoHandler } from '../adapters/hono.ts';
import { nextAdapter } from '../adapters/next.ts';
import type { NextRouteHandler } from '../adapters/next.ts';
import { nodeAdapter } from '../adapters/node.ts';
import type { NodeHandler } from '../adapters/node.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Dedupe } from './dedupe.ts';
import { createHandle } from './handle.ts';
import type { Handle } from './handle.ts';
import { compileHandlers } from './handlers.ts';
import type { Handlers } from './handlers.ts';
import { memoryDedupe } from './memory-dedupe.ts';
import { memoryQueue } from './memory-queue.ts';
import { createEntrance } from './providers/entrance.ts';
import type { ProviderConfig } from './providers/options.ts';
import { askOnce, publishedKeys } from './providers/published-keys.ts';
import type { FetchDocument } from './providers/published-keys.ts';
import type { Queue } from './queue.ts';
import { sortSchemes } from './schemes.ts';
import type { Scheme } from './schemes.ts';
import type { Logger } from './take.ts';

export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
/** Where providers send: GitHub's events have up to 25 MB, nearly all others far less than this. */
export const DEFAULT_PROVIDER_BODY_BYTES = 10 * DEFAULT_MAX_BODY_BYTES;
export const DEFAULT_STORE_TIMEOUT_MS = 10_000;

export interface ReceiverOptions {
  /** Whose requests these are: `schemes` with one entry. */
  readonly scheme?: Scheme;
  /** `whsec_…`, `whpk_…` or another string, as the sender showed it. */
  readonly secret?: string;
  /** All secrets that are live during a rotation. Give this or `secret`. */
  readonly secrets?: readonly string[];
  /**
   * Which signatures are believed; default `['standard', 'agent']`. Where several of Bellwire's
   * kinds are present the one that covers more decides: standard, Stripe's flavour, GitHub's,
   * agent. `['standard']` also shuts out replays of old requests stripped of their `webhook-*`
   * headers, which otherwise only `dedupe` stops. Providers are asked where none of these is there,
   * in their order.
   */
  readonly schemes?: readonly Scheme[];
  /** What the provider needs beside its secret, as in a source of the server. */
  readonly config?: ProviderConfig;
  /** Believe a provider that does not sign. Whoever knows the URL can send then. */
  readonly allowUnsigned?: boolean;
  /**
   * Such as `https://hooks.example.com`: how senders reach this server, where a proxy in front
   * hides it. Some providers sign the URL.
   */
  readonly publicUrl?: string;
  /** For providers that publish their keys. Default: the runtime's own. */
  readonly fetch?: FetchDocument;
  /**
   * For providers that hand over their secret in a handshake: keep it, and pass it as `secret` from
   * then on. Only called while the receiver has none.
   */
  readonly onSecret?: (secret: string, provider: string) => unknown;
  /** Default: 100,000 ids for 24 h in this process. */
  readonly dedupe?: Dedupe;
  /** Default: 10,000 events in this process, 16 at a time, each retried 3 times. */
  readonly queue?: Queue;
  /** Handlers by event type pattern: `task.completed`, `task.*`, `task.**`, `**`. */
  readonly on?: Handlers;
  /** Told of an event that the queue has given up on. Default: a line on `console.error`. */
  readonly onError?: (error: unknown, event: WebhookEvent) => void;
  /** How far `webhook-timestamp` may be off, both ways. Default 300. */
  readonly toleranceSeconds?: number;
  /** Default 1 MiB; 10 MiB where a provider is among the schemes. */
  readonly maxBodyBytes?: number;
  /** How long dedupe and queue may take; then the sender is told 503. Default 10 s. */
  readonly storeTimeoutMs?: number;
  /**
   * On platforms that freeze after the answer: is given a promise that settles when the queue is
   * idle, such as Next's `after` or `waitUntil` of a worker.
   */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  readonly clock?: Clock;
  /** Told why requests were refused. Default: nobody. */
  readonly logger?: Logger;
}

export interface Receiver {
  /** The framework-neutral core all adapters share. Never rejects. */
  readonly handle: Handle;
  /** Runs the handlers of an event that came out of an external queue. Rejects when one fails. */
  readonly process: (event: WebhookEvent) => Promise<void>;
  /** Resolves when nothing is waiting or running in the queue of this process. */
  readonly drain: () => Promise<void>;
  /** `app.post(path, receiver.express())`, mounted before any body parser or behind `raw()`. */
  readonly express: () => ExpressHandler;
  /** `app.post(path, receiver.fastify())`. */
  readonly fastify: () => FastifyRoute;
  /** `app.post(path, receiver.hono())`. */
  readonly hono: () => HonoHandler;
  /** `export const POST = receiver.next()` in an App Router `route.ts`. */
  readonly next: () => NextRouteHandler;
  /** `http.createServer(receiver.node())`. */
  readonly node: () => NodeHandler;
  /** `Bun.serve({ fetch: receiver.fetch })`, `Deno.serve(receiver.fetch)`, workers. */
  readonly fetch: FetchHandler;
}

const SILENT: Logger = { warn() {} };

/** @throws TypeError when secrets are missing or broken, or a scheme or pattern is not valid. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const clock = options.clock ?? systemClock;
  const queue = options.queue ?? memoryQueue({ clock });
  const begin = compileHandlers(options.on ?? {});
  queue.consume?.({ begin, giveUp: giveUpOf(options) });
  const drain = async () => queue.drain?.();
  const { signature, doors } = schemesOf(options, clock);
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

function schemesOf(options: ReceiverOptions, clock: Clock) {
  const { scheme, schemes } = options;
  if (scheme !== undefined && schemes !== undefined) {
    throw new TypeError('Give a receiver either `scheme` or `schemes`');
  }
  return sortSchemes(schemes ?? (scheme === undefined ? ['standard', 'agent'] : [scheme]), {
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
