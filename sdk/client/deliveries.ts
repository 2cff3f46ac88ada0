/** `/v1/deliveries`. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { Attempt, Delivery, ListDeliveries, ListQuery } from './types.ts';

export class Deliveries {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get(id: string, options: CallOptions = {}): Promise<Delivery> {
    return this.#transport({ method: 'GET', path: path`/deliveries/${id}`, ...options });
  }

  list(query: ListDeliveries = {}, options: CallOptions = {}): CursorList<Delivery> {
    return listOf(this.#transport, '/deliveries', { ...query }, options);
  }

  attempts(id: string, query: ListQuery = {}, options: CallOptions = {}): CursorList<Attempt> {
    return listOf(this.#transport, path`/deliveries/${id}/attempts`, { ...query }, options);
  }

  /** One more attempt of this delivery, now, with the same `webhook-id`. */
  resend(id: string, options: CallOptions = {}): Promise<Delivery> {
    return this.#transport({ method: 'POST', path: path`/deliveries/${id}/resend`, ...options });
  }

  cancel(id: string, options: CallOptions = {}): Promise<Delivery> {
    const call = { method: 'POST', path: path`/deliveries/${id}/cancel` } as const;
    return this.#transport({ ...call, repeatable: true, ...options });
  }
}
