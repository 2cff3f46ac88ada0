/**
 * All tenants, in memory: who is who, and what their operator laid down for them. Accept, the API
 * and retention look here, never into the store. A change takes effect once it is stored; what
 * concerns one tenant happens in turns, so that nothing older is put over something newer.
 */
import { isDeepStrictEqual } from 'node:util';
import { recordId } from '../domain/ids.ts';
import { DEFAULT_TENANT_SETTINGS, type Tenant, type TenantSettings } from '../domain/tenant.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlStore, TenantRecord } from './control.ts';
import { Turns } from './turns.ts';

/** Told after the directory has changed. */
export interface TenantListener {
  /** New, loaded, with other settings, or on its way out: see `status`. */
  changed(tenant: Tenant): void;
  /** Nothing of it is left. */
  removed(tenant: Tenant): void;
}

interface Options {
  readonly control: Pick<
    ControlStore,
    'tenants' | 'ensureTenant' | 'insertTenant' | 'updateTenant'
  >;
  readonly clock: Pick<Clock, 'now'>;
}

export class TenantDirectory {
  readonly #options: Options;
  readonly #byNumber = new Map<number, Tenant>();
  readonly #byName = new Map<string, Tenant>();
  /** Being deleted, or deleted while this process has lived: requests of theirs may still come. */
  readonly #leaving = new Set<number>();
  readonly #listeners: TenantListener[] = [];
  readonly #turns = new Turns();

  constructor(options: Options) {
    this.#options = options;
  }

  /** The listener is told of all that are known already, and of what happens from now on. */
  listen(listener: TenantListener): void {
    this.#listeners.push(listener);
    for (const tenant of this.#byNumber.values()) listener.changed(tenant);
  }

  async load(): Promise<void> {
    for (const record of await this.#options.control.tenants()) this.#put(fromRecord(record));
  }

  /** Takes over what other nodes wrote into these rows. */
  async refresh(numbers: readonly number[]): Promise<void> {
    const { control } = this.#options;
    const stored = new Map((await control.tenants(numbers)).map((row) => [row.number, row]));
    for (const number of numbers) {
      const known = this.#byNumber.get(number);
      const record = stored.get(number);
      if (known === undefined) {
        if (record !== undefined) this.#put(fromRecord(record));
      } else if (record === undefined || !isDeepStrictEqual(known, fromRecord(record)))
        await this.#reread(number);
    }
  }

  #reread(number: number): Promise<void> {
    return this.#turns.take(number, async () => {
      const [record] = await this.#options.control.tenants([number]);
      if (record === undefined) this.forget(number);
      else this.#put(fromRecord(record));
    });
  }

  find(name: string): Tenant | undefined {
    return this.#byName.get(name);
  }

  byNumber(number: number): Tenant | undefined {
    return this.#byNumber.get(number);
  }

  /** What holds for a tenant; the defaults for one that is not known here. */
  settings(number: number): TenantSettings {
    return this.#byNumber.get(number) ?? DEFAULT_TENANT_SETTINGS;
  }

  /** True for tenants that may store nothing any more. Asked for every request. */
  isLeaving(number: number): boolean {
    return this.#leaving.size > 0 && this.#leaving.has(number);
  }

  /** Oldest first. */
  list(): readonly Tenant[] {
    return [...this.#byNumber.values()].toSorted((a, b) => a.number - b.number);
  }

  /** The tenant of that name, which comes into being when there is none. */
  async ensure(name: string): Promise<Tenant> {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { control, clock } = this.#options;
    const record = await control.ensureTenant(name, clock.now());
    // Somebody else may have asked for it at the same time, and given it settings since.
    return this.#byNumber.get(record.number) ?? this.#put(fromRecord(record));
  }

  /** @returns undefined when there is a tenant of that name. */
  async create(name: string, settings: TenantSettings): Promise<Tenant | undefined> {
    const now = this.#options.clock.now();
    const record = await this.#options.control.insertTenant({
      name,
      status: 'active',
      settings: JSON.stringify(settings),
      createdAt: now,
      updatedAt: now,
    });
    return record && (this.#byNumber.get(record.number) ?? this.#put(fromRecord(record)));
  }

  /** @param settings from what they are by then. */
  change(
    number: number,
    settings: (current: TenantSettings) => TenantSettings,
  ): Promise<Tenant | undefined> {
    return this.#write(number, (current) => ({ ...current, ...settings(current) }));
  }

  /** From the answer on the tenant takes nothing more. Repeating it changes nothing. */
  startDeletion(number: number): Promise<Tenant | undefined> {
    return this.#write(number, (current) =>
      current.status === 'deleting' ? current : { ...current, status: 'deleting' },
    );
  }

  /** @returns undefined when the tenant is not there. */
  #write(number: number, change: (current: Tenant) => Tenant): Promise<Tenant | undefined> {
    return this.#turns.take(number, async () => {
      const current = this.#byNumber.get(number);
      const wanted = current && change(current);
      if (wanted === undefined || wanted === current) return current;
      const changed = { ...wanted, updatedAt: this.#options.clock.now() };
      await this.#options.control.updateTenant(toRecord(changed));
      return this.#put(changed);
    });
  }

  /** Its last row has left the store: the name is free. */
  forget(number: number): void {
    const tenant = this.#byNumber.get(number);
    if (tenant === undefined) return;
    this.#leaving.add(number);
    this.#byNumber.delete(number);
    this.#byName.delete(tenant.name);
    for (const listener of this.#listeners) listener.removed(tenant);
  }

  #put(tenant: Tenant): Tenant {
    this.#byNumber.set(tenant.number, tenant);
    this.#byName.set(tenant.name, tenant);
    if (tenant.status === 'deleting') this.#leaving.add(tenant.number);
    for (const listener of this.#listeners) listener.changed(tenant);
    return tenant;
  }
}

function fromRecord(record: TenantRecord): Tenant {
  const { number, name, status, createdAt, updatedAt } = record;
  const stored = JSON.parse(record.settings) as Partial<TenantSettings>;
  return {
    ...DEFAULT_TENANT_SETTINGS,
    ...stored,
    quotas: { ...DEFAULT_TENANT_SETTINGS.quotas, ...stored.quotas },
    number,
    id: recordId('ten', createdAt, number),
    name,
    status,
    createdAt,
    updatedAt,
  };
}

function toRecord(tenant: Tenant): TenantRecord {
  const { number, name, status, createdAt, updatedAt, id: _id, ...settings } = tenant;
  return { number, name, status, createdAt, updatedAt, settings: JSON.stringify(settings) };
}
