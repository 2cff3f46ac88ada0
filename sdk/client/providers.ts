/** `/v1/providers`: the catalogue of senders that are known. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { Provider } from './source-types.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { ListQuery } from './types.ts';

export class Providers {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get(id: string, options: CallOptions = {}): Promise<Provider> {
    return this.#transport({ method: 'GET', path: path`/providers/${id}`, ...options });
  }

  /** By id. */
  list(query: ListQuery = {}, options: CallOptions = {}): CursorList<Provider> {
    return listOf(this.#transport, '/providers', { ...query }, options);
  }
}
