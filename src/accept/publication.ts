/** What enters the pipe, and what the caller is told. Plain types; `publisher.ts` does the work. */
import type { Subscription } from '../domain/subscription.ts';

/** One event as its publisher describes it, already validated by the surface it came through. */
export interface Publication {
  readonly tenant: number;
  readonly eventType: string;
  /** JSON text of `data` exactly as received; `{}` when the publisher gave none. */
  readonly dataText: string;
  /** What `JSON.parse` makes of `dataText`, from a caller that has it: filters need it. */
  readonly data?: unknown;
  /** The publisher's own id: becomes the `webhook-id` and makes a second publish a duplicate. */
  readonly id?: string | undefined;
  readonly taskId?: string | undefined;
  readonly runId?: string | undefined;
  readonly status?: string | undefined;
  readonly orderingKey?: string | undefined;
  /** When it happened, milliseconds; acceptance time when absent. */
  readonly occurredAt?: number | undefined;
  /** Not before this instant, milliseconds. */
  readonly deliverAt?: number | undefined;
  /** JSON object text; stored, never delivered. */
  readonly metadataText?: string | undefined;
  /** JSON text of what the event catalogue had to say about it; stored, never delivered. */
  readonly warningsText?: string | undefined;
  /** What `JSON.parse` makes of `metadataText`, likewise. */
  readonly metadata?: unknown;
  readonly idempotencyKey?: string | undefined;
  /** False: one try, whatever the subscriptions' schedules say. */
  readonly retry?: boolean | undefined;
  /** Goes to this subscription alone, whatever its patterns. */
  readonly only?: Subscription | undefined;
  /** Where it came in, if it did not come from a publisher. */
  readonly inbound?: InboundOrigin | undefined;
  /**
   * `counted`: outside the quota of events a second, because it was counted with its batch or is
   * the operator's. `exempt`: outside every quota, because it is Bellwire's own.
   */
  readonly quota?: 'counted' | 'exempt' | undefined;
}

/** What a source knows of an event that came in through it. */
export interface InboundOrigin {
  /** Number of the source. */
  readonly source: number;
  /** Its public id. */
  readonly sourceId: string;
  readonly providerEventId: string | null;
  /** What makes a second one a repeat of this one, within the source; null: nothing does. */
  readonly dedupe: string | null;
}

/** What the quotas of a tenant are called on the wire. */
export const QUOTA_NAMES = ['events_per_second', 'max_subscriptions', 'max_storage_bytes'] as const;
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** Why a tenant's own rules keep an event out. */
export type RuleRefusal =
  | {
      readonly code: 'quota_exceeded';
      readonly quota: QuotaName;
      readonly reason: string;
      readonly retryAfterSeconds: number;
    }
  | {
      readonly code: 'tenant_is_deleting' | 'payload_too_large' | 'redaction_failed';
      readonly reason: string;
    };

export type PublishResult =
  /** Stored and fsynced. `deliveries` counts the subscriptions it matched. */
  | {
      readonly kind: 'accepted';
      readonly id: string;
      readonly deliveries: number;
    }
  /** Stored before, under the same id or idempotency key; nothing new was stored. */
  | {
      readonly kind: 'duplicate';
      readonly id: string;
      readonly eventType: string;
      readonly deliveries: number;
    }
  /** The key or id is taken by a different request. */
  | { readonly kind: 'conflict'; readonly reason: string }
  /** Nothing was stored. */
  | { readonly kind: 'refused'; readonly refusal: RuleRefusal }
  /** Nothing was stored; trying again later is right. */
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      readonly retryAfterSeconds: number;
    };

export interface Publisher {
  /**
   * Routes, stores and fsyncs; `done` runs once after that. Never throws and never calls `done`
   * before it returns. A callback, not a promise: this is the hot path.
   */
  publish(publication: Publication, done: (result: PublishResult) => void): void;
}

/** Where a tenant stands with its quota of events a second. */
export interface RateStatus {
  /** Events a second. */
  readonly quota: number;
  /** Events that would be let in now, one by one. */
  readonly remaining: number;
  /** Until all of the quota is there again. */
  readonly fullInSeconds: number;
}

/** Quotas of a tenant, for those who count more than single events. */
export interface TenantRates {
  /**
   * Takes so many events out of the tenant's quota at once, for a batch whose events then are
   * `counted`. A batch may overdraw the quota; whoever comes next waits until that is made good.
   */
  take(tenant: number, events: number): RuleRefusal | undefined;
  /** Undefined without such a quota. */
  status(tenant: number): RateStatus | undefined;
}
