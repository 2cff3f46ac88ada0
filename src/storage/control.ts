/**
 * The control plane's half of the storage port: tenants, subscriptions, sources, API keys, the
 * event catalogue. Rare writes.
 */
import type { SourceStatus } from '../domain/source.ts';
import type { SubscriptionStatus } from '../domain/subscription.ts';
import type { TenantStatus } from '../domain/tenant.ts';

export interface TenantRecord {
  readonly number: number;
  readonly name: string;
  readonly status: TenantStatus;
  /** JSON text of `TenantSettings`; those it does not name have their defaults. */
  readonly settings: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SubscriptionRecord {
  readonly number: number;
  readonly tenant: number;
  readonly status: SubscriptionStatus;
  readonly disabledReason: string | null;
  readonly failingSince: number | null;
  /** JSON text of `SubscriptionSettings`. */
  readonly settings: string;
  /** The secrets, sealed; see `domain/secret-box.ts`. */
  readonly sealedSecrets: Uint8Array;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Deleted subscriptions are kept so that old deliveries can still name theirs. */
  readonly deletedAt: number | null;
}

export interface SourceRecord {
  readonly number: number;
  readonly tenant: number;
  readonly status: SourceStatus;
  /** JSON text of `SourceSettings`. */
  readonly settings: string;
  /** SHA-256 of the token in its URL, lower-case hex: its door is found although it is locked. */
  readonly tokenHash: string;
  /** The token and the secrets, sealed; see `domain/secret-box.ts`. */
  readonly sealedSecrets: Uint8Array;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Deleted sources are kept so that old events can still name theirs. */
  readonly deletedAt: number | null;
}

export interface ApiKeyRecord {
  readonly number: number;
  readonly tenant: number;
  readonly name: string;
  /** SHA-256 of the key text, lower-case hex. */
  readonly hash: string;
  /** The last characters of the key, so that people can tell keys apart. */
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** One entry of the event catalogue, which is the same for all tenants. */
export interface EventTypeRecord {
  readonly name: string;
  /** JSON text of the rest of `EventTypeEntry`. */
  readonly settings: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ControlStore {
  /** Those with these numbers, or all. In order of number. */
  tenants(numbers?: readonly number[]): Promise<readonly TenantRecord[]>;
  /** Finds the tenant of that name or creates it, active and with default settings. */
  ensureTenant(name: string, now: number): Promise<TenantRecord>;
  /** @returns undefined when the name is taken. */
  insertTenant(record: Omit<TenantRecord, 'number'>): Promise<TenantRecord | undefined>;
  /** Replaces the row with the same number. */
  updateTenant(record: TenantRecord): Promise<void>;

  /** Those with these numbers, or all; deleted ones included. In order of number. */
  subscriptions(numbers?: readonly number[]): Promise<readonly SubscriptionRecord[]>;
  /** Reserves the next subscription number; numbers are never given out twice. */
  nextSubscriptionNumber(): Promise<number>;
  insertSubscription(record: SubscriptionRecord): Promise<void>;
  /**
   * Replaces the row with the same number.
   * @param builtOn the `updatedAt` of the row that the record was made from, or null for any row.
   * @returns false when the row has changed since or was deleted, or there is none; then nothing
   * was changed.
   */
  updateSubscription(record: SubscriptionRecord, builtOn: number | null): Promise<boolean>;

  /** Those with these numbers, or all; deleted ones included. In order of number. */
  sources(numbers?: readonly number[]): Promise<readonly SourceRecord[]>;
  /** Reserves the next source number; numbers are never given out twice. */
  nextSourceNumber(): Promise<number>;
  insertSource(record: SourceRecord): Promise<void>;
  /** As `updateSubscription`. */
  updateSource(record: SourceRecord, builtOn: number | null): Promise<boolean>;

  /** Those with these numbers, or all. */
  apiKeys(numbers?: readonly number[]): Promise<readonly ApiKeyRecord[]>;
  insertApiKey(record: Omit<ApiKeyRecord, 'number'>): Promise<ApiKeyRecord>;
  revokeApiKey(number: number, now: number): Promise<void>;

  eventTypes(): Promise<readonly EventTypeRecord[]>;
  /** Adds or replaces by name, all or none. */
  putEventTypes(records: readonly EventTypeRecord[]): Promise<void>;
  deleteEventType(name: string): Promise<void>;
  /** JSON text of `CatalogueSettings`, or null before the first change. */
  catalogueSettings(): Promise<string | null>;
  putCatalogueSettings(settings: string): Promise<void>;
}
