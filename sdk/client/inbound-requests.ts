/** `/v1/inbound-requests`: every call to a source, and what became of it. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { InboundRequest, ListInboundRequests } from './source-types.ts';
import type { CallOptions, Transport } from './transport.ts';

export class InboundRequests {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get(id: string, options: CallOptions = {}): Promise<InboundRequest> {
    return this.#transport({ method: 'GET', path: path`/inbound-requests/${id}`, ...options });
  }

  /** Newest first. */
  list(query: ListInboundRequests = {}, options: CallOptions = {}): CursorList<InboundRequest> {
    return listOf(this.#transport, '/inbound-requests', { ...query }, options);
  }
}
