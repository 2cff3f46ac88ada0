/** What a receiver may be told, and what it gives. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import type { ExpressHandler } from '../adapters/express.ts';
import type { FastifyRoute } from '../adapters/fastify.ts';
import type { FetchHandler } from '../adapters/fetch.ts';
import type { HonoHandler } from '../adapters/hono.ts';
import type { NextRouteHandler } from '../adapters/next.ts';
import type { NodeHandler } from '../adapters/node.ts';
import type { Clock } from '../clock.ts';
import type { Dedupe } from './dedupe.ts';
import type { Handle } from './handle.ts';
import type { Handlers } from './handlers.ts';
import type { ProviderConfig } from './providers/options.ts';
import type { FetchDocument } from './providers/published-keys.ts';
import type { Queue } from './queue.ts';
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
