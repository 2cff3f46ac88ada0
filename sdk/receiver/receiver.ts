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
import type { Handle, Logger } from './handle.ts';
import { compileHandlers } from './handlers.ts';
import type { Handlers } from './handlers.ts';
import { memoryDedupe } from './memory-dedupe.ts';
import { memoryQueue } from './memory-queue.ts';
import type { Queue } from './queue.ts';
import { signatureCheck } from './signature.ts';
import type { Scheme } from './signature.ts';

export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;

export interface ReceiverOptions {
  /** `whsec_…`, `whpk_…` or another string, as the sender showed it. */
  readonly secret?: string;
  /** All secrets that are live during a rotation. Give this or `secret`. */
  readonly secrets?: readonly string[];
  /**
   * Which signatures are believed; default `['standard', 'agent']`. Where several are present the
   * one that covers more decides: standard, Stripe's flavour, GitHub's, agent. `['standard']` also
   * shuts out replays of old requests stripped of their `webhook-*` headers, which otherwise only
   * `dedupe` stops.
   */
  readonly schemes?: readonly Scheme[];
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
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
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

/** @throws TypeError when secrets are missing or broken, or a pattern is not valid. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const clock = options.clock ?? systemClock;
  const queue = options.queue ?? memoryQueue({ clock });
  const begin = compileHandlers(options.on ?? {});
  queue.consume?.({ begin, giveUp: giveUpOf(options) });
  const drain = async () => queue.drain?.();
  const handle = createHandle({
    signature: signatureCheck({
      secrets: secretsOf(options),
      schemes: options.schemes ?? ['standard', 'agent'],
      toleranceSeconds: options.toleranceSeconds,
    }),
    dedupe: options.dedupe ?? memoryDedupe({ clock }),
    async push(event) {
      await queue.push(event);
      options.waitUntil?.(drain());
    },
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
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

function secretsOf(options: ReceiverOptions): readonly string[] {
  const { secret, secrets } = options;
  if ((secret === undefined) === (secrets === undefined)) {
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
