/** Plays the receivers: answers attempts at once, or when the test says so. */
import type { AttemptJob, Destination, RunningAttempt } from '../../destinations/destination.ts';
import type { AttemptResult } from '../../domain/attempt-result.ts';

const OK: AttemptResult = {
  kind: 'response',
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('thanks'),
  durationMs: 3,
};

export class Receiver implements Destination {
  /** What the next attempts get; null makes them wait for `answerAll`. */
  answer: AttemptResult | null = OK;
  readonly jobs: AttemptJob[] = [];
  #waiting: ((result: AttemptResult) => void)[] = [];
  #arrivals: (() => void)[] = [];

  attempt(job: AttemptJob, done: (result: AttemptResult) => void): RunningAttempt {
    this.jobs.push(job);
    const { answer } = this;
    if (answer === null) this.#waiting.push(done);
    else queueMicrotask(() => done(answer));
    for (const arrived of this.#arrivals.splice(0)) arrived();
    return { abort: () => this.answerAll() };
  }

  answerAll(result: AttemptResult = OK): void {
    for (const done of this.#waiting.splice(0)) done(result);
  }

  /** Resolves when an attempt for this event has begun. */
  async attemptOf(eventId: string): Promise<AttemptJob> {
    for (;;) {
      const job = this.jobs.findLast((candidate) => candidate.eventId === eventId);
      if (job !== undefined) return job;
      await new Promise<void>((resolve) => this.#arrivals.push(resolve));
    }
  }

  static failure(status: number, body: Uint8Array = Buffer.from('no')): AttemptResult {
    return { kind: 'response', status, headers: {}, body, durationMs: 5 };
  }
}
