/**
 * Tenants, subscriptions, API keys and the event catalogue: rare writes on the event loop's own
 * connection.
 */
import type {
  ApiKeyRecord,
  ControlStore,
  EventTypeRecord,
  SourceRecord,
  SubscriptionRecord,
  TenantRecord,
} from '../control.ts';
import { storageError, type Connection } from './connection.ts';
import {
  fromEventType,
  fromSource,
  fromSubscription,
  fromTenant,
  toApiKey,
  toEventType,
  toSource,
  toSubscription,
  toTenant,
} from '../sql/rows.ts';
import { query } from './tables.ts';

export class SqliteControlStore implements ControlStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async tenants(numbers?: readonly number[]): Promise<readonly TenantRecord[]> {
    let select = query.selectFrom('tenant').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', 'in', [...numbers]);
    return this.#connection.all(select.compile()).map(toTenant);
  }

  async ensureTenant(name: string, now: number): Promise<TenantRecord> {
    this.#insertTenant({ name, status: 'active', settings: '{}', createdAt: now, updatedAt: now });
    const select = query.selectFrom('tenant').selectAll().where('name', '=', name);
    const row = this.#connection.first(select.compile());
    if (row === undefined) throw new Error(`tenant ${name} vanished while it was created`);
    return toTenant(row);
  }

  async insertTenant(record: Omit<TenantRecord, 'number'>): Promise<TenantRecord | undefined> {
    const row = this.#insertTenant(record);
    return row && toTenant(row);
  }

  async updateTenant(record: TenantRecord): Promise<void> {
    const update = query
      .updateTable('tenant')
      .set(fromTenant(record))
      .where('number', '=', record.number);
    this.#connection.run(update.compile());
  }

  /** Nothing when the name is taken. */
  #insertTenant(record: Omit<TenantRecord, 'number'>) {
    const insert = query
      .insertInto('tenant')
      .values(fromTenant(record))
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll();
    try {
      return this.#connection.first(insert.compile());
    } catch (error) {
      throw storageError(error);
    }
  }

  async subscriptions(numbers?: readonly number[]): Promise<readonly SubscriptionRecord[]> {
    let select = query.selectFrom('subscription').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', 'in', [...numbers]);
    return this.#connection.all(select.compile()).map(toSubscription);
  }

  async nextSubscriptionNumber(): Promise<number> {
    return this.#connection.run(query.insertInto('subscription_number').defaultValues().compile());
  }

  async insertSubscription(record: SubscriptionRecord): Promise<void> {
    const insert = query.insertInto('subscription').values(fromSubscription(record));
    this.#connection.run(insert.compile());
  }

  async updateSubscription(record: SubscriptionRecord, builtOn: number | null): Promise<boolean> {
    let update = query
      .updateTable('subscription')
      .set(fromSubscription(record))
      .where('number', '=', record.number);
    if (builtOn !== null) {
      update = update.where('updated_at', '=', builtOn).where('deleted_at', 'is', null);
    }
    return this.#connection.change(update.compile()) > 0;
  }

  async sources(numbers?: readonly number[]): Promise<readonly SourceRecord[]> {
    let select = query.selectFrom('source').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', 'in', [...numbers]);
    return this.#connection.all(select.compile()).map(toSource);
  }

  async nextSourceNumber(): Promise<number> {
    return this.#connection.run(query.insertInto('source_number').defaultValues().compile());
  }

  async insertSource(record: SourceRecord): Promise<void> {
    this.#connection.run(query.insertInto('source').values(fromSource(record)).compile());
  }

  async updateSource(record: SourceRecord, builtOn: number | null): Promise<boolean> {
    let update = query
      .updateTable('source')
      .set(fromSource(record))
      .where('number', '=', record.number);
    if (builtOn !== null) {
      update = update.where('updated_at', '=', builtOn).where('deleted_at', 'is', null);
    }
    return this.#connection.change(update.compile()) > 0;
  }

  async apiKeys(numbers?: readonly number[]): Promise<readonly ApiKeyRecord[]> {
    let select = query.selectFrom('api_key').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', 'in', [...numbers]);
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

  async eventTypes(): Promise<readonly EventTypeRecord[]> {
    const select = query.selectFrom('event_type').selectAll().orderBy('name');
    return this.#connection.all(select.compile()).map(toEventType);
  }

  async putEventTypes(records: readonly EventTypeRecord[]): Promise<void> {
    if (records.length === 0) return;
    // One statement, so that it is all or none; the catalogue's own limits keep it small enough.
    const insert = query
      .insertInto('event_type')
      .values(records.map(fromEventType))
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet((row) => ({
          settings: row.ref('excluded.settings'),
          created_at: row.ref('excluded.created_at'),
          updated_at: row.ref('excluded.updated_at'),
        })),
      );
    this.#connection.run(insert.compile());
  }

  async deleteEventType(name: string): Promise<void> {
    this.#connection.run(query.deleteFrom('event_type').where('name', '=', name).compile());
  }

  async catalogueSettings(): Promise<string | null> {
    const select = query.selectFrom('catalogue_settings').select('settings');
    return this.#connection.first(select.compile())?.settings ?? null;
  }

  async putCatalogueSettings(settings: string): Promise<void> {
    const insert = query
      .insertInto('catalogue_settings')
      .values({ id: 1, settings })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ settings }));
    this.#connection.run(insert.compile());
  }
}
