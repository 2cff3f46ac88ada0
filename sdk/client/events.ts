/** `/v1/events`. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { BatchResult, Delivery, Event, ListEvents } from './types.ts';
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
    return this.#transport({
      method: 'POST',
      path: '/events',
      body: event,
      idempotencyKey: options.idempotencyKey ?? crypto.randomUUID(),
      repeatable: true,
      signal: options.signal,
    });
  }

  /**
   * Up to 1,000 events, each with a result of its own. After a broken connection it is repeated
   * only when every event has an `id`, because otherwise some could be published twice.
   */
  publishBatch(events: readonly PublishEvent[], options: CallOptions = {}): Promise<BatchResult> {
    return this.#transport({
      method: 'POST',
      path: '/events/batch',
      body: events,
      repeatable: events.every((event) => event.id !== undefined),
      signal: options.signal,
    });
  }

  get(id: string, options: CallOptions = {}): Promise<Event> {
    return this.#transport({ method: 'GET', path: path`/events/${id}`, ...options });
  }

  list(query: ListEvents = {}, options: CallOptions = {}): CursorList<Event> {
    return listOf(this.#transport, '/events', { ...query }, options);
  }

  deliveries(id: string, query: ListQuery = {}, options: CallOptions = {}): CursorList<Delivery> {
    return listOf(this.#transport, path`/events/${id}/deliveries`, { ...query }, options);
  }
}
