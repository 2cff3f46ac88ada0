/** `/v1/api-keys`. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { ApiKey, CreateApiKey, CreatedApiKey, ListQuery } from './types.ts';

export class ApiKeys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The answer is the only one that holds the key. */
  create(settings: CreateApiKey = {}, options: CallOptions = {}): Promise<CreatedApiKey> {
    return this.#transport({ method: 'POST', path: '/api-keys', body: settings, ...options });
  }

  list(query: ListQuery = {}, options: CallOptions = {}): CursorList<ApiKey> {
    return listOf(this.#transport, '/api-keys', { ...query }, options);
  }

  /** Takes effect at once and for good. */
  async revoke(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport<null>({ method: 'DELETE', path: path`/api-keys/${id}`, ...options });
  }
}
