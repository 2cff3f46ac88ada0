/**
 * The list of wide events: one object for each thing that happened, with everything known about it.
 * Metrics, logs, endpoint health and alerts read these and nothing else.
 */
import type { DeliveryState } from '../domain/delivery-state.ts';
import type { PollResultKind } from '../domain/poll/state.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { AttemptRecord } from '../storage/journal.ts';

/** An attempt has ended and been judged. */
export interface AttemptEnded {
  readonly event: 'attempt.ended';
  readonly at: number;
  readonly subscription: Subscription;
  readonly eventId: string;
  readonly eventType: string;
  readonly attempt: AttemptRecord;
  /** The state the delivery is in now. */
  readonly status: DeliveryState;
  /** From acceptance of the event to the end of this attempt, milliseconds. */
  readonly ageMs: number;
}

/** A lane's circuit breaker changed its mind about the target. */
export interface BreakerChanged {
  readonly event: 'breaker.changed';
  readonly at: number;
  readonly tenant: number;
  readonly target: string;
  readonly phase: 'open' | 'closed';
  /** When the next probe is due, or null when closed. */
  readonly probeAt: number | null;
}

/** A subscription was disabled by Bellwire, not by a person. */
export interface SubscriptionDisabled {
  readonly event: 'subscription.disabled';
  readonly at: number;
  readonly subscription: Subscription;
  readonly reason: string;
}

/** The egress guard refused to connect. `why` is for operators, never for tenants. */
export interface TargetBlocked {
  readonly event: 'target.blocked';
  readonly at: number;
  readonly host: string;
  readonly why: string;
}

/** The event catalogue had something to say about an event that was published. */
export interface PublicationFlagged {
  readonly event: 'publication.flagged';
  readonly at: number;
  readonly tenant: number;
  readonly eventType: string;
  /** True when nothing was stored. */
  readonly refused: boolean;
  /** What was wrong, such as `schema_mismatch`; each once. */
  readonly codes: readonly string[];
}

/** Events past their retention were removed from the store, with all that belongs to them. */
export interface RetentionRemoved {
  readonly event: 'retention.removed';
  readonly at: number;
  /** Whose events, or null for what was too old for everybody. */
  readonly tenant: number | null;
  /** Those accepted before this instant. */
  readonly createdBefore: number;
  readonly events: number;
  /** What they held: envelopes and metadata. */
  readonly bytes: number;
  readonly durationMs: number;
}

/** A resource of a poll source was looked at. */
export interface PollEnded {
  readonly event: 'poll.ended';
  readonly at: number;
  readonly tenant: number;
  /** Public id of the source. */
  readonly source: string;
  readonly resource: string;
  readonly result: PollResultKind;
  /** Of a failure; never a secret. */
  readonly reason: string | null;
  /** Failed polls of the resource in a row. */
  readonly failures: number;
  /** That it makes. */
  readonly events: number;
  readonly durationMs: number;
}

/** Polls of a source keep failing, or work again. */
export interface PollTroubleTold {
  readonly event: 'poll.failing' | 'poll.recovered';
  readonly at: number;
  readonly tenant: number;
  readonly source: string;
  readonly resource: string;
  readonly reason: string | null;
}

export type TelemetryEvent =
  | PollEnded
  | PollTroubleTold
  | RetentionRemoved
  | AttemptEnded
  | BreakerChanged
  | SubscriptionDisabled
  | TargetBlocked
  | PublicationFlagged;

export interface Telemetry {
  /** Must not throw and must not block. */
  emit(event: TelemetryEvent): void;
}
