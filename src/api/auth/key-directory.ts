/**
 * All API keys, in memory: a request costs one look-up. First the store, then the snapshot; a
 * revoked key is refused from the moment `revoke` is called.
 */
import {
  API_KEY_RANDOM_BYTES,
  generateApiKey,
  hashApiKey,
  type Scope,
} from '../../domain/api-key.ts';
import { parseRecordId, recordId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { ApiKeyRecord, ControlStore } from '../../storage/control.ts';

/** Shown in lists, so that people can tell keys apart. */
const HINT_CHARS = 4;

interface Options {
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NewApiKey {
  readonly tenant: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Milliseconds since the epoch, or null for never. */
  readonly expiresAt: number | null;
}

export class KeyDirectory {
  readonly #options: Options;
  readonly #byNumber = new Map<number, ApiKeyRecord>();
  /** Without the revoked ones. */
  readonly #byHash = new Map<string, ApiKeyRecord>();

  constructor(options: Options) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for (const record of await this.#options.control.apiKeys()) this.#put(record);
  }

  /** Takes over what other nodes wrote into these rows. */
  async refresh(numbers: readonly number[]): Promise<void> {
    const gone = new Set(numbers);
    for (const record of await this.#options.control.apiKeys(numbers)) {
      gone.delete(record.number);
      this.#put(record);
    }
    for (const number of gone) this.#forget(number);
  }

  /** The live key with this hash; undefined for unknown, revoked and expired ones alike. */
  findLive(hash: string): ApiKeyRecord | undefined {
    const record = this.#byHash.get(hash);
    if (record === undefined || record.expiresAt === null) return record;
    return record.expiresAt > this.#options.clock.now() ? record : undefined;
  }

  /** By public id within a tenant. */
  find(tenant: number, id: string): ApiKeyRecord | undefined {
    const parsed = parseRecordId('key', id);
    const record = parsed && this.#byNumber.get(parsed.number);
    return record?.tenant === tenant && keyId(record) === id ? record : undefined;
  }

  /** All of a tenant, oldest first. */
  list(tenant: number): readonly ApiKeyRecord[] {
    return [...this.#byNumber.values()]
      .filter((record) => record.tenant === tenant)
      .toSorted((a, b) => a.number - b.number);
  }

  /** The key's text is in this answer and nowhere else. */
  async create(
    wanted: NewApiKey,
  ): Promise<{ readonly key: string; readonly record: ApiKeyRecord }> {
    const { control, clock, random } = this.#options;
    const key = generateApiKey(random.bytes(API_KEY_RANDOM_BYTES));
    const record = await control.insertApiKey({
      ...wanted,
      hash: hashApiKey(key),
      hint: key.slice(-HINT_CHARS),
      createdAt: clock.now(),
      revokedAt: null,
    });
    this.#put(record);
    return { key, record };
  }

  /** The tenant is gone, and its keys with it. */
  forgetTenant(tenant: number): void {
    for (const record of this.list(tenant)) {
      this.#byHash.delete(record.hash);
      this.#byNumber.delete(record.number);
    }
  }

  /** Revoking again changes nothing. */
  async revoke(record: ApiKeyRecord): Promise<void> {
    if (record.revokedAt !== null) return;
    const revokedAt = this.#options.clock.now();
    // The snapshot first: what is on its way out must not be let in while the store is written.
    this.#byHash.delete(record.hash);
    await this.#options.control.revokeApiKey(record.number, revokedAt);
    this.#put({ ...record, revokedAt });
  }

  #forget(number: number): void {
    const former = this.#byNumber.get(number);
    if (former === undefined) return;
    this.#byNumber.delete(number);
    this.#byHash.delete(former.hash);
  }

  #put(record: ApiKeyRecord): void {
    this.#byNumber.set(record.number, record);
    if (record.revokedAt === null) this.#byHash.set(record.hash, record);
    else this.#byHash.delete(record.hash);
  }
}

export function keyId(record: ApiKeyRecord): string {
  return recordId('key', record.createdAt, record.number);
}
