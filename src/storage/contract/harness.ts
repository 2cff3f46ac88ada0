/** How the contract suite gets at the store under test. */
import { after, afterEach, before, beforeEach } from 'node:test';
import type { ControlStore } from '../control.ts';
import type { InboxStore } from '../inbox.ts';
import type { JournalStore } from '../journal.ts';
import type { ReplayStore } from '../replays.ts';
import type { Storage } from '../storage.ts';
import type { TenantData } from '../tenant-data.ts';

export interface StorageHarness {
  /** A new, empty store, independent of all others the harness opened. */
  open(): Promise<Storage>;
  /** Closes the store and opens the same data again, as after a restart. */
  reopen(storage: Storage): Promise<Storage>;
  /** Closes and removes everything the harness opened since the last call. */
  destroy(): Promise<void>;
}

/** The store of the running test. */
export interface StoreUnderTest {
  readonly storage: Storage;
  readonly journal: JournalStore;
  readonly control: ControlStore;
  readonly replays: ReplayStore;
  readonly inboxes: InboxStore;
  readonly tenantData: TenantData;
  /** From here on the getters give the reopened store. */
  reopen(): Promise<void>;
}

/** Gives every test of the surrounding `describe` an empty store of its own. */
export function freshStore(harness: StorageHarness): StoreUnderTest {
  const slot = new Slot(harness);
  beforeEach(() => slot.fill());
  afterEach(() => slot.empty());
  return slot;
}

/**
 * Gives all tests of the surrounding `describe` one store, because opening one takes longer than
 * most tests. Each test keeps to sequences, keys and tenants of its own.
 */
export function sharedStore(harness: StorageHarness): StoreUnderTest {
  const slot = new Slot(harness);
  before(() => slot.fill());
  after(() => slot.empty());
  return slot;
}

class Slot implements StoreUnderTest {
  readonly #harness: StorageHarness;
  #storage: Storage | undefined;

  constructor(harness: StorageHarness) {
    this.#harness = harness;
  }

  get storage(): Storage {
    if (this.#storage === undefined) throw new Error('the store is only open inside a test');
    return this.#storage;
  }

  get journal(): JournalStore {
    return this.storage.journal;
  }

  get control(): ControlStore {
    return this.storage.control;
  }

  get replays(): ReplayStore {
    return this.storage.replays;
  }

  get inboxes(): InboxStore {
    return this.storage.inboxes;
  }

  get tenantData(): TenantData {
    return this.storage.tenantData;
  }

  async fill(): Promise<void> {
    this.#storage = await this.#harness.open();
  }

  async empty(): Promise<void> {
    this.#storage = undefined;
    await this.#harness.destroy();
  }

  async reopen(): Promise<void> {
    this.#storage = await this.#harness.reopen(this.storage);
  }
}
