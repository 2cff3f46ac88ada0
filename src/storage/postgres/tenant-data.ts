/** All that a tenant has in the database, to count, to read and to erase. */
import type { EventRecord, Page } from '../journal.ts';
import type {
  DayUsage,
  TenantData,
  TenantEventPosition,
  TenantEventQuery,
} from '../tenant-data.ts';
import type { Database } from './connection.ts';
import { eraseSome } from './erase.ts';
import { toEvent } from '../sql/rows.ts';
import type { EventRow } from '../sql/tables.ts';

const USAGE = {
  name: 'tenant_usage',
  text: `
    select day, sum(events)::int8 as events, sum(bytes)::int8 as bytes from tenant_usage
    where tenant = $1 group by day order by day`,
};

/** Walks `event_by_type`, the one index that keeps a tenant's events together. */
const EVENTS = {
  name: 'tenant_events',
  text: `
    select * from event
    where (tenant, event_type, sequence) > ($1, $2::text, $3) and tenant = $1 and sequence <= $4
    order by tenant, event_type, sequence limit $5`,
};

/** It may take long, and nobody waits for it but who erases. */
const SHRED = [
  'set statement_timeout = 0',
  'vacuum event, attempt, delivery, dedupe_key, inbound_request',
];

export class PostgresTenantData implements TenantData {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  usage(tenant: number): Promise<readonly DayUsage[]> {
    return this.#database.query<DayUsage>(USAGE, [tenant]);
  }

  async events(
    tenant: number,
    { after, upTo, limit }: TenantEventQuery,
  ): Promise<Page<EventRecord, TenantEventPosition>> {
    const { eventType, sequence } = after ?? { eventType: '', sequence: 0 };
    const values = [tenant, eventType, sequence, upTo, limit];
    const rows = await this.#database.query<EventRow>(EVENTS, values);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    const next = last && { eventType: last.event_type, sequence: last.sequence };
    return { items: rows.map(toEvent), next };
  }

  erase(tenant: number, limit: number): Promise<number> {
    return this.#database.session((client) => eraseSome(client, tenant, limit));
  }

  /** Gives the room of erased rows to new ones, which then overwrite them. */
  async shred(): Promise<void> {
    await this.#database.session(async (client) => {
      for (const statement of SHRED) await client.query(statement);
    });
  }

  async remove(tenant: number): Promise<void> {
    await this.#database.query({ text: 'delete from tenant where number = $1' }, [tenant]);
  }
}
