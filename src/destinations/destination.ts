/** The destination port: one try of one delivery, reduced to an AttemptResult. */
import type { AttemptResult } from '../domain/attempt-result.ts';
import type { Subscription } from '../domain/subscription.ts';

/** Everything a try needs to know; plain data, so that planning a request stays pure. */
export interface AttemptJob {
  readonly subscription: Subscription;
  readonly eventId: string;
  readonly sequence: number;
  /** When the event was accepted, milliseconds. */
  readonly createdAt: number;
  /** The envelope; the same bytes on every try. */
  readonly body: Uint8Array;
  /** 1-based. */
  readonly attemptNumber: number;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
}

export interface RunningAttempt {
  /** Breaks it off; `done` still runs once. */
  abort(): void;
}

export interface Destination {
  /** `done` runs exactly once and never before `attempt` returns. */
  attempt(job: AttemptJob, done: (result: AttemptResult) => void): RunningAttempt;
}

/** Implementations by the `kind` a subscription names. */
export type Destinations = Readonly<Record<Subscription['destination']['kind'], Destination>>;
