/**
 * The control plane's write path for subscriptions: the store, and the in-memory snapshot that
 * routing and dispatch read. Holds the opened secrets; the store sees sealed ones only.
 *
 * A new subscription is stored before it is routed to; a change or deletion takes effect at once
 * and is stored after, so that changes in a row build on each other. If storing it fails, it lasts
 * until the restart, and the caller is told that it failed.
 */
import { recordId, parseRecordId } from '../domain/ids.ts';
import { compileRoutes } from '../domain/routing.ts';
import { openSecret, sealSecret, SEAL_RANDOM_BYTES, type MasterKey } from '../domain/secret-box.ts';
import type {
  Subscription,
  SubscriptionSettings,
  SubscriptionStatus,
} from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { ControlStore, SubscriptionRecord } from './control.ts';

/** What routing and dispatch need to know; a lookup in memory, never a read of the store. */
export interface SubscriptionDirectory {
  /** Active, paused and disabled subscriptions that want this event type. */
  match(tenant: number, eventType: string): readonly Subscription[];
  /** Undefined once deleted. */
  byNumber(number: number): Subscription | undefined;
}

export interface NewSubscription {
  readonly tenant: number;
  readonly settings: SubscriptionSettings;
  readonly secrets: readonly string[];
}

/** Changes to one subscription; an absent field stays as it is. */
export interface SubscriptionChange {
  readonly settings?: SubscriptionSettings;
  readonly status?: SubscriptionStatus;
  readonly disabledReason?: string | null;
  readonly failingSince?: number | null;
}

/** A subscription that exists or once existed. */
export interface KnownSubscription {
  readonly number: number;
  readonly tenant: number;
  readonly id: string;
}

/** Told after the snapshot has changed. */
export interface SubscriptionListener {
  changed(current: Subscription): void;
  deleted(former: Subscription): void;
}

interface Options {
  readonly control: ControlStore;
  /** The first seals; all open. */
  readonly masterKeys: readonly MasterKey[];
  readonly clock: Clock;
  readonly random: Random;
}

const NO_SUBSCRIPTIONS: readonly Subscription[] = [];

type Routes = ReturnType<typeof compileRoutes<Subscription>>;

export class SubscriptionRegistry implements SubscriptionDirectory {
  readonly #options: Options;
  readonly #byNumber = new Map<number, Subscription>();
  /** Also the deleted ones: old deliveries still name them. */
  readonly #known = new Map<number, KnownSubscription>();
  readonly #byTenant = new Map<number, Set<number>>();
  readonly #routes = new Map<number, Routes>();

  readonly #listeners: SubscriptionListener[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  listen(listener: SubscriptionListener): void {
    this.#listeners.push(listener);
  }

  /** Fills the snapshot. @throws SecretBoxError when the master key does not fit the store. */
  async load(): Promise<void> {
    for (const record of await this.#options.control.subscriptions()) {
      if (record.deletedAt === null) this.#put(this.#open(record));
      else this.#know(record, recordId('sub', record.createdAt, record.number));
    }
  }

  match(tenant: number, eventType: string): readonly Subscription[] {
    let routes = this.#routes.get(tenant);
    if (routes === undefined) {
      const numbers = this.#byTenant.get(tenant);
      if (numbers === undefined) return NO_SUBSCRIPTIONS;
      routes = compileRoutes(
        this.#all(numbers).map((value) => ({ patterns: value.eventTypes, value })),
      );
      this.#routes.set(tenant, routes);
    }
    return routes.match(eventType);
  }

  byNumber(number: number): Subscription | undefined {
    return this.#byNumber.get(number);
  }

  /** The public id of a subscription that exists or once existed. */
  idOf(number: number): string | undefined {
    return this.#known.get(number)?.id;
  }

  /** All that exist or once existed, of all tenants. */
  known(): readonly KnownSubscription[] {
    return [...this.#known.values()];
  }

  /** By public id within a tenant; undefined for deleted ones and those of other tenants. */
  find(tenant: number, id: string): Subscription | undefined {
    const parsed = parseRecordId('sub', id);
    const found = parsed && this.#byNumber.get(parsed.number);
    return found?.id === id && found.tenant === tenant ? found : undefined;
  }

  /** All of a tenant, oldest first. */
  list(tenant: number): readonly Subscription[] {
    return this.#all(this.#byTenant.get(tenant) ?? new Set()).toSorted(
      (a, b) => a.number - b.number,
    );
  }

  count(tenant: number): number {
    return this.#byTenant.get(tenant)?.size ?? 0;
  }

  async create(wanted: NewSubscription): Promise<Subscription> {
    const now = this.#options.clock.now();
    const number = await this.#options.control.nextSubscriptionNumber();
    const subscription: Subscription = {
      ...wanted.settings,
      number,
      id: recordId('sub', now, number),
      tenant: wanted.tenant,
      status: 'active',
      disabledReason: null,
      failingSince: null,
      createdAt: now,
      updatedAt: now,
      secrets: wanted.secrets,
    };
    await this.#options.control.insertSubscription(this.#record(subscription, null));
    this.#put(subscription);
    return subscription;
  }

  /** Applies a change to the newest state of the subscription, which may have moved on. */
  async change(number: number, change: SubscriptionChange): Promise<Subscription | undefined> {
    const current = this.#byNumber.get(number);
    if (current === undefined) return undefined;
    const { settings, ...rest } = change;
    const updatedAt = this.#options.clock.now();
    const changed: Subscription = { ...current, ...settings, ...rest, updatedAt };
    // The snapshot first: two changes in a row must build on each other, not on the store.
    this.#put(changed);
    for (const listener of this.#listeners) listener.changed(changed);
    await this.#options.control.updateSubscription(this.#record(changed, null));
    return changed;
  }

  async delete(number: number): Promise<void> {
    const current = this.#byNumber.get(number);
    if (current === undefined) return;
    this.#byNumber.delete(number);
    this.#byTenant.get(current.tenant)?.delete(number);
    this.#routes.delete(current.tenant);
    for (const listener of this.#listeners) listener.deleted(current);
    const record = this.#record({ ...current, secrets: [] }, this.#options.clock.now());
    await this.#options.control.updateSubscription(record);
  }

  #put(subscription: Subscription): void {
    const { number, tenant } = subscription;
    this.#byNumber.set(number, subscription);
    this.#know(subscription, subscription.id);
    const ofTenant = this.#byTenant.get(tenant);
    if (ofTenant === undefined) this.#byTenant.set(tenant, new Set([number]));
    else ofTenant.add(number);
    this.#routes.delete(tenant);
  }

  #know({ number, tenant }: { number: number; tenant: number }, id: string): void {
    this.#known.set(number, { number, tenant, id });
  }

  #all(numbers: ReadonlySet<number>): Subscription[] {
    const found: Subscription[] = [];
    for (const number of numbers) {
      const subscription = this.#byNumber.get(number);
      if (subscription !== undefined) found.push(subscription);
    }
    return found;
  }

  #record(subscription: Subscription, deletedAt: number | null): SubscriptionRecord {
    const { number, tenant, status, disabledReason, failingSince, createdAt, updatedAt } =
      subscription;
    const [masterKey] = this.#options.masterKeys;
    if (masterKey === undefined) throw new Error('no master key to seal secrets with');
    return {
      number,
      tenant,
      status,
      disabledReason,
      failingSince,
      createdAt,
      updatedAt,
      deletedAt,
      settings: JSON.stringify(settingsOf(subscription)),
      sealedSecrets: sealSecret({
        masterKey,
        aad: secretContext(tenant, number),
        plaintext: JSON.stringify(subscription.secrets),
        random: this.#options.random.bytes(SEAL_RANDOM_BYTES),
      }),
    };
  }

  #open(record: SubscriptionRecord): Subscription {
    const settings = JSON.parse(record.settings) as SubscriptionSettings;
    const secrets = openSecret({
      masterKeys: this.#options.masterKeys,
      aad: secretContext(record.tenant, record.number),
      sealed: record.sealedSecrets,
    });
    return {
      ...settings,
      number: record.number,
      id: recordId('sub', record.createdAt, record.number),
      tenant: record.tenant,
      status: record.status,
      disabledReason: record.disabledReason,
      failingSince: record.failingSince,
      createdAt: record.createdAt,
      updatedAt: record.updatedAt,
      secrets: JSON.parse(secrets) as string[],
    };
  }
}

/** Binds a sealed secret to its row, so that it can't be copied into another tenant's. */
function secretContext(tenant: number, number: number): string {
  return `tenant:${tenant}|subscription:${number}`;
}

function settingsOf(subscription: Subscription): SubscriptionSettings {
  const { name, eventTypes, destination, retryScheduleSeconds, timeoutMs, rateLimit } =
    subscription;
  const { maxInFlight, headers, signatures, signing, metadata } = subscription;
  return {
    name,
    eventTypes,
    destination,
    retryScheduleSeconds,
    timeoutMs,
    rateLimit,
    maxInFlight,
    headers,
    signatures,
    signing,
    metadata,
  };
}
