/** `/v1/events`. */
import type { CursorList } from './cursor-list.ts';
import type { CancelledEvent } from './replay-types.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { BatchResult, BroadcastEvent, BroadcastResult } from './types.ts';
import type { Delivery, Event, ListEvents } from './types.ts';
import type { ListQuery, PublishEvent, PublishResult } from './types.ts';

export interface PublishOptions extends CallOptions {
  /** A random one is made when left out, so that retries of this call publish once. */
  readonly idempotencyKey?: string;
}

export class Events {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Resolves once the event is committed to disk. */
  publish(event: PublishEvent, options: PublishOptions = {}): Promise<PublishResult> {
    return this.#publish('/events', event, options);
  }

  /** Up to 1,000 events, each with a result of its own. */
  publishBatch(
    events: readonly PublishEvent[],
    options: PublishOptions = {},
  ): Promise<BatchResult> {
    return this.#publish('/events/batch', events, options);
  }

  /** To every tenant, or to those it names; needs the admin key. */
  broadcast(event: BroadcastEvent, options: PublishOptions = {}): Promise<BroadcastResult> {
    return this.#publish('/events/broadcast', event, options);
  }

  get(id: string, options: CallOptions = {}): Promise<Event> {
    return this.#transport({ method: 'GET', path: path`/events/${id}`, ...options });
  }

  list(query: ListEvents = {}, options: CallOptions = {}): CursorList<Event> {
    return listOf(this.#transport, '/events', { ...query }, options);
  }

  /** Calls off every delivery that has not ended; scheduled ones above all. */
  cancel(id: string, options: CallOptions = {}): Promise<CancelledEvent> {
    return this.#transport({ method: 'POST', path: path`/events/${id}/cancel`, ...options });
  }

  deliveries(id: string, query: ListQuery = {}, options: CallOptions = {}): CursorList<Delivery> {
    return listOf(this.#transport, path`/events/${id}/deliveries`, { ...query }, options);
  }

  #publish<T>(route: string, body: unknown, options: PublishOptions): Promise<T> {
    return this.#transport<T>({
      method: 'POST',
      path: route,
      body,
      idempotencyKey: options.idempotencyKey ?? crypto.randomUUID(),
      repeatable: true,
      signal: options.signal,
    });
  }
}
