/** `/v1/tenants`: needs the admin key. */
import type { CursorList } from './cursor-list.ts';
import { BellwireError, errorFromProblem } from './error.ts';
import { ndjson } from './ndjson.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { CreateTenant, ExportLine, Tenant } from './tenant-types.ts';
import type { TenantWithUsage, UpdateTenant } from './tenant-types.ts';
import type { ListQuery } from './types.ts';

export class Tenants {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  create(settings: CreateTenant, options: CallOptions = {}): Promise<Tenant> {
    return this.#transport({ method: 'POST', path: '/tenants', body: settings, ...options });
  }

  get(name: string, options: CallOptions = {}): Promise<TenantWithUsage> {
    return this.#transport({ method: 'GET', path: path`/tenants/${name}`, ...options });
  }

  list(query: ListQuery = {}, options: CallOptions = {}): CursorList<Tenant> {
    return listOf(this.#transport, '/tenants', { ...query }, options);
  }

  update(name: string, changes: UpdateTenant, options: CallOptions = {}): Promise<Tenant> {
    const method = 'PATCH';
    return this.#transport({ method, path: path`/tenants/${name}`, body: changes, ...options });
  }

  /** All that it has is erased in the background; it is gone when `get` says `not_found`. */
  delete(name: string, options: CallOptions = {}): Promise<Tenant> {
    return this.#transport({ method: 'DELETE', path: path`/tenants/${name}`, ...options });
  }

  /**
   * All that the tenant has, a line at a time. A loop that ends without an error has seen it all.
   * @param cursor of the last `cursor` line of an export that broke off: goes on behind it.
   */
  async *export(
    name: string,
    cursor?: string,
    options: CallOptions = {},
  ): AsyncGenerator<ExportLine, void, undefined> {
    const body = await this.#transport<ReadableStream<Uint8Array> | null>({
      method: 'GET',
      path: path`/tenants/${name}/export`,
      query: { cursor },
      stream: true,
      ...options,
    });
    let last: ExportLine | undefined;
    for await (const value of ndjson(body)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the API promises
      last = value as ExportLine;
      if (last.type === 'error') throw errorFromProblem(last.error);
      yield last;
    }
    if (last?.type === 'summary') return;
    const title = 'The export ended too early';
    throw new BellwireError({ status: 200, code: 'unexpected_response', title });
  }
}
