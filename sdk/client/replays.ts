/** `/v1/replays`. */
import type { CursorList } from './cursor-list.ts';
import type { CreateReplay, Replay } from './replay-types.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { ListQuery } from './types.ts';

export class Replays {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Resolves once it is stored; it runs on its own. With `dry_run`: once it has counted. */
  create(wanted: CreateReplay, options: CallOptions = {}): Promise<Replay> {
    return this.#transport({ method: 'POST', path: '/replays', body: wanted, ...options });
  }

  get(id: string, options: CallOptions = {}): Promise<Replay> {
    return this.#transport({ method: 'GET', path: path`/replays/${id}`, ...options });
  }

  list(query: ListQuery = {}, options: CallOptions = {}): CursorList<Replay> {
    return listOf(this.#transport, '/replays', { ...query }, options);
  }

  /** What has not been attempted since is called off. */
  cancel(id: string, options: CallOptions = {}): Promise<Replay> {
    return this.#transport({ method: 'POST', path: path`/replays/${id}/cancel`, ...options });
  }
}
