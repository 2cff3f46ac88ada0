/** What an operator's part of the API says about tenants, as it is on the wire. */
import type { ApiKey, Attempt, Delivery, Event, Instant, Problem, Subscription } from './types.ts';

/** `null`, or left out: no quota. */
export interface TenantQuotas {
  readonly events_per_second?: number | null;
  readonly max_subscriptions?: number | null;
  readonly max_storage_bytes?: number | null;
}

/** `null` takes a setting back to its default. */
export interface UpdateTenant {
  /** Replaced as a whole. */
  readonly quotas?: TenantQuotas | null;
  readonly retention_days?: number | null;
  /** Such as `data.card.number`: replaced by `"[redacted]"` before anything is stored. */
  readonly redact?: readonly string[];
  readonly require_challenge?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface CreateTenant extends UpdateTenant {
  readonly name: string;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'deleting';
  readonly quotas: Required<TenantQuotas>;
  readonly retention_days: number | null;
  readonly redact: readonly string[];
  readonly require_challenge: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export interface TenantWithUsage extends Tenant {
  readonly usage: {
    readonly subscriptions: number;
    readonly events: number;
    readonly bytes: number;
    readonly days: readonly {
      readonly date: string;
      readonly events: number;
      readonly bytes: number;
    }[];
  };
}

/** One line of an export. */
export type ExportLine =
  | ({ readonly type: 'tenant' } & Tenant)
  | ({ readonly type: 'subscription' } & Subscription)
  | ({ readonly type: 'api_key' } & ApiKey)
  | ({ readonly type: 'event' } & Event)
  | ({ readonly type: 'delivery' } & Delivery)
  | ({ readonly type: 'attempt' } & Attempt)
  | { readonly type: 'cursor'; readonly cursor: string }
  | { readonly type: 'error'; readonly error: Problem; readonly cursor?: string }
  | {
      readonly type: 'summary';
      readonly subscriptions: number;
      readonly api_keys: number;
      readonly events: number;
      readonly deliveries: number;
      readonly attempts: number;
    };
