/** All that a tenant has in memory, to count, to read and to erase. */
import type { EventRecord, Page } from '../journal.ts';
import type {
  DayUsage,
  TenantData,
  TenantEventPosition,
  TenantEventQuery,
} from '../tenant-data.ts';
import type { ControlTables, MemoryData } from './tables.ts';

export class MemoryTenantData implements TenantData {
  readonly #open: () => MemoryData;

  /** @param open gives the data, or throws once the store is closed. */
  constructor(open: () => MemoryData) {
    this.#open = open;
  }

  async usage(tenant: number): Promise<readonly DayUsage[]> {
    return this.#open().journal.usage(tenant);
  }

  async events(
    tenant: number,
    query: TenantEventQuery,
  ): Promise<Page<EventRecord, TenantEventPosition>> {
    const { after, upTo, limit } = query;
    const items: EventRecord[] = [];
    for (const event of this.#open().journal.eventsAfter(after?.sequence ?? 0)) {
      if (event.sequence > upTo) break;
      if (event.tenant === tenant) items.push(event);
      const { sequence, eventType } = event;
      if (items.length === limit) return { items, next: { sequence, eventType } };
    }
    return { items, next: undefined };
  }

  async erase(tenant: number, limit: number): Promise<number> {
    const { journal, control, replays, pollStates, inboxes } = this.#open();
    const polled = [...pollStates.values()].flatMap((rows) => [...rows.values()]);
    for (const row of polled) if (row.tenant === tenant) pollStates.delete(row.source);
    const records = () => eraseRecords(tenant, control, replays) + inboxes.erase(tenant);
    return journal.erase(tenant, limit) || journal.inbound.erase(tenant, limit) || records();
  }

  async shred(): Promise<void> {
    this.#open();
  }

  async remove(tenant: number): Promise<void> {
    const { tenants } = this.#open().control;
    for (const { name, number } of tenants.values()) if (number === tenant) tenants.delete(name);
  }
}

function eraseRecords(
  tenant: number,
  { subscriptions, sources, apiKeys }: ControlTables,
  replays: MemoryData['replays'],
): number {
  let rows = 0;
  for (const table of [subscriptions, sources, apiKeys, replays]) {
    for (const [number, record] of table) {
      if (record.tenant === tenant && table.delete(number)) rows += 1;
    }
  }
  return rows;
}
