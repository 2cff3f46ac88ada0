/**
 * The control plane's write path for sources: the store, and the in-memory snapshot that the door
 * reads. It keeps the rules of `SubscriptionRegistry`: the store first, then the snapshot and its
 * listeners; changes of one source take turns; a write in doubt is undone; what other nodes wrote
 * is taken over, and a change that meets a row it was not made of is made again.
 */
import { parseRecordId, recordId } from '../domain/ids.ts';
import {
  DEFAULT_SOURCE_CHOICES,
  hasEndedSecret,
  liveSecrets,
  type Source,
  type SourceSettings,
  type SourceStatus,
} from '../domain/source.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlStore, SourceRecord } from './control.ts';
import { SourceSnapshot, type SourceDirectory } from './source-snapshot.ts';
import { openSourceSettings, SourceVault, type LockedSource } from './source-vault.ts';
import { mayWorkAgain, StorageError } from './storage.ts';
import type { VaultOptions } from './subscription-vault.ts';
import { Turns } from './turns.ts';

export interface NewSource {
  readonly tenant: number;
  readonly settings: SourceSettings;
  /** Newest first. */
  readonly secrets: readonly string[];
  readonly credentials?: Source['credentials'];
}

/** Changes to one source; an absent field stays as it is. */
export interface SourceChange {
  readonly settings?: SourceSettings;
  readonly secrets?: readonly string[];
  readonly credentials?: NonNullable<Source['credentials']>;
  readonly status?: SourceStatus;
  /** Gives it another URL. Without its key a locked one works again after this alone. */
  readonly renewToken?: boolean;
}

/** A change, or how to make one of the newest state. Whatever that throws, the caller gets. */
export type SourceChangeOf = SourceChange | ((current: Source) => SourceChange);

/** Told after the snapshot has changed. */
export interface SourceListener {
  created(current: Source): void;
  changed(current: Source): void;
  deleted(former: Source): void;
}

interface Options extends VaultOptions {
  readonly control: Pick<
    ControlStore,
    'sources' | 'nextSourceNumber' | 'insertSource' | 'updateSource'
  >;
  readonly clock: Clock;
}

/** A write that failed, and may have been done all the same. */
interface Doubt {
  readonly attempted: SourceRecord;
  readonly known: Source;
}

/** Pause before the store is asked again to agree with the snapshot. */
const MEND_MS = 1_000;

/** 192 bits, 32 characters of base64url. */
const TOKEN_BYTES = 24;

export class SourceRegistry implements SourceDirectory {
  readonly #options: Options;
  readonly #vault: SourceVault;
  readonly #snapshot = new SourceSnapshot();
  readonly #listeners: SourceListener[] = [];
  readonly #turns = new Turns();
  /** Sources of which the store may hold something else than the snapshot. */
  readonly #doubtful = new Map<number, Doubt>();

  constructor(options: Options) {
    this.#options = options;
    this.#vault = new SourceVault(options);
  }

  listen(listener: SourceListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Fills the snapshot.
   * @returns those whose secrets can't be opened; they are out of order as long as that is so.
   * @throws SecretBoxError when none can be: the master key does not fit the store.
   */
  async load(): Promise<readonly LockedSource[]> {
    for (const record of await this.#options.control.sources()) this.#take(record);
    this.#vault.confirmKeys();
    return this.#vault.locked;
  }

  /** Numbers of those that are sealed with another master key than the first. */
  get outdated(): readonly number[] {
    return this.#vault.outdated;
  }

  /** Numbers of those that still hold a secret which no longer verifies. */
  withEndedSecrets(now: number): readonly number[] {
    const all = this.#snapshot.all();
    return all.filter((source) => hasEndedSecret(source, now)).map(({ number }) => number);
  }

  /** Stores it as it is, without secrets that have ended, sealed with the first master key. */
  reseal(number: number): Promise<void> {
    return this.#turns.take(number, async () => {
      const current = this.#snapshot.byNumber(number);
      if (current === undefined) return;
      const renewed = withoutEnded(current, this.#options.clock.now());
      // What another node has written meanwhile was sealed by that node.
      const record = this.#record(renewed, null);
      if (await this.#update(record, current, current.updatedAt)) {
        this.#snapshot.put(renewed, record.tokenHash);
      } else await this.#agree(number);
    });
  }

  /**
   * Takes over what other nodes wrote into these rows, and tells the listeners.
   * @throws StorageError; the others are taken over.
   */
  async refresh(numbers: readonly number[]): Promise<void> {
    const all = numbers.map((number) => this.#turns.take(number, () => this.#agree(number)));
    for (const result of await Promise.allSettled(all)) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  byToken(token: string): Source | undefined {
    return this.#snapshot.byToken(token);
  }

  byNumber(number: number): Source | undefined {
    return this.#snapshot.byNumber(number);
  }

  /** The public id of a source that exists or once existed. */
  idOf(number: number): string | undefined {
    return this.#snapshot.idOf(number);
  }

  /** The number of the source with this public id, that exists or once existed, of any tenant. */
  numberOf(id: string): number | undefined {
    const number = parseRecordId('src', id)?.number;
    return number !== undefined && this.idOf(number) === id ? number : undefined;
  }

  /** By public id within a tenant; undefined for deleted ones and those of other tenants. */
  find(tenant: number, id: string): Source | undefined {
    return this.#snapshot.find(tenant, id);
  }

  /** All of a tenant, oldest first. */
  list(tenant: number): readonly Source[] {
    return this.#snapshot.list(tenant);
  }

  /** Those that exist, of all tenants. */
  all(): readonly Source[] {
    return this.#snapshot.all();
  }

  count(tenant: number): number {
    return this.#snapshot.count(tenant);
  }

  async create({ tenant, settings, secrets, credentials = {} }: NewSource): Promise<Source> {
    const now = this.#options.clock.now();
    const number = await this.#options.control.nextSourceNumber();
    const source: Source = {
      ...settings,
      number,
      id: recordId('src', now, number),
      tenant,
      token: this.#newToken(),
      secrets,
      credentials,
      status: 'active',
      lockedReason: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.#insert(source);
    this.#snapshot.put(source, '');
    for (const listener of this.#listeners) listener.created(source);
    return source;
  }

  /**
   * Applies a change to the newest state of the source, which may have moved on.
   * @returns what it is now, or undefined when it does not exist (any more).
   * @throws StorageError when the change was not stored; it is as it was before.
   */
  change(number: number, change: SourceChangeOf): Promise<Source | undefined> {
    return this.#turns.take(number, async () => {
      if (this.#doubtful.has(number)) await this.#agree(number);
      for (;;) {
        const current = this.#snapshot.byNumber(number);
        if (current === undefined) return undefined;
        const changed = this.#changed(
          current,
          typeof change === 'function' ? change(current) : change,
        );
        const record = this.#record(changed, null);
        if (await this.#update(record, current, current.updatedAt)) {
          this.#snapshot.put(changed, record.tokenHash);
          for (const listener of this.#listeners) listener.changed(changed);
          return changed;
        }
        // Another node has changed it meanwhile: the change is made again, of what that left.
        await this.#agree(number);
      }
    });
  }

  /** @throws StorageError when that was not stored; it exists as before. */
  remove(number: number): Promise<void> {
    return this.#turns.take(number, async () => {
      const current = this.#snapshot.byNumber(number);
      if (current === undefined) return;
      await this.#update(this.#deleted(current), current, null);
      this.#forget(current);
    });
  }

  #changed(current: Source, { settings, renewToken, ...rest }: SourceChange): Source {
    const renewed = renewToken === true ? { token: this.#newToken(), lockedReason: null } : {};
    const changed = { ...current, ...settings, ...rest, ...renewed };
    // As long as it is locked, nothing can be sealed in the place of what is there.
    const secrets = changed.lockedReason === null ? changed.secrets : [];
    return { ...changed, secrets, updatedAt: this.#later(current) };
  }

  #newToken(): string {
    return Buffer.from(this.#options.random.bytes(TOKEN_BYTES)).toString('base64url');
  }

  async #insert(source: Source): Promise<void> {
    const record = this.#record(source, null);
    try {
      await this.#options.control.insertSource(record);
    } catch (error) {
      this.#doubt(record, source, error);
      throw error;
    }
  }

  /**
   * @param current what the snapshot holds as long as the record is not stored.
   * @returns false when another node has changed the row.
   */
  async #update(record: SourceRecord, current: Source, builtOn: number | null): Promise<boolean> {
    try {
      const stored = await this.#options.control.updateSource(record, builtOn);
      if (stored) this.#doubtful.delete(record.number);
      if (stored) this.#vault.stored(record);
      return stored;
    } catch (error) {
      this.#doubt(record, current, error);
      throw error;
    }
  }

  #doubt(attempted: SourceRecord, known: Source, error: unknown): void {
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

  /** Makes store and snapshot agree: undoes what is in doubt, takes over what is not ours. */
  async #agree(number: number): Promise<void> {
    const { control } = this.#options;
    const [stored] = await control.sources([number]);
    const doubt = this.#doubtful.get(number);
    const known = this.#snapshot.byNumber(number);
    if (stored === undefined) {
      if (known !== undefined) this.#forget(known);
    } else if (doubt !== undefined && isSame(stored, doubt.attempted)) {
      // One whose creation failed must not come to life at the next start.
      const record = known === undefined ? this.#deleted(doubt.known) : this.#record(known, null);
      const builtOn = stored.deletedAt === null ? stored.updatedAt : null;
      if (!(await control.updateSource(record, builtOn))) {
        throw new StorageError('busy', 'another node is changing the source');
      }
    } else this.#takeNews(stored);
    this.#doubtful.delete(number);
  }

  #takeNews(record: SourceRecord): void {
    const { number, updatedAt, deletedAt } = record;
    const former = this.#snapshot.byNumber(number);
    if (former?.updatedAt === updatedAt && deletedAt === null) return;
    this.#take(record);
    const current = this.#snapshot.byNumber(number);
    if (current === undefined) return;
    for (const listener of this.#listeners) {
      if (former === undefined) listener.created(current);
      else listener.changed(current);
    }
  }

  #take(record: SourceRecord): void {
    const former = this.#snapshot.byNumber(record.number);
    if (record.deletedAt === null) this.#snapshot.put(this.#open(record), record.tokenHash);
    else if (former !== undefined) this.#forget(former);
    else this.#snapshot.know(record.number, recordId('src', record.createdAt, record.number));
  }

  #forget(former: Source): void {
    this.#snapshot.remove(former);
    for (const listener of this.#listeners) listener.deleted(former);
  }

  #deleted(former: Source): SourceRecord {
    const deleted = { ...former, updatedAt: this.#later(former) };
    return this.#record(deleted, this.#options.clock.now());
  }

  /** Rising, so that two versions of a row never look alike. */
  #later({ updatedAt }: Source): number {
    return Math.max(this.#options.clock.now(), updatedAt + 1);
  }

  #record(source: Source, deletedAt: number | null): SourceRecord {
    const { number, tenant, status, createdAt, updatedAt } = source;
    const sealed = deletedAt === null ? this.#vault.seal(source) : this.#vault.sealNothing(source);
    const settings = JSON.stringify(openSourceSettings(source));
    return { number, tenant, status, createdAt, updatedAt, deletedAt, settings, ...sealed };
  }

  #open(record: SourceRecord): Source {
    const { number, tenant, status, createdAt, updatedAt } = record;
    return {
      ...DEFAULT_SOURCE_CHOICES,
      ...(JSON.parse(record.settings) as SourceSettings),
      number,
      id: recordId('src', createdAt, number),
      tenant,
      status,
      createdAt,
      updatedAt,
      ...this.#vault.open(record),
    };
  }
}

function withoutEnded(source: Source, now: number): Source {
  if (!hasEndedSecret(source, now)) return source;
  const live = liveSecrets(source, now);
  const secrets = live.map(({ text }) => text);
  return { ...source, secrets, secretEnds: live.map(({ endsAt }) => endsAt) };
}

/** Sealing draws at random, so that no two records are sealed alike. */
function isSame(stored: SourceRecord, attempted: SourceRecord): boolean {
  return Buffer.compare(stored.sealedSecrets, attempted.sealedSecrets) === 0;
}
