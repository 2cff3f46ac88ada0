/** Tenants, subscriptions and API keys: rare writes on the event loop's own connection. */
import type { ApiKeyRecord, ControlStore, SubscriptionRecord, TenantRecord } from '../control.ts';
import type { Connection } from './connection.ts';
import { fromSubscription, toApiKey, toSubscription, toTenant } from './rows.ts';
import { query } from './tables.ts';

export class SqliteControlStore implements ControlStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async tenants(): Promise<readonly TenantRecord[]> {
    const select = query.selectFrom('tenant').selectAll().orderBy('number');
    return this.#connection.all(select.compile()).map(toTenant);
  }

  async ensureTenant(name: string, now: number): Promise<TenantRecord> {
    const insert = query
      .insertInto('tenant')
      .values({ name, created_at: now })
      .onConflict((conflict) => conflict.column('name').doNothing());
    this.#connection.run(insert.compile());
    const select = query.selectFrom('tenant').selectAll().where('name', '=', name);
    const row = this.#connection.first(select.compile());
    if (row === undefined) throw new Error(`tenant ${name} vanished while it was created`);
    return toTenant(row);
  }

  async subscriptions(): Promise<readonly SubscriptionRecord[]> {
    const select = query.selectFrom('subscription').selectAll().orderBy('number');
    return this.#connection.all(select.compile()).map(toSubscription);
  }

  async nextSubscriptionNumber(): Promise<number> {
    return this.#connection.run(query.insertInto('subscription_number').defaultValues().compile());
  }

  async insertSubscription(record: SubscriptionRecord): Promise<void> {
    const insert = query.insertInto('subscription').values(fromSubscription(record));
    this.#connection.run(insert.compile());
  }

  async updateSubscription(record: SubscriptionRecord): Promise<void> {
    const update = query
      .updateTable('subscription')
      .set(fromSubscription(record))
      .where('number', '=', record.number);
    this.#connection.run(update.compile());
  }

  async apiKeys(): Promise<readonly ApiKeyRecord[]> {
    const select = query.selectFrom('api_key').selectAll().orderBy('number');
    return this.#connection.all(select.compile()).map(toApiKey);
  }

  async insertApiKey(record: Omit<ApiKeyRecord, 'number'>): Promise<ApiKeyRecord> {
    const insert = query.insertInto('api_key').values({
      tenant: record.tenant,
      name: record.name,
      hash: record.hash,
      hint: record.hint,
      scopes: record.scopes.join(' '),
      created_at: record.createdAt,
      expires_at: record.expiresAt,
      revoked_at: record.revokedAt,
    });
    return { ...record, number: this.#connection.run(insert.compile()) };
  }

  async revokeApiKey(number: number, now: number): Promise<void> {
    const update = query
      .updateTable('api_key')
      .set({ revoked_at: now })
      .where('number', '=', number)
      .where('revoked_at', 'is', null);
    this.#connection.run(update.compile());
  }
}
