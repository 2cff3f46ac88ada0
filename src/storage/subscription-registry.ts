/**
 * The control plane's write path for subscriptions: the store, and the in-memory snapshot that
 * routing and dispatch read. Holds the opened secrets; the store sees sealed ones only.
 *
 * The store first, then the snapshot and its listeners: deliveries that were held or cancelled
 * can't be taken back, so nothing follows from a change before it is durable, and a caller who is
 * told that it failed finds everything as it was. Changes of one subscription take turns and build
 * on each other. A write that failed may have reached the disk all the same; the store is made to
 * agree with the snapshot as soon as it takes something again.
 *
 * In a cluster other nodes write the same rows: `refresh` takes over what they wrote, and a change
 * that meets a row it was not made of is made again, of that row. `updatedAt` tells versions apart.
 */
import { openStatus } from '../domain/challenge.ts';
import { recordId } from '../domain/ids.ts';
import { firstEnd, unexpired } from '../domain/signing-secrets.ts';
import {
  DEFAULT_CHOICES,
  type SigningSecret,
  type Subscription,
  type SubscriptionSettings,
  type SubscriptionStatus,
} from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlStore, SubscriptionRecord } from './control.ts';
import { mayWorkAgain, StorageError } from './storage.ts';
import {
  SubscriptionSnapshot,
  type KnownSubscription,
  type SubscriptionDirectory,
} from './subscription-snapshot.ts';
import {
  openSettings,
  SubscriptionVault,
  type LockedRow,
  type VaultOptions,
} from './subscription-vault.ts';
import { Turns } from './turns.ts';

export type { SubscriptionDirectory } from './subscription-snapshot.ts';

export interface NewSubscription {
  readonly tenant: number;
  readonly settings: SubscriptionSettings;
  readonly secrets: readonly SigningSecret[];
}

/** Changes to one subscription; an absent field stays as it is. */
export interface SubscriptionChange {
  readonly settings?: SubscriptionSettings;
  readonly secrets?: readonly SigningSecret[];
  readonly status?: SubscriptionStatus;
  readonly disabledReason?: string | null;
  readonly failingSince?: number | null;
}

/** A change, or how to make one of the newest state. Whatever that throws, the caller gets. */
export type ChangeOf = SubscriptionChange | ((current: Subscription) => SubscriptionChange);

/** Told after the snapshot has changed. */
export interface SubscriptionListener {
  created(current: Subscription): void;
  changed(current: Subscription): void;
  deleted(former: Subscription): void;
}

interface Options extends VaultOptions {
  readonly control: ControlStore;
  readonly clock: Clock;
}

/** A write that failed, and may have been done all the same. */
interface Doubt {
  readonly attempted: SubscriptionRecord;
  readonly known: Subscription;
}

/** Pause before the store is asked again to agree with the snapshot. */
const MEND_MS = 1_000;

export class SubscriptionRegistry implements SubscriptionDirectory {
  readonly #options: Options;
  readonly #vault: SubscriptionVault;
  readonly #snapshot: SubscriptionSnapshot;
  readonly #listeners: SubscriptionListener[] = [];
  readonly #turns = new Turns();
  /** Subscriptions of which the store may hold something else than the snapshot. */
  readonly #doubtful = new Map<number, Doubt>();

  constructor(options: Options) {
    this.#options = options;
    this.#vault = new SubscriptionVault(options);
    this.#snapshot = new SubscriptionSnapshot(() => options.clock.now());
  }

  listen(listener: SubscriptionListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Fills the snapshot.
   * @returns those whose secrets can't be opened; they are disabled as long as that is so.
   * @throws SecretBoxError when none can be: the master key does not fit the store.
   */
  async load(): Promise<readonly LockedRow[]> {
    for (const record of await this.#options.control.subscriptions()) this.#take(record);
    this.#vault.confirmKeys();
    return this.#vault.locked;
  }

  /** Numbers of those that are sealed with another master key than the first. */
  get outdated(): readonly number[] {
    return this.#vault.outdated;
  }

  /** Numbers of those that still hold a secret which no longer signs. */
  withEndedSecrets(now: number): readonly number[] {
    const all = this.#snapshot.all();
    return all.filter(({ secrets }) => firstEnd(secrets) <= now).map(({ number }) => number);
  }

  /** Stores it as it is, without secrets that have ended, sealed with the first master key. */
  reseal(number: number): Promise<void> {
    return this.#turns.take(number, async () => {
      const current = this.#snapshot.byNumber(number);
      if (current === undefined) return;
      const secrets = unexpired(current.secrets, this.#options.clock.now());
      const renewed: Subscription = { ...current, secrets };
      // What another node has written meanwhile was sealed by that node.
      const wasStored = await this.#update(this.#record(renewed, null), current, current.updatedAt);
      if (wasStored) this.#snapshot.put(renewed);
      else await this.#agree(number);
    });
  }

  /**
   * Takes over what other nodes wrote into these rows, and tells the listeners.
   * @returns those that are active now and were known as something else before.
   * @throws StorageError; the others are taken over.
   */
  async refresh(numbers: readonly number[]): Promise<readonly number[]> {
    const woken: number[] = [];
    const refreshing = numbers.map((number) =>
      this.#turns.take(number, async () => {
        const former = this.#snapshot.byNumber(number);
        await this.#agree(number);
        const isActive = this.#snapshot.byNumber(number)?.status === 'active';
        if (former !== undefined && former.status !== 'active' && isActive) woken.push(number);
      }),
    );
    for (const result of await Promise.allSettled(refreshing)) {
      if (result.status === 'rejected') throw result.reason;
    }
    return woken;
  }

  match(tenant: number, eventType: string): readonly Subscription[] {
    return this.#snapshot.match(tenant, eventType);
  }

  byNumber(number: number): Subscription | undefined {
    return this.#snapshot.byNumber(number);
  }

  /** The public id of a subscription that exists or once existed. */
  idOf(number: number): string | undefined {
    return this.#snapshot.idOf(number);
  }

  /** All that exist or once existed, of all tenants. */
  known(): readonly KnownSubscription[] {
    return this.#snapshot.known();
  }

  /** By public id within a tenant; undefined for deleted ones and those of other tenants. */
  find(tenant: number, id: string): Subscription | undefined {
    return this.#snapshot.find(tenant, id);
  }

  /** Those that exist, of all tenants, Bellwire's own among them. */
  all(): readonly Subscription[] {
    return this.#snapshot.all();
  }

  /** All of a tenant but Bellwire's own, oldest first. */
  list(tenant: number): readonly Subscription[] {
    return this.#snapshot.list(tenant);
  }

  count(tenant: number): number {
    return this.#snapshot.count(tenant);
  }

  async create(wanted: NewSubscription): Promise<Subscription> {
    const now = this.#options.clock.now();
    const number = await this.#options.control.nextSubscriptionNumber();
    const subscription: Subscription = {
      ...wanted.settings,
      number,
      id: recordId('sub', now, number),
      tenant: wanted.tenant,
      status: openStatus(wanted.settings),
      disabledReason: null,
      failingSince: null,
      createdAt: now,
      updatedAt: now,
      secrets: wanted.secrets,
    };
    await this.#insert(subscription);
    this.#snapshot.put(subscription);
    for (const listener of this.#listeners) listener.created(subscription);
    return subscription;
  }

  /**
   * Applies a change to the newest state of the subscription, which may have moved on.
   * @returns what it is now, or undefined when it does not exist (any more).
   * @throws StorageError when the change was not stored; it is as it was before.
   */
  change(number: number, change: ChangeOf): Promise<Subscription | undefined> {
    return this.#turns.take(number, async () => {
      if (this.#doubtful.has(number)) await this.#agree(number);
      for (;;) {
        const current = this.#snapshot.byNumber(number);
        if (current === undefined) return undefined;
        const { settings, ...rest } = typeof change === 'function' ? change(current) : change;
        const updatedAt = this.#later(current);
        const secrets = unexpired(current.secrets, updatedAt);
        const changed = { ...current, ...settings, secrets, ...rest, updatedAt };
        if (await this.#update(this.#record(changed, null), current, current.updatedAt)) {
          this.#snapshot.put(changed);
          for (const listener of this.#listeners) listener.changed(changed);
          return changed;
        }
        // Another node has changed it meanwhile: the change is made again, of what that left.
        await this.#agree(number);
      }
    });
  }

  /** @throws StorageError when that was not stored; it exists as before. */
  delete(number: number): Promise<void> {
    return this.#turns.take(number, async () => {
      const current = this.#snapshot.byNumber(number);
      if (current === undefined) return;
      await this.#update(this.#deleted(current), current, null);
      this.#remove(current);
    });
  }

  async #insert(subscription: Subscription): Promise<void> {
    const record = this.#record(subscription, null);
    try {
      await this.#options.control.insertSubscription(record);
    } catch (error) {
      this.#doubt(record, subscription, error);
      throw error;
    }
  }

  /**
   * @param current what the snapshot holds as long as the record is not stored.
   * @returns false when another node has changed the row.
   */
  async #update(
    record: SubscriptionRecord,
    current: Subscription,
    builtOn: number | null,
  ): Promise<boolean> {
    try {
      const stored = await this.#options.control.updateSubscription(record, builtOn);
      if (stored) this.#doubtful.delete(record.number);
      if (stored) this.#vault.stored(record);
      return stored;
    } catch (error) {
      this.#doubt(record, current, error);
      throw error;
    }
  }

  #doubt(attempted: SubscriptionRecord, known: Subscription, error: unknown): void {
    if (!mayWorkAgain(error) || this.#doubtful.has(known.number)) return;
    this.#doubtful.set(known.number, { attempted, known });
    this.#mendLater(known.number);
  }

  #mendLater(number: number): void {
    this.#options.clock.setTimer(MEND_MS, () => {
      this.#turns
        .take(number, async () => {
          if (this.#doubtful.has(number)) await this.#agree(number);
        })
        .catch((error: unknown) => {
          if (mayWorkAgain(error)) this.#mendLater(number);
        });
    });
  }

  /**
   * Makes store and snapshot say the same: undoes what is in doubt, takes over what is not ours.
   */
  async #agree(number: number): Promise<void> {
    const { control } = this.#options;
    const [stored] = await control.subscriptions([number]);
    const doubt = this.#doubtful.get(number);
    const known = this.#snapshot.byNumber(number);
    if (stored === undefined) {
      if (known !== undefined) this.#remove(known);
    } else if (doubt !== undefined && isSame(stored, doubt.attempted)) {
      // One whose creation failed must not come to life at the next start.
      const record = known === undefined ? this.#deleted(doubt.known) : this.#record(known, null);
      // Nobody else writes a row that is deleted.
      const builtOn = stored.deletedAt === null ? stored.updatedAt : null;
      if (!(await control.updateSubscription(record, builtOn))) {
        throw new StorageError('busy', 'another node is changing the subscription');
      }
    } else this.#takeNews(stored);
    this.#doubtful.delete(number);
  }

  #takeNews(record: SubscriptionRecord): void {
    const { number, updatedAt, deletedAt } = record;
    const former = this.#snapshot.byNumber(number);
    if (former === undefined && deletedAt !== null && this.#snapshot.idOf(number) !== undefined)
      return;
    if (former?.updatedAt === updatedAt && deletedAt === null) return;
    this.#take(record);
    const current = this.#snapshot.byNumber(number);
    if (current === undefined) return;
    for (const listener of this.#listeners) {
      if (former === undefined) listener.created?.(current);
      else listener.changed(current);
    }
  }

  #take(record: SubscriptionRecord): void {
    const former = this.#snapshot.byNumber(record.number);
    if (record.deletedAt === null) this.#snapshot.put(this.#open(record));
    else if (former !== undefined) this.#remove(former);
    else this.#snapshot.know(record, recordId('sub', record.createdAt, record.number));
  }

  #remove(former: Subscription): void {
    this.#snapshot.remove(former);
    for (const listener of this.#listeners) listener.deleted(former);
  }

  #deleted(former: Subscription): SubscriptionRecord {
    const deleted = { ...former, updatedAt: this.#later(former) };
    return this.#record(deleted, this.#options.clock.now());
  }

  /** Rising, so that two versions of a row never look alike. */
  #later({ updatedAt }: Subscription): number {
    return Math.max(this.#options.clock.now(), updatedAt + 1);
  }

  #record(subscription: Subscription, deletedAt: number | null): SubscriptionRecord {
    const { number, tenant, failingSince, createdAt, updatedAt } = subscription;
    return {
      number,
      tenant,
      failingSince,
      createdAt,
      updatedAt,
      deletedAt,
      settings: JSON.stringify(openSettings(subscription)),
      ...(deletedAt === null
        ? this.#vault.seal(subscription)
        : this.#vault.sealNothing(subscription)),
    };
  }

  #open(record: SubscriptionRecord): Subscription {
    const settings = {
      ...DEFAULT_CHOICES,
      ...(JSON.parse(record.settings) as SubscriptionSettings),
    };
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
      ...this.#vault.open(record),
    };
  }
}

/** Sealing draws at random, so that no two records are sealed alike. */
function isSame(stored: SubscriptionRecord, attempted: SubscriptionRecord): boolean {
  return Buffer.compare(stored.sealedSecrets, attempted.sealedSecrets) === 0;
}
