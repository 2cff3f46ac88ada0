/** Tenants, subscriptions and API keys in memory. */
import type { ApiKeyRecord, ControlStore, SubscriptionRecord, TenantRecord } from '../control.ts';
import { StorageError } from '../storage.ts';
import type { ControlTables } from './tables.ts';

export class MemoryControlStore implements ControlStore {
  readonly #open: () => ControlTables;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => ControlTables) {
    this.#open = open;
  }

  async tenants(): Promise<readonly TenantRecord[]> {
    return [...this.#open().tenants.values()];
  }

  async ensureTenant(name: string, now: number): Promise<TenantRecord> {
    const { tenants } = this.#open();
    const known = tenants.get(name);
    if (known !== undefined) return known;
    const created = { number: tenants.size + 1, name, createdAt: now };
    tenants.set(name, created);
    return created;
  }

  async subscriptions(): Promise<readonly SubscriptionRecord[]> {
    return [...this.#open().subscriptions.values()];
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

  async updateSubscription(record: SubscriptionRecord): Promise<void> {
    const { subscriptions } = this.#open();
    if (subscriptions.has(record.number)) subscriptions.set(record.number, own(record));
  }

  async apiKeys(): Promise<readonly ApiKeyRecord[]> {
    return [...this.#open().apiKeys.values()];
  }

  async insertApiKey(record: Omit<ApiKeyRecord, 'number'>): Promise<ApiKeyRecord> {
    const { apiKeys } = this.#open();
    const key = { ...record, scopes: [...record.scopes], number: apiKeys.size + 1 };
    apiKeys.set(key.number, key);
    return key;
  }

  async revokeApiKey(number: number, now: number): Promise<void> {
    const { apiKeys } = this.#open();
    const key = apiKeys.get(number);
    if (key?.revokedAt === null) apiKeys.set(number, { ...key, revokedAt: now });
  }
}

/** A copy, so that callers may reuse their buffers. */
function own(record: SubscriptionRecord): SubscriptionRecord {
  return { ...record, sealedSecrets: record.sealedSecrets.slice() };
}
