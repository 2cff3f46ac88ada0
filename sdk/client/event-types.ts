/** `/v1/event-types`: the event catalogue, one for the whole installation. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type {
  CatalogueSettings,
  CreateEventType,
  EventType,
  ImportEventTypes,
  ImportReply,
  ListEventTypes,
  UpdateEventType,
} from './event-type-types.ts';

const BASE = '/event-types';

export class EventTypes {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  create(entry: CreateEventType, options: CallOptions = {}): Promise<EventType> {
    return this.#transport({ method: 'POST', path: BASE, body: entry, ...options });
  }

  get(name: string, options: CallOptions = {}): Promise<EventType> {
    return this.#transport({ method: 'GET', path: BASE + path`/${name}`, ...options });
  }

  /** By name. */
  list(query: ListEventTypes = {}, options: CallOptions = {}): CursorList<EventType> {
    return listOf(this.#transport, BASE, { ...query }, options);
  }

  update(name: string, changes: UpdateEventType, options: CallOptions = {}): Promise<EventType> {
    const method = 'PATCH';
    return this.#transport({ method, path: BASE + path`/${name}`, body: changes, ...options });
  }

  async delete(name: string, options: CallOptions = {}): Promise<void> {
    await this.#transport<null>({ method: 'DELETE', path: BASE + path`/${name}`, ...options });
  }

  /** The catalogue as an OpenAPI 3.1 document with `webhooks`, or as AsyncAPI 3.0. */
  export(
    format: 'openapi' | 'asyncapi' = 'openapi',
    options: CallOptions = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const query = { format };
    return this.#transport({ method: 'GET', path: `${BASE}/export`, query, ...options });
  }

  /** Importing the same document again changes nothing, so it may be repeated. */
  import(order: ImportEventTypes, options: CallOptions = {}): Promise<ImportReply> {
    const call = { method: 'POST', path: `${BASE}/import`, repeatable: true } as const;
    return this.#transport({ ...call, body: order, ...options });
  }

  settings(options: CallOptions = {}): Promise<CatalogueSettings> {
    return this.#transport({ method: 'GET', path: `${BASE}/settings`, ...options });
  }

  updateSettings(
    settings: CatalogueSettings,
    options: CallOptions = {},
  ): Promise<CatalogueSettings> {
    const method = 'PATCH';
    return this.#transport({ method, path: `${BASE}/settings`, body: settings, ...options });
  }
}
