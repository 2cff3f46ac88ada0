/** All that a tenant has in the database, to count, to read and to erase. */
import type { EventRecord, Page } from '../journal.ts';
import type {
  DayUsage,
  TenantData,
  TenantEventPosition,
  TenantEventQuery,
} from '../tenant-data.ts';
import type { Connection } from './connection.ts';
import { toEvent } from '../sql/rows.ts';
import type { EventRow } from '../sql/tables.ts';
import { query } from './tables.ts';
import type { Writer } from './writer.ts';

export class SqliteTenantData implements TenantData {
  readonly #connection: Connection;
  readonly #writer: Writer;

  constructor(connection: Connection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
  }

  async usage(tenant: number): Promise<readonly DayUsage[]> {
    const select = query
      .selectFrom('tenant_usage')
      .select(['day', 'events', 'bytes'])
      .where('tenant', '=', tenant)
      .orderBy('day');
    return this.#connection.all(select.compile());
  }

  /** Walks `event_by_type`, the one index that keeps a tenant's events together. */
  async events(
    tenant: number,
    { after, upTo, limit }: TenantEventQuery,
  ): Promise<Page<EventRecord, TenantEventPosition>> {
    let select = query
      .selectFrom('event')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('sequence', '<=', upTo)
      .orderBy('event_type')
      .orderBy('sequence')
      .limit(limit);
    if (after !== undefined) {
      const { eventType, sequence } = after;
      select = select.where((where) =>
        where(where.refTuple('event_type', 'sequence'), '>', where.tuple(eventType, sequence)),
      );
    }
    const rows: EventRow[] = this.#connection.all(select.compile());
    const last = rows.length === limit ? rows.at(-1) : undefined;
    const next = last && { eventType: last.event_type, sequence: last.sequence };
    return { items: rows.map(toEvent), next };
  }

  erase(tenant: number, limit: number): Promise<number> {
    return this.#writer.run({ chore: 'erase', tenant, limit });
  }

  async shred(): Promise<void> {
    await this.#writer.run({ chore: 'shred' });
  }

  async remove(tenant: number): Promise<void> {
    await this.#writer.run({ chore: 'remove', tenant });
  }
}
