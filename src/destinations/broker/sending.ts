/** One try on its way through an outlet: it ends once, whatever comes first. */
import type { AttemptResult, TransportFailure } from '../../domain/attempt-result.ts';
import type { RunningAttempt } from '../destination.ts';
import type { BrokerMessage, PublishOutcome } from './adapter.ts';

export class Sending implements RunningAttempt {
  readonly message: BrokerMessage;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly #done: (result: AttemptResult) => void;
  readonly #now: () => number;
  #hasEnded = false;

  constructor(
    message: BrokerMessage,
    timeoutMs: number,
    now: () => number,
    done: (result: AttemptResult) => void,
  ) {
    this.message = message;
    this.timeoutMs = timeoutMs;
    this.startedAt = now();
    this.deadline = this.startedAt + timeoutMs;
    this.#now = now;
    this.#done = done;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Later, because `done` must not run before `attempt` has returned. */
  abort(): void {
    queueMicrotask(() => this.fail('reset', 'aborted by shutdown'));
  }

  settle(outcome: PublishOutcome): void {
    if (outcome.taken) {
      this.#end({ kind: 'taken', detail: outcome.detail, durationMs: this.#durationMs() });
    } else this.fail(outcome.reason, outcome.detail);
  }

  fail(reason: TransportFailure, detail: string): void {
    this.#end({ kind: 'failure', reason, detail, durationMs: this.#durationMs() });
  }

  #durationMs(): number {
    return this.#now() - this.startedAt;
  }

  #end(result: AttemptResult): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#done(result);
  }
}
