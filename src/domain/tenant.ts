/** A tenant: whose data it is, and what its operator laid down for it. */

/** A tenant that is being deleted takes nothing more; its name is free again once it is gone. */
export type TenantStatus = 'active' | 'deleting';

/** Null is no quota. */
export interface TenantQuotaSettings {
  /** What its publishers may send, in the long run; see `domain/rate-limit.ts` for bursts. */
  readonly eventsPerSecond: number | null;
  readonly maxSubscriptions: number | null;
  /** Bytes of its stored events, as `storage/tenant-data.ts` counts them. */
  readonly maxStorageBytes: number | null;
}

/** What its operator chose. Everything here may be changed later by PATCH. */
export interface TenantSettings {
  readonly quotas: TenantQuotaSettings;
  /** Days its events are kept, or null for what holds for the whole installation. */
  readonly retentionDays: number | null;
  /** Paths of values that are never stored; `domain/redact-path.ts` says how they are written. */
  readonly redact: readonly string[];
  /** True: a subscription's target must show that it wants events before it gets any. */
  readonly requireChallenge: boolean;
  /** The operator's own notes. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Tenant extends TenantSettings {
  /** Position in the store; never given out twice, also not for the same name. */
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a tenant has that came into being by being used, and in rows written before a setting. */
export const DEFAULT_TENANT_SETTINGS: TenantSettings = {
  quotas: { eventsPerSecond: null, maxSubscriptions: null, maxStorageBytes: null },
  retentionDays: null,
  redact: [],
  requireChallenge: false,
  metadata: {},
};

/** The tenant of an admin key that names none. */
export const DEFAULT_TENANT = 'default';

/** What a tenant may be called. It travels in a header and in paths, so nothing needs escaping. */
export const TENANT_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** What to say about a name that is none. */
export const TENANT_NAME_RULE =
  'a tenant name is 1 to 63 lower-case letters, digits, "_" and "-", ' +
  'and begins with a letter or digit';
