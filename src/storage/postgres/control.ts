/** Tenants, subscriptions, API keys and the event catalogue: rare writes, seen by all nodes. */
import { sql, type CompiledQuery } from 'kysely';
import type {
  ApiKeyRecord,
  ControlStore,
  EventTypeRecord,
  SourceRecord,
  SubscriptionRecord,
  TenantRecord,
} from '../control.ts';
import type { Database } from './connection.ts';
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

export class PostgresControlStore implements ControlStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async tenants(numbers?: readonly number[]): Promise<readonly TenantRecord[]> {
    let select = query.selectFrom('tenant').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', '=', anyOf(numbers));
    return (await this.#all(select)).map(toTenant);
  }

  async ensureTenant(name: string, now: number): Promise<TenantRecord> {
    const select = query.selectFrom('tenant').selectAll().where('name', '=', name);
    const [known] = await this.#all(select);
    if (known !== undefined) return toTenant(known);
    const fresh = {
      name,
      status: 'active',
      settings: '{}',
      createdAt: now,
      updatedAt: now,
    } as const;
    const inserted = await this.insertTenant(fresh);
    if (inserted !== undefined) return inserted;
    // Somebody else was faster: then it is there.
    const [row] = await this.#all(select);
    if (row === undefined) throw new Error(`tenant ${name} vanished while it was created`);
    return toTenant(row);
  }

  async insertTenant(record: Omit<TenantRecord, 'number'>): Promise<TenantRecord | undefined> {
    const insert = query
      .insertInto('tenant')
      .values(fromTenant(record))
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll();
    const [row] = await this.#all(insert);
    return row && toTenant(row);
  }

  async updateTenant(record: TenantRecord): Promise<void> {
    const update = query
      .updateTable('tenant')
      .set(fromTenant(record))
      .where('number', '=', record.number);
    await this.#all(update);
  }

  async subscriptions(numbers?: readonly number[]): Promise<readonly SubscriptionRecord[]> {
    let select = query.selectFrom('subscription').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', '=', anyOf(numbers));
    return (await this.#all(select)).map(toSubscription);
  }

  async nextSubscriptionNumber(): Promise<number> {
    const [row] = await this.#database.query<{ number: number }>({
      text: `select nextval('subscription_number') as number`,
    });
    if (row === undefined) throw new Error('a sequence gave no number');
    return row.number;
  }

  async insertSubscription(record: SubscriptionRecord): Promise<void> {
    await this.#all(query.insertInto('subscription').values(fromSubscription(record)));
  }

  async updateSubscription(record: SubscriptionRecord, builtOn: number | null): Promise<boolean> {
    let update = query
      .updateTable('subscription')
      .set(fromSubscription(record))
      .where('number', '=', record.number)
      .returning('number');
    if (builtOn !== null) {
      update = update.where('updated_at', '=', builtOn).where('deleted_at', 'is', null);
    }
    return (await this.#all(update)).length > 0;
  }

  async sources(numbers?: readonly number[]): Promise<readonly SourceRecord[]> {
    let select = query.selectFrom('source').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', '=', anyOf(numbers));
    return (await this.#all(select)).map(toSource);
  }

  async nextSourceNumber(): Promise<number> {
    const [row] = await this.#database.query<{ number: number }>({
      text: `select nextval('source_number') as number`,
    });
    if (row === undefined) throw new Error('a sequence gave no number');
    return row.number;
  }

  async insertSource(record: SourceRecord): Promise<void> {
    await this.#all(query.insertInto('source').values(fromSource(record)));
  }

  async updateSource(record: SourceRecord, builtOn: number | null): Promise<boolean> {
    let update = query
      .updateTable('source')
      .set(fromSource(record))
      .where('number', '=', record.number)
      .returning('number');
    if (builtOn !== null) {
      update = update.where('updated_at', '=', builtOn).where('deleted_at', 'is', null);
    }
    return (await this.#all(update)).length > 0;
  }

  async apiKeys(numbers?: readonly number[]): Promise<readonly ApiKeyRecord[]> {
    let select = query.selectFrom('api_key').selectAll().orderBy('number');
    if (numbers !== undefined) select = select.where('number', '=', anyOf(numbers));
    return (await this.#all(select)).map(toApiKey);
  }

  async insertApiKey(record: Omit<ApiKeyRecord, 'number'>): Promise<ApiKeyRecord> {
    const insert = query
      .insertInto('api_key')
      .values({
        tenant: record.tenant,
        name: record.name,
        hash: record.hash,
        hint: record.hint,
        scopes: record.scopes.join(' '),
        created_at: record.createdAt,
        expires_at: record.expiresAt,
        revoked_at: record.revokedAt,
      })
      .returning('number');
    const [row] = await this.#all(insert);
    if (row === undefined) throw new Error('the new key got no number');
    return { ...record, number: row.number };
  }

  async revokeApiKey(number: number, now: number): Promise<void> {
    const update = query
      .updateTable('api_key')
      .set({ revoked_at: now })
      .where('number', '=', number)
      .where('revoked_at', 'is', null);
    await this.#all(update);
  }

  async eventTypes(): Promise<readonly EventTypeRecord[]> {
    const rows = await this.#all(query.selectFrom('event_type').selectAll().orderBy('name'));
    return rows.map(toEventType);
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
    await this.#all(insert);
  }

  async deleteEventType(name: string): Promise<void> {
    await this.#all(query.deleteFrom('event_type').where('name', '=', name));
  }

  async catalogueSettings(): Promise<string | null> {
    const rows = await this.#all(query.selectFrom('catalogue_settings').select('settings'));
    return rows[0]?.settings ?? null;
  }

  async putCatalogueSettings(settings: string): Promise<void> {
    const insert = query
      .insertInto('catalogue_settings')
      .values({ id: 1, settings })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ settings }));
    await this.#all(insert);
  }

  async #all<Row extends object>(built: {
    compile(): CompiledQuery<Row>;
  }): Promise<readonly Row[]> {
    const { sql: text, parameters } = built.compile();
    return this.#database.query<Row>({ text }, parameters);
  }
}

/** As one array: `in` would take a parameter for each, and there is a limit to those. */
function anyOf(numbers: readonly number[]) {
  return sql<number>`any (${[...numbers]}::int4[])`;
}
