/** What is being polled, as it stands in memory: sources, their resources, and whose budget. */
import { createBudget, nextSpendAt, strictest, type Budget } from '../domain/poll/budget.ts';
import { MAX_POLLS_PER_CREDENTIAL } from '../domain/limits-poll.ts';
import { DueHeap } from '../domain/poll/due-heap.ts';
import type { PollResource, PollSettings } from '../domain/poll/settings.ts';
import type { ResourceState } from '../domain/poll/state.ts';
import type { Source } from '../domain/source.ts';
import type { EgressHandle } from '../egress/port.ts';
import type { Selections } from './answer.ts';

/** A source, or one version of it: a changed one is a new object. */
export interface WatchedSource {
  readonly source: Source;
  readonly settings: PollSettings;
  readonly selections: Selections;
  readonly lane: CredentialLane;
  /** By name. */
  readonly resources: Map<string, Watched>;
  /** Names of resources that have failed too often in a row. */
  readonly failing: Set<string>;
}

export interface Watched {
  readonly owner: WatchedSource;
  readonly resource: PollResource;
  state: ResourceState;
  /** The poll under way. */
  running: EgressHandle | null;
  /** The state in memory holds events that the store does not know of yet. */
  mustSave: boolean;
  /** False once nobody wants it any more; whatever comes back is not used. */
  isWanted: boolean;
}

/** All that spends one budget. Resources take turns: whoever is due for longest comes first. */
export class CredentialLane {
  readonly key: string;
  /** Instants of it are monotonic. */
  readonly due = new DueHeap<Watched>();
  readonly members = new Set<WatchedSource>();
  inFlight = 0;
  #budget: Budget | null = null;

  constructor(key: string) {
    this.key = key;
  }

  get budget(): Budget {
    if (this.#budget === null) throw new Error('a lane without members has no budget');
    return this.#budget;
  }

  /** Members have come or gone, or want another budget. */
  rebudget(now: number): void {
    const terms = strictest([...this.members].map(({ settings }) => settings.budget));
    if (terms === undefined) return;
    const { requests, perSeconds } = this.#budget?.terms ?? {};
    if (requests === terms.requests && perSeconds === terms.perSeconds) return;
    const pausedUntil = this.#budget?.pausedUntil ?? Number.NEGATIVE_INFINITY;
    this.#budget = { ...createBudget(terms, now), pausedUntil };
  }

  /** When its next poll may start; `Infinity` while there is none, or enough are under way. */
  wakeAt(now: number): number {
    if (this.due.size === 0 || this.inFlight >= MAX_POLLS_PER_CREDENTIAL) {
      return Number.POSITIVE_INFINITY;
    }
    return Math.max(this.due.nextAt, nextSpendAt(this.budget, now));
  }
}

/** Sources of a tenant that name the same credential share a budget. */
export function budgetKey(source: Source, settings: PollSettings): string {
  const { tenant, number } = source;
  return settings.credential === null
    ? `${tenant} source ${number}`
    : `${tenant} credential ${settings.credential}`;
}
