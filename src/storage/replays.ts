/**
 * The replays' part of the storage port: the jobs, and what they read of the journal. A job walks
 * the events of a range in order of sequence; what it has put on its way are delivery rows that
 * name it, so a restart finds them again.
 */
import type { DeliveryState, FinalDeliveryState } from '../domain/delivery-state.ts';
import type { DeliveryPosition, DeliveryRecord, Page } from './journal.ts';

export const REPLAY_STATUSES = ['planned', 'running', 'done', 'cancelled'] as const;
/** Planned: its deliveries are being counted, or it is a dry run and they have been. */
export type ReplayStatus = (typeof REPLAY_STATUSES)[number];

/** Deliveries of a replay so far, by what became of them. */
export interface ReplayCounts {
  /** Looked at: those below and those that are on their way or held. */
  readonly taken: number;
  /** Were on their way anyway. */
  readonly skipped: number;
  readonly delivered: number;
  /** The replayed attempt failed; what the retry schedule makes of it later is not counted. */
  readonly failed: number;
  readonly cancelled: number;
}

export interface ReplayRecord {
  /** Position in the store; the public id is derived from it. */
  readonly number: number;
  readonly tenant: number;
  readonly status: ReplayStatus;
  readonly dryRun: boolean;
  /** JSON text of what was asked for; only the engine reads it. */
  readonly request: string;
  /** Its events have `after < sequence ≤ upTo`. */
  readonly after: number;
  readonly upTo: number;
  /** Every event at or below it was looked at, and `counts` knows of it. */
  readonly cursor: number;
  /** Deliveries in all, or null until they are counted. */
  readonly total: number | null;
  readonly counts: ReplayCounts;
  /** Why it ended early; while it is running: why it is about to. */
  readonly reason: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type ReplayProgress = Pick<
  ReplayRecord,
  'status' | 'cursor' | 'total' | 'counts' | 'updatedAt'
>;

export interface CandidateScan {
  readonly after: number;
  readonly upTo: number;
  /** Events to examine at most. */
  readonly limit: number;
  /**
   * Only events with a delivery in one of these states, to this subscription when one is named;
   * null for all events of the tenant.
   */
  readonly deliveries: {
    readonly statuses: readonly FinalDeliveryState[];
    readonly subscription: number | null;
  } | null;
}

/** An event that may be replayed; its bytes are read when a filter asks for them. */
export interface Candidate {
  readonly sequence: number;
  readonly createdAt: number;
  readonly eventType: string;
  readonly taskId: string | null;
  readonly orderingKey: string | null;
  /** Number of the source it came in through, or null. */
  readonly source: number | null;
  /** JSON text, or null. */
  readonly metadata: string | null;
  /** Of the deliveries that were asked for; empty when all events were. In order. */
  readonly subscriptions: readonly number[];
}

/** A delivery as it stands, whether it has a row or is implied by its event. */
export type DeliveryStanding = Pick<
  DeliveryRecord,
  'sequence' | 'subscription' | 'attempts' | 'attemptsBefore' | 'replay'
> & { readonly status: DeliveryState };

export interface ReplayStore {
  /** Gives it the next number. */
  insert(record: Omit<ReplayRecord, 'number'>): Promise<ReplayRecord>;
  find(tenant: number, number: number): Promise<ReplayRecord | undefined>;
  /** Newest first, below `before`. */
  list(
    tenant: number,
    query: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<Page<ReplayRecord, number>>;
  /** Planned and running ones of all tenants, oldest first; without dry runs. */
  unfinished(): Promise<readonly ReplayRecord[]>;
  /**
   * Makes this process the one that runs the replay, or makes sure that it still is. False while
   * another process does, as far as several may open the same data.
   */
  hold(number: number): Promise<boolean>;
  /**
   * Stores how far it is.
   * @returns the `reason` to end it that somebody stored meanwhile, or null.
   */
  progress(number: number, progress: ReplayProgress): Promise<string | null>;
  /** Stores why it is to end; who runs it ends it. The first reason stays. */
  end(number: number, reason: string, now: number): Promise<void>;

  /**
   * Bounds `after < sequence ≤ upTo` around all events created in [since, until). They may hold
   * others; they hold these as long as clocks step back by less than a minute.
   */
  range(since: number, until: number): Promise<{ readonly after: number; readonly upTo: number }>;
  /** Events of the tenant in order of sequence; `scannedTo` is where to go on. */
  candidates(
    tenant: number,
    scan: CandidateScan,
  ): Promise<{ readonly events: readonly Candidate[]; readonly scannedTo: number }>;
  /** In the order asked for; undefined where there is no such delivery. At most 1,000. */
  standings(
    positions: readonly DeliveryPosition[],
  ): Promise<readonly (DeliveryStanding | undefined)[]>;
  /** Rows that name the replay, by sequence and subscription, past the position. */
  deliveries(
    replay: number,
    after: DeliveryPosition,
    limit: number,
  ): Promise<readonly DeliveryRecord[]>;
}
