/** How the polls of a source are going, for the person who asks. Pure. */
import { MAX_POLL_PROBLEMS_SHOWN, POLL_STALE_AFTER_INTERVALS } from '../domain/limits-poll.ts';
import { remaining, type Budget } from '../domain/poll/budget.ts';
import type { PollSettings } from '../domain/poll/settings.ts';
import type { PollResultKind, ResourceState } from '../domain/poll/state.ts';

export interface PollStatus {
  readonly resources: number;
  /** Looked at successfully at least once. */
  readonly seen: number;
  readonly failing: number;
  /** Without a good look for longer than they should be. */
  readonly stale: number;
  /** Instants, milliseconds. */
  readonly lastPollAt: number | null;
  readonly nextPollAt: number | null;
  /** The oldest of all last good looks; null while one resource has none. */
  readonly freshSince: number | null;
  readonly lastChangeAt: number | null;
  /** Of the latest poll. */
  readonly lastResult: PollResultKind | null;
  readonly lastReason: string | null;
  /** Why nothing is polled at all, or null. */
  readonly problem: string | null;
  readonly budget: BudgetStatus;
  /** The worst ones; see `MAX_POLL_PROBLEMS_SHOWN`. */
  readonly problems: readonly ResourceProblem[];
}

export interface BudgetStatus {
  readonly requests: number;
  readonly perSeconds: number;
  readonly credential: string | null;
  /** Requests that may be made right now; null where another node spends the budget. */
  readonly remaining: number | null;
  /** The other side asked for a pause until then, milliseconds; null for none. */
  readonly pausedUntil: number | null;
}

export interface ResourceProblem {
  readonly resource: string;
  readonly reason: string;
  readonly failures: number;
  readonly lastSuccessAt: number | null;
  readonly nextPollAt: number | null;
}

export interface StatusInput {
  readonly settings: PollSettings;
  readonly stateOf: (resource: string) => ResourceState;
  /** Null where it is not spent here. */
  readonly budget: Budget | null;
  readonly problem: string | null;
  /** Wall clock and monotonic, milliseconds. */
  readonly now: number;
  readonly monotonic: number;
}

export function statusOf(input: StatusInput): PollStatus {
  const { settings, stateOf, problem } = input;
  const all = settings.resources.map(({ name }) => ({ name, state: stateOf(name) }));
  const states = all.map(({ state }) => state);
  const good = states.map(({ lastSuccessAt }) => lastSuccessAt).filter((at) => at !== null);
  const latest = states.reduce((a, b) => ((b.lastPollAt ?? 0) > (a.lastPollAt ?? 0) ? b : a));
  return {
    resources: all.length,
    seen: good.length,
    failing: states.filter(({ failures }) => failures > 0).length,
    stale: states.filter((state) => isStale(state, settings, input.now)).length,
    lastPollAt: latest.lastPollAt,
    nextPollAt: least(states.map(({ nextPollAt }) => nextPollAt)),
    freshSince: good.length === all.length ? least(good) : null,
    lastChangeAt: most(states.map(({ lastChangeAt }) => lastChangeAt)),
    lastResult: latest.result,
    lastReason: latest.reason,
    problem,
    budget: budgetStatus(input),
    problems: all
      .filter(({ state }) => state.reason !== null)
      .toSorted((a, b) => b.state.failures - a.state.failures)
      .slice(0, MAX_POLL_PROBLEMS_SHOWN)
      .map(problemOf),
  };
}

/** Of one that was never seen nobody knows how old it is; `seen` counts them. */
function isStale(
  { lastSuccessAt, intervalSeconds }: ResourceState,
  { interval }: PollSettings,
  now: number,
): boolean {
  if (lastSuccessAt === null) return false;
  const seconds = intervalSeconds ?? interval.intervalSeconds;
  return now - lastSuccessAt > POLL_STALE_AFTER_INTERVALS * seconds * 1000;
}

function budgetStatus({ settings, budget, now, monotonic }: StatusInput): BudgetStatus {
  const { requests, perSeconds } = budget?.terms ?? settings.budget;
  const pauseMs = (budget?.pausedUntil ?? monotonic) - monotonic;
  return {
    requests,
    perSeconds,
    credential: settings.credential,
    remaining: budget === null ? null : remaining(budget, monotonic),
    pausedUntil: pauseMs > 0 ? Math.round(now + pauseMs) : null,
  };
}

function problemOf({ name, state }: { name: string; state: ResourceState }): ResourceProblem {
  const { reason, failures, lastSuccessAt, nextPollAt } = state;
  return { resource: name, reason: reason ?? '', failures, lastSuccessAt, nextPollAt };
}

function least(instants: readonly (number | null)[]): number | null {
  return instants.reduce<number | null>(
    (found, at) => (at !== null && (found === null || at < found) ? at : found),
    null,
  );
}

function most(instants: readonly (number | null)[]): number | null {
  return instants.reduce<number | null>(
    (found, at) => (at !== null && (found === null || at > found) ? at : found),
    null,
  );
}
