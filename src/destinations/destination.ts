/** The destination port: one try of one delivery, reduced to an AttemptResult. */
import type { AttemptResult } from '../domain/attempt-result.ts';
import type { DestinationKind } from '../domain/destination.ts';
import type { Subscription } from '../domain/subscription.ts';

/** Everything a try needs to know; plain data, so that planning a request stays pure. */
export interface AttemptJob {
  readonly subscription: Subscription;
  readonly eventId: string;
  readonly eventType: string;
  /** What the publisher gave, or null. */
  readonly orderingKey: string | null;
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
  /** Lets what is under way end and closes the connections it keeps; nothing is tried after it. */
  close?(): Promise<void>;
}

/**
 * Implementations by the `kind` a subscription names. A try to a kind that this server does not
 * have fails with a sentence that says so.
 */
export type Destinations = { readonly webhook: Destination } & {
  readonly [Kind in DestinationKind]?: Destination;
};
