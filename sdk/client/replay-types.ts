/** Replays as they are on the wire. */
import type { Filter, Instant } from './types.ts';

type FinalStatus = 'delivered' | 'exhausted' | 'cancelled';

export interface RecoverSubscription {
  /** Default: 31 days before `until`, which is also the longest span. */
  readonly since?: Instant;
  /** Default: now. */
  readonly until?: Instant;
}

/** At least one field besides `dry_run`. */
export interface CreateReplay extends RecoverSubscription {
  readonly filter?: Filter;
  readonly event_types?: readonly string[];
  readonly task_id?: string;
  readonly subscription_id?: string;
  /** Only deliveries that ended so; without it events are routed anew. */
  readonly status?: readonly FinalStatus[];
  readonly dry_run?: boolean;
}

export interface Replay {
  readonly id: string;
  readonly status: 'planned' | 'running' | 'done' | 'cancelled';
  readonly dry_run: boolean;
  /** Null until they are counted. */
  readonly total: number | null;
  readonly done: number;
  readonly outcomes: Readonly<Record<'delivered' | 'failed' | 'skipped' | 'cancelled', number>>;
  readonly reason: string | null;
  readonly since: Instant;
  readonly until: Instant;
  readonly filter: Filter | null;
  readonly event_types: readonly string[] | null;
  readonly task_id: string | null;
  readonly subscription_id: string | null;
  readonly statuses: readonly FinalStatus[] | null;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export interface CancelledEvent {
  readonly id: string;
  /** Deliveries that were called off now. */
  readonly cancelled: number;
  /** Deliveries that had ended before. */
  readonly already_over: number;
}
