/** Folds one judged attempt into what is to be stored. Pure: time and chance are arguments. */
import type { AttemptResult } from '../domain/attempt-result.ts';
import { parseRetryAfter, type Verdict } from '../domain/outcome.ts';
import { recordedHeaders } from '../domain/recorded-headers.ts';
import { nextAttempt } from '../domain/retry-policy.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { AttemptRecord, DeliveryRecord } from '../storage/journal.ts';
import { CANCELLED_ON_REQUEST, standing, type Work } from './work.ts';

export interface EndedAttempt {
  readonly work: Work;
  /** What it is now; undefined once the subscription is deleted. */
  readonly subscription: Pick<Subscription, 'status' | 'retryScheduleSeconds'> | undefined;
  /** False when the publisher wants a single try. */
  readonly retry: boolean;
  readonly startedAt: number;
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  readonly result: AttemptResult;
  readonly verdict: Verdict;
}

export interface Settlement {
  readonly attempt: AttemptRecord;
  /** Null when the attempt alone says it: delivered at the first try. */
  readonly delivery: DeliveryRecord | null;
}

type Fate = Pick<DeliveryRecord, 'status' | 'nextAttemptAt' | 'reason'>;

const DELIVERED: Fate = { status: 'delivered', nextAttemptAt: null, reason: null };
const CANCELLED = cancelled(CANCELLED_ON_REQUEST);

export function settle(ended: EndedAttempt): Settlement {
  const fate = fateOf(ended);
  const attempt = attemptRecord(ended, fate.nextAttemptAt);
  const { work, now } = ended;
  if (!work.stored && fate.status === 'delivered') return { attempt, delivery: null };
  return {
    attempt,
    delivery: {
      ...standing(work),
      attempts: attempt.number,
      updatedAt: now,
      ...fate,
    },
  };
}

function fateOf(ended: EndedAttempt): Fate {
  const { verdict, work, subscription, retry } = ended;
  if (work.cancelled) return CANCELLED;
  if (verdict.kind === 'delivered') return DELIVERED;
  if (subscription === undefined) {
    return cancelled(`${verdict.detail}; the subscription was deleted meanwhile`);
  }
  if (verdict.kind === 'abort') return exhausted(verdict.detail);
  if (!retry) return exhausted(`${verdict.detail}; the event was published with "retry": false`);
  if (verdict.kind === 'disable') {
    return held(`${verdict.detail}, which disabled the subscription`);
  }
  if (subscription.status !== 'active') {
    return held(`${verdict.detail}; the subscription was paused or disabled meanwhile`);
  }
  return nextTry(ended, verdict, subscription.retryScheduleSeconds);
}

function nextTry(
  { work, now, random }: EndedAttempt,
  { retryAfter, detail }: Extract<Verdict, { kind: 'retry' }>,
  schedule: readonly number[],
): Fate {
  const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, now);
  const next = nextAttempt({
    now,
    attempt: work.attempts - work.attemptsBefore + 1,
    schedule,
    random,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  if (next.kind === 'at') return { status: 'waiting', nextAttemptAt: next.at, reason: detail };
  return exhausted(`${detail}; no try of the retry schedule is left`);
}

function exhausted(reason: string): Fate {
  return { status: 'exhausted', nextAttemptAt: null, reason };
}

function held(reason: string): Fate {
  return { status: 'held', nextAttemptAt: null, reason };
}

function cancelled(reason: string): Fate {
  return { status: 'cancelled', nextAttemptAt: null, reason };
}

/** A response speaks for itself. */
function takenDetail(result: AttemptResult): string | null {
  return result.kind === 'taken' ? result.detail : null;
}

function attemptRecord(ended: EndedAttempt, nextAttemptAt: number | null): AttemptRecord {
  const { work, result, verdict, startedAt } = ended;
  const delivered = verdict.kind === 'delivered';
  const response = result.kind === 'response' ? result : null;
  return {
    sequence: work.sequence,
    subscription: work.subscription,
    number: work.attempts + 1,
    trigger: work.trigger,
    outcome: delivered ? 'succeeded' : 'failed',
    failureReason: delivered ? null : verdict.reason,
    detail: delivered ? takenDetail(result) : verdict.detail,
    responseStatus: response?.status ?? null,
    responseHeaders: response === null ? null : JSON.stringify(recordedHeaders(response.headers)),
    responseBody: response === null || response.body.length === 0 ? null : response.body,
    durationMs: Math.round(result.durationMs * 1000) / 1000,
    startedAt,
    nextAttemptAt,
  };
}
