/**
 * The journal's half of the storage port: events, attempts, and the deliveries that need a row.
 *
 * Append-mostly. An event row names the subscriptions it matched; *pending* is implicit (above the
 * low-water mark, no attempt, no delivery row). A delivery row exists only once something went
 * wrong or must wait, so an event delivered at the first try costs two appends and no update.
 */
import type { DeliveryState } from '../domain/delivery-state.ts';
import type { FailureReason } from '../domain/outcome.ts';
import type { InboundRecord } from './inbound.ts';
import type { Page } from './page.ts';

export type { Page } from './page.ts';

/** Claimed in the same transaction as the event; a second claim makes the event a duplicate. */
export interface DedupeKey {
  /** 16 bytes: the hash of the publisher's id or Idempotency-Key. */
  readonly hash: Uint8Array;
  /** 16 bytes: the hash of the request, to tell a repeat from a misuse of the key. */
  readonly fingerprint: Uint8Array;
}

export interface EventRecord {
  /** Given out by the journal writer, rising by acceptance order; gaps are allowed. */
  readonly sequence: number;
  readonly tenant: number;
  readonly createdAt: number;
  readonly eventType: string;
  /** The publisher's own id, or null when the id is derived from the sequence. */
  readonly customId: string | null;
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly status: string | null;
  readonly orderingKey: string | null;
  /** False: one try, whatever the subscriptions' schedules say. */
  readonly retry: boolean;
  /** JSON text of the publisher's private notes; never delivered. */
  readonly metadata: string | null;
  /** JSON text of what the event catalogue had to say (a list of `Flag`), or null for nothing. */
  readonly warnings: string | null;
  /** Number of the source it came in through, or null. */
  readonly source: number | null;
  /** What its provider calls it, where it came in through a source that knows. */
  readonly providerEventId: string | null;
  /** The envelope exactly as it is signed and sent. UTF-8 JSON whose last member is `data`. */
  readonly body: Uint8Array;
  /** Numbers of all subscriptions it goes to, held and scheduled ones included. */
  readonly matched: readonly number[];
}

/** An event on its way in. */
export interface NewEvent extends EventRecord {
  readonly dedupe: readonly DedupeKey[];
  /** Rows for those deliveries that can't start at once: held or scheduled. */
  readonly parked: readonly DeliveryRecord[];
}

export interface DeliveryRecord {
  readonly sequence: number;
  readonly subscription: number;
  readonly tenant: number;
  readonly status: DeliveryState;
  /** Attempts made so far. */
  readonly attempts: number;
  /** Those that the retry schedule does not count: made before the last resend or replay. */
  readonly attemptsBefore: number;
  /** The event's, so that `ordered` subscriptions need not read it. */
  readonly orderingKey: string | null;
  /** Number of the replay that asked for its next try, or null. */
  readonly replay: number | null;
  /** Set exactly when the delivery waits for a try (`pending`, `waiting`). */
  readonly nextAttemptAt: number | null;
  /** Why it is in this state, for a person. */
  readonly reason: string | null;
  /** The event's, so that ids can be derived without reading the event. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const ATTEMPT_TRIGGERS = ['initial', 'retry', 'resend', 'replay'] as const;
/** What made us try. */
export type AttemptTrigger = (typeof ATTEMPT_TRIGGERS)[number];

export interface AttemptRecord {
  readonly sequence: number;
  readonly subscription: number;
  /** 1-based. */
  readonly number: number;
  readonly trigger: AttemptTrigger;
  readonly outcome: 'succeeded' | 'failed';
  readonly failureReason: FailureReason | null;
  /** One sentence about a failure. */
  readonly detail: string | null;
  readonly responseStatus: number | null;
  /** JSON object text, names in lower case. */
  readonly responseHeaders: string | null;
  readonly responseBody: Uint8Array | null;
  readonly durationMs: number;
  readonly startedAt: number;
  readonly nextAttemptAt: number | null;
}

/** One durable transaction. Everything in it becomes visible together, after an fsync. */
export interface JournalBatch {
  readonly events: readonly NewEvent[];
  readonly attempts: readonly AttemptRecord[];
  /** Upserts by (sequence, subscription); within a batch the later one wins. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly inbound: readonly InboundRecord[];
  /** Every event at or below it is settled or has delivery rows; null leaves it as it is. */
  readonly lowWaterMark: number | null;
}

/** An event of the batch that was not stored because its dedupe key is taken. */
export interface RefusedDuplicate {
  readonly sequence: number;
  readonly existing: ExistingEvent;
}

export interface ExistingEvent {
  readonly sequence: number;
  readonly createdAt: number;
  readonly customId: string | null;
  readonly eventType: string;
  readonly matchedCount: number;
  readonly fingerprint: Uint8Array;
}

export interface JournalState {
  /** Highest stored sequence; 0 when empty. */
  readonly lastSequence: number;
  readonly lowWaterMark: number;
}

/** A delivery with no attempt and no row: it was pending when the process ended. */
export interface UnsettledDelivery {
  readonly sequence: number;
  readonly subscription: number;
  /** These are the event's. */
  readonly tenant: number;
  readonly createdAt: number;
  readonly orderingKey: string | null;
}

/** What a delivery needs of its event. */
export interface EventContent {
  readonly sequence: number;
  readonly tenant: number;
  readonly createdAt: number;
  readonly customId: string | null;
  readonly eventType: string;
  readonly orderingKey: string | null;
  readonly retry: boolean;
  readonly body: Uint8Array;
}

/** A delivery as a reader sees it, whether it has a row or is implied by its event. */
export interface DeliveryView {
  readonly sequence: number;
  readonly subscription: number;
  readonly createdAt: number;
  readonly customId: string | null;
  readonly status: DeliveryState;
  readonly attempts: number;
  readonly orderingKey: string | null;
  readonly nextAttemptAt: number | null;
  readonly reason: string | null;
}

export interface EventQuery {
  readonly eventType?: string | undefined;
  readonly taskId?: string | undefined;
  readonly runId?: string | undefined;
  /** Number of the source it came in through. */
  readonly source?: number | undefined;
  /** Inclusive and exclusive bounds on createdAt, milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only events below this sequence (exclusive): the cursor. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface DeliveryQuery {
  readonly status?: DeliveryState | undefined;
  readonly subscription?: number | undefined;
  readonly before?: DeliveryPosition | undefined;
  readonly limit: number;
}

export interface DeliveryPosition {
  readonly sequence: number;
  readonly subscription: number;
}

export interface JournalStore {
  state(): Promise<JournalState>;

  /**
   * Applies the batch in one transaction and resolves after it is on stable storage.
   * @returns the events that were refused as duplicates; all others are stored.
   * @throws StorageError when nothing of the batch was stored.
   */
  commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]>;

  /** Deliveries implied pending by events in (after, upTo], in order; scans `limit` at most. */
  unsettled(
    after: number,
    upTo: number,
    limit: number,
  ): Promise<{ readonly pending: readonly UnsettledDelivery[]; readonly scannedTo: number }>;

  /** Rows with `after < (nextAttemptAt, sequence, subscription)` and `nextAttemptAt ≤ until`. */
  due(after: DuePosition, until: number, limit: number): Promise<readonly DeliveryRecord[]>;
  /** The earliest nextAttemptAt past the position, or null. */
  nextDueAt(after: DuePosition): Promise<number | null>;

  /**
   * Rows of a subscription that are `pending`, `waiting` or `held`, in order of sequence, above
   * `after`. What is implied pending by its event alone is not among them.
   * @returns fewer than `limit` when there are no more.
   */
  unfinished(
    subscription: number,
    after: number,
    limit: number,
  ): Promise<readonly DeliveryRecord[]>;

  /** Contents by sequence; unknown ones are left out. At most 1,000 at a time. */
  contents(sequences: readonly number[]): Promise<readonly EventContent[]>;

  event(tenant: number, sequence: number): Promise<EventRecord | undefined>;
  /** The sequence of the event with a publisher's own id, by the hash of its dedupe key. */
  sequenceOfKey(tenant: number, hash: Uint8Array): Promise<number | undefined>;
  listEvents(tenant: number, query: EventQuery): Promise<Page<EventRecord, number>>;

  /** All deliveries of one event in order of subscription. */
  deliveriesOf(tenant: number, sequence: number): Promise<readonly DeliveryView[]>;
  delivery(
    tenant: number,
    sequence: number,
    subscription: number,
  ): Promise<DeliveryView | undefined>;
  listDeliveries(
    tenant: number,
    query: DeliveryQuery,
  ): Promise<Page<DeliveryView, DeliveryPosition>>;
  /** Attempts of one delivery, oldest first. */
  attempts(sequence: number, subscription: number): Promise<readonly AttemptRecord[]>;

  /**
   * Turns at most `limit` held deliveries of a subscription into pending ones due at `now`.
   * @returns how many there were; fewer than `limit` means none is left.
   */
  releaseHeld(subscription: number, now: number, limit: number): Promise<number>;
}

export interface DuePosition {
  readonly dueAt: number;
  readonly sequence: number;
  readonly subscription: number;
}
