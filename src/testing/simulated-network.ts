/** A network and its receivers, as the destination port sees them. It outlives every process. */
import type { AttemptResult } from '../domain/attempt-result.ts';
import type { AttemptJob, Destination } from '../destinations/destination.ts';
import type { Clock, Timer } from '../runtime/clock.ts';

/** How a receiver behaves towards one attempt. An absent delay is none. */
export type Reaction =
  | {
      readonly status: number;
      readonly delayMs?: number;
      /** The Retry-After header. */
      readonly retryAfter?: string;
      /** The webhook-delivery header. */
      readonly wish?: string;
    }
  /** No answer before the subscription's timeout. */
  | 'hang'
  /** The connection breaks before the receiver has the request. */
  | { readonly reset: 'request'; readonly delayMs?: number }
  /** The receiver has processed the request, but its answer does not arrive. */
  | { readonly reset: 'answer'; readonly delayMs?: number }
  /** Nothing was sent, because the transform failed. */
  | { readonly transformFailed: string; readonly delayMs?: number };

/** One attempt as the network saw it. */
export interface SeenAttempt {
  readonly job: AttemptJob;
  readonly startedAt: number;
  readonly reaction: Reaction;
  /** When the receiver had taken the event, or null as long as it has not. */
  processedAt: number | null;
  /** True once the sender knows how it ended. */
  ended: boolean;
}

interface Process {
  readonly alive: boolean;
}

export const OK: Reaction = { status: 200 };

export class SimulatedNetwork {
  readonly #clock: Clock;
  readonly attempts: SeenAttempt[] = [];
  /** Who answers what; tests and simulations replace it. */
  react: (job: AttemptJob) => Reaction = () => OK;
  onAttempt: (seen: SeenAttempt) => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Attempts whose sender waits for the end. */
  get inFlight(): readonly SeenAttempt[] {
    return this.attempts.filter((attempt) => !attempt.ended);
  }

  /** The way out of one process; nothing goes out or comes back once it is dead. */
  destination(process: Process): Destination {
    return {
      attempt: (job, done) => {
        if (!process.alive) return { abort: () => undefined };
        return this.#send(job, (result) => process.alive && done(result));
      },
    };
  }

  #send(job: AttemptJob, done: (result: AttemptResult) => void) {
    const reaction = this.react(job);
    const startedAt = this.#clock.now();
    const seen: SeenAttempt = { job, startedAt, reaction, processedAt: null, ended: false };
    this.attempts.push(seen);
    this.onAttempt(seen);
    const end = (result: AttemptResult) => {
      if (seen.ended) return;
      seen.ended = true;
      done(result);
    };
    const timer = this.#after(delayOf(reaction, job), () => {
      const durationMs = this.#clock.now() - startedAt;
      if (isTaken(reaction)) seen.processedAt = this.#clock.now();
      end(resultOf(reaction, durationMs));
    });
    return {
      abort: () => {
        timer?.cancel();
        queueMicrotask(() => end(broken('the attempt was broken off', 0)));
      },
    };
  }

  #after(delayMs: number, run: () => void): Timer | undefined {
    if (delayMs > 0) return this.#clock.setTimer(delayMs, run);
    queueMicrotask(run);
    return undefined;
  }
}

function delayOf(reaction: Reaction, job: AttemptJob): number {
  return reaction === 'hang' ? job.subscription.timeoutMs : (reaction.delayMs ?? 0);
}

/** True when the receiver takes the event, whether its sender hears of it or not. */
export function isTaken(reaction: Reaction): boolean {
  if (reaction === 'hang') return false;
  if ('reset' in reaction) return reaction.reset === 'answer';
  if ('transformFailed' in reaction) return false;
  return reaction.status >= 200 && reaction.status < 300;
}

function resultOf(reaction: Reaction, durationMs: number): AttemptResult {
  if (reaction === 'hang') {
    const detail = 'the receiver did not answer in time';
    return { kind: 'failure', reason: 'timeout', detail, durationMs };
  }
  if ('reset' in reaction) return broken('the connection broke', durationMs);
  if ('transformFailed' in reaction) {
    const detail = reaction.transformFailed;
    return { kind: 'failure', reason: 'transform_failed', detail, durationMs };
  }
  const { status, retryAfter, wish } = reaction;
  const headers: Record<string, string> = {};
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter;
  if (wish !== undefined) headers['webhook-delivery'] = wish;
  return { kind: 'response', status, headers, body: EMPTY, durationMs };
}

const EMPTY = new Uint8Array();

function broken(detail: string, durationMs: number): AttemptResult {
  return { kind: 'failure', reason: 'reset', detail, durationMs };
}
