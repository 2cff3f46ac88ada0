/** Tenants, subscriptions, API keys and the event catalogue in memory. */
import type {
  ApiKeyRecord,
  ControlStore,
  EventTypeRecord,
  SourceRecord,
  SubscriptionRecord,
  TenantRecord,
} from '../control.ts';
import { StorageError } from '../storage.ts';
import type { ControlTables } from './tables.ts';

export class MemoryControlStore implements ControlStore {
  readonly #open: () => ControlTables;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => ControlTables) {
    this.#open = open;
  }

  async tenants(numbers?: readonly number[]): Promise<readonly TenantRecord[]> {
    return chosen(this.#open().tenants, numbers);
  }

  async ensureTenant(name: string, now: number): Promise<TenantRecord> {
    const tables = this.#open();
    const record = {
      name,
      status: 'active',
      settings: '{}',
      createdAt: now,
      updatedAt: now,
    } as const;
    return tables.tenants.get(name) ?? addTenant(tables, record);
  }

  async insertTenant(record: Omit<TenantRecord, 'number'>): Promise<TenantRecord | undefined> {
    const tables = this.#open();
    return tables.tenants.has(record.name) ? undefined : addTenant(tables, record);
  }

  async updateTenant(record: TenantRecord): Promise<void> {
    const { tenants } = this.#open();
    if (tenants.get(record.name)?.number === record.number) tenants.set(record.name, { ...record });
  }

  async subscriptions(numbers?: readonly number[]): Promise<readonly SubscriptionRecord[]> {
    return chosen(this.#open().subscriptions, numbers);
  }

  async nextSubscriptionNumber(): Promise<number> {
    const tables = this.#open();
    tables.lastSubscriptionNumber += 1;
    return tables.lastSubscriptionNumber;
  }

  async insertSubscription(record: SubscriptionRecord): Promise<void> {
    const { subscriptions } = this.#open();
    if (subscriptions.has(record.number)) {
      throw new StorageError('broken', `subscription number ${record.number} is taken.`);
    }
    subscriptions.set(record.number, own(record));
  }

  async updateSubscription(record: SubscriptionRecord, builtOn: number | null): Promise<boolean> {
    return replace(this.#open().subscriptions, record, builtOn);
  }

  async sources(numbers?: readonly number[]): Promise<readonly SourceRecord[]> {
    return chosen(this.#open().sources, numbers);
  }

  async nextSourceNumber(): Promise<number> {
    const tables = this.#open();
    tables.lastSourceNumber += 1;
    return tables.lastSourceNumber;
  }

  async insertSource(record: SourceRecord): Promise<void> {
    const { sources } = this.#open();
    if (sources.has(record.number)) {
      throw new StorageError('broken', `source number ${record.number} is taken.`);
    }
    sources.set(record.number, own(record));
  }

  async updateSource(record: SourceRecord, builtOn: number | null): Promise<boolean> {
    return replace(this.#open().sources, record, builtOn);
  }

  async apiKeys(numbers?: readonly number[]): Promise<readonly ApiKeyRecord[]> {
    return chosen(this.#open().apiKeys, numbers);
  }

  async insertApiKey(record: Omit<ApiKeyRecord, 'number'>): Promise<ApiKeyRecord> {
    const tables = this.#open();
    tables.lastApiKeyNumber += 1;
    const key = { ...record, scopes: [...record.scopes], number: tables.lastApiKeyNumber };
    tables.apiKeys.set(key.number, key);
    return key;
  }

  async revokeApiKey(number: number, now: number): Promise<void> {
    const { apiKeys } = this.#open();
    const key = apiKeys.get(number);
    if (key?.revokedAt === null) apiKeys.set(number, { ...key, revokedAt: now });
  }

  async eventTypes(): Promise<readonly EventTypeRecord[]> {
    return [...this.#open().eventTypes.values()];
  }

  async putEventTypes(records: readonly EventTypeRecord[]): Promise<void> {
    const { eventTypes } = this.#open();
    for (const record of records) eventTypes.set(record.name, { ...record });
  }

  async deleteEventType(name: string): Promise<void> {
    this.#open().eventTypes.delete(name);
  }

  async catalogueSettings(): Promise<string | null> {
    return this.#open().catalogueSettings;
  }

  async putCatalogueSettings(settings: string): Promise<void> {
    this.#open().catalogueSettings = settings;
  }
}

function addTenant(tables: ControlTables, record: Omit<TenantRecord, 'number'>): TenantRecord {
  tables.lastTenantNumber += 1;
  const created = { ...record, number: tables.lastTenantNumber };
  tables.tenants.set(record.name, created);
  return created;
}

/** All rows, or those with these numbers, in order of number. */
function chosen<Row extends { readonly number: number }>(
  rows: ReadonlyMap<unknown, Row>,
  numbers: readonly number[] | undefined,
): Row[] {
  const wanted = numbers && new Set(numbers);
  return [...rows.values()]
    .filter((row) => wanted?.has(row.number) ?? true)
    .toSorted((a, b) => a.number - b.number);
}

/** A copy, so that callers may reuse their buffers. */
function own<Row extends { readonly sealedSecrets: Uint8Array }>(record: Row): Row {
  return { ...record, sealedSecrets: record.sealedSecrets.slice() };
}

/** @returns false when the row is not the one that the record was made from. */
function replace<Row extends SubscriptionRecord | SourceRecord>(
  rows: Map<number, Row>,
  record: Row,
  builtOn: number | null,
): boolean {
  const current = rows.get(record.number);
  if (current === undefined) return false;
  if (builtOn !== null && !(current.updatedAt === builtOn && current.deletedAt === null)) {
    return false;
  }
  rows.set(record.number, own(record));
  return true;
}
