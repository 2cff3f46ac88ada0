/** The control plane's half of the storage port: tenants, subscriptions, API keys. Rare writes. */
import type { SubscriptionStatus } from '../domain/subscription.ts';

export interface TenantRecord {
  readonly number: number;
  readonly name: string;
  readonly createdAt: number;
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

export interface ControlStore {
  tenants(): Promise<readonly TenantRecord[]>;
  /** Finds the tenant of that name or creates it. */
  ensureTenant(name: string, now: number): Promise<TenantRecord>;

  /** All, deleted ones included; loaded once at start. */
  subscriptions(): Promise<readonly SubscriptionRecord[]>;
  /** Reserves the next subscription number; numbers are never given out twice. */
  nextSubscriptionNumber(): Promise<number>;
  insertSubscription(record: SubscriptionRecord): Promise<void>;
  /** Replaces the row with the same number. */
  updateSubscription(record: SubscriptionRecord): Promise<void>;

  apiKeys(): Promise<readonly ApiKeyRecord[]>;
  insertApiKey(record: Omit<ApiKeyRecord, 'number'>): Promise<ApiKeyRecord>;
  revokeApiKey(number: number, now: number): Promise<void>;
}
