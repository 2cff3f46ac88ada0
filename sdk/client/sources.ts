/** `/v1/sources`: URLs of one's own for what providers send. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { CreateSource, RotateSourceSecret, Source, UpdateSource } from './source-types.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { ListQuery } from './types.ts';

const BASE = '/sources';

export class Sources {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Give the `url` in the answer to the provider. */
  create(settings: CreateSource, options: CallOptions = {}): Promise<Source> {
    return this.#transport({ method: 'POST', path: BASE, body: settings, ...options });
  }

  get(id: string, options: CallOptions = {}): Promise<Source> {
    return this.#transport({ method: 'GET', path: BASE + path`/${id}`, ...options });
  }

  list(query: ListQuery = {}, options: CallOptions = {}): CursorList<Source> {
    return listOf(this.#transport, BASE, { ...query }, options);
  }

  /** Secrets that are given replace all there were; `rotateSecret` lets them overlap. */
  update(id: string, changes: UpdateSource, options: CallOptions = {}): Promise<Source> {
    const method = 'PATCH';
    return this.#transport({ method, path: BASE + path`/${id}`, body: changes, ...options });
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport<null>({ method: 'DELETE', path: BASE + path`/${id}`, ...options });
  }

  /** Senders are told to come again later. */
  pause(id: string, options: CallOptions = {}): Promise<Source> {
    return this.#act(path`/${id}/pause`, options);
  }

  resume(id: string, options: CallOptions = {}): Promise<Source> {
    return this.#act(path`/${id}/resume`, options);
  }

  /** Adds a secret; those before it go on verifying until the overlap ends. */
  rotateSecret(
    id: string,
    rotation: RotateSourceSecret,
    options: CallOptions = {},
  ): Promise<Source> {
    const call = { method: 'POST', path: BASE + path`/${id}/rotate-secret` } as const;
    return this.#transport({ ...call, body: rotation, ...options });
  }

  /** Another URL; the one before it is nobody's from then on. */
  renewUrl(id: string, options: CallOptions = {}): Promise<Source> {
    return this.#transport({ method: 'POST', path: BASE + path`/${id}/renew-url`, ...options });
  }

  /** Doing it twice is the same as once, so it may be repeated. */
  #act(action: string, options: CallOptions): Promise<Source> {
    return this.#transport({ method: 'POST', path: BASE + action, repeatable: true, ...options });
  }
}
