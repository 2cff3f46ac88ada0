/** What enters the pipe, and what the caller is told. Plain types; `publisher.ts` does the work. */
import type { Subscription } from '../domain/subscription.ts';

/** One event as its publisher describes it, already validated by the surface it came through. */
export interface Publication {
  readonly tenant: number;
  readonly eventType: string;
  /** JSON text of `data` exactly as received; `{}` when the publisher gave none. */
  readonly dataText: string;
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
  readonly idempotencyKey?: string | undefined;
  /** Goes to this subscription alone, whatever its patterns: a test event. */
  readonly only?: Subscription | undefined;
}

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
