/** Plays all receivers of a cluster: remembers who sent what and when, and answers as told. */
import type { Destination, RunningAttempt } from '../../src/destinations/destination.ts';
import type { AttemptResult } from '../../src/domain/attempt-result.ts';

export interface Arrival {
  /** Name of the node that sent it. */
  readonly node: string;
  readonly eventId: string;
  readonly sequence: number;
  readonly subscription: number;
  readonly attempt: number;
  readonly body: string;
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

interface Answered extends Arrival {
  readonly status: number | null;
}

/** A status, or null: no answer before `answerAll`. */
export type Answer = (arrival: Arrival) => number | null;

const ANSWER_AFTER_MS = 2;

export class Targets {
  readonly arrivals: Answered[] = [];
  answer: Answer = () => 200;
  #waiting: ((status: number) => void)[] = [];

  /** What a node sends through; answers reach it for as long as `isAlive`. */
  of(node: string, isAlive: () => boolean): Destination {
    return {
      attempt: ({ eventId, sequence, subscription, attemptNumber, body }, done): RunningAttempt => {
        const arrival = {
          node,
          eventId,
          sequence,
          subscription: subscription.number,
          attempt: attemptNumber,
          body: Buffer.from(body).toString(),
          at: performance.now(),
        };
        const status = this.answer(arrival);
        this.arrivals.push({ ...arrival, status });
        let isOver = false;
        const end = (result: AttemptResult) => {
          if (isOver || !isAlive()) return;
          isOver = true;
          done(result);
        };
        if (status === null) this.#waiting.push((late) => end(response(late)));
        else setTimeout(() => end(response(status)), ANSWER_AFTER_MS);
        return { abort: () => setImmediate(() => end(BROKEN_OFF)) };
      },
    };
  }

  /** Answers what has been waiting so far. */
  answerAll(status: number): void {
    for (const answer of this.#waiting.splice(0)) answer(status);
  }

  /** Who has sent how many. */
  sentBy(node: string): number {
    return this.arrivals.filter((one) => one.node === node).length;
  }

  /** Arrivals of one subscription by event id. */
  byEvent(subscription: number): ReadonlyMap<string, readonly Arrival[]> {
    const ofSubscription = this.arrivals.filter((one) => one.subscription === subscription);
    return Map.groupBy(ofSubscription, ({ eventId }) => eventId);
  }

  /** Those that were answered with success, as often as they were. */
  delivered(subscription: number): readonly Arrival[] {
    return this.arrivals.filter((one) => one.subscription === subscription && one.status === 200);
  }
}

const BROKEN_OFF: AttemptResult = {
  kind: 'failure',
  reason: 'reset',
  detail: 'broken off',
  durationMs: 1,
};

function response(status: number): AttemptResult {
  return {
    kind: 'response',
    status,
    headers: {},
    body: Buffer.alloc(0),
    durationMs: ANSWER_AFTER_MS,
  };
}
