/** Folds the answer to one poll into what is remembered of the resource. Pure. */
import { compare, type Observed } from './changes.ts';
import { backoffMs, delayMs, nextInterval } from './interval.ts';
import type { PollResource, PollSettings } from './settings.ts';
import type { PollResultKind, ResourceState } from './state.ts';

export type PollAnswer =
  | { readonly kind: 'not_modified' }
  | {
      readonly kind: 'observed';
      readonly observed: ReadonlyMap<string, Observed>;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | {
      readonly kind: 'failed';
      /** One sentence for a person. */
      readonly reason: string;
      /** The other side wants fewer requests. */
      readonly throttles: boolean;
      readonly retryAfterMs: number | undefined;
    };

export interface EndedPoll {
  readonly settings: PollSettings;
  readonly resource: PollResource;
  readonly state: ResourceState;
  readonly answer: PollAnswer;
  /** Wall clock, milliseconds, and the same as ISO 8601. */
  readonly now: number;
  readonly nowIso: string;
  /** In [0, 1). */
  readonly random: number;
}

export function settlePoll(ended: EndedPoll): ResourceState {
  const { answer, state, settings } = ended;
  if (answer.kind === 'failed') return failed(ended, answer.reason, answer.retryAfterMs);
  if (answer.kind === 'observed') return observed(ended, answer);
  if (state.basis !== settings.basis) {
    return failed(ended, 'the answer was 304 Not Modified, and nothing had been seen before');
  }
  return succeeded(ended, 'not_modified', state, false);
}

function observed(
  ended: EndedPoll,
  { observed: seen, etag, lastModified }: Extract<PollAnswer, { kind: 'observed' }>,
): ResourceState {
  const { settings, resource, state, now, nowIso } = ended;
  const look = { settings, resource, state, observed: seen, observedAt: nowIso };
  const found = findings(() => compare(look));
  if (typeof found === 'string') return failed(ended, found);
  const { items, version, events, isFirst, hasChanged } = found;
  const result = isFirst ? 'first' : hasChanged ? 'changed' : 'unchanged';
  const next: ResourceState = {
    ...state,
    basis: settings.basis,
    items,
    version,
    outbox: [...state.outbox, ...events],
    etag,
    lastModified,
    lastChangeAt: hasChanged ? now : state.lastChangeAt,
  };
  return succeeded(ended, result, next, hasChanged && !isFirst);
}

/** A value that can't be compared is as good as none. */
function findings<Result>(compute: () => Result): Result | string {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function succeeded(
  { settings, now, random }: EndedPoll,
  result: PollResultKind,
  state: ResourceState,
  hasChanged: boolean,
): ResourceState {
  const intervalSeconds = nextInterval(settings.interval, state.intervalSeconds, hasChanged);
  return {
    ...state,
    intervalSeconds,
    nextPollAt: now + delayMs(intervalSeconds, random),
    lastPollAt: now,
    lastSuccessAt: now,
    failures: 0,
    result,
    reason: null,
  };
}

function failed(
  { settings, state, now, random }: EndedPoll,
  reason: string,
  retryAfterMs = 0,
): ResourceState {
  const failures = state.failures + 1;
  const pauseMs = backoffMs(settings.interval, failures, random);
  return {
    ...state,
    nextPollAt: now + Math.max(pauseMs, retryAfterMs),
    lastPollAt: now,
    failures,
    result: 'failed',
    reason,
  };
}
