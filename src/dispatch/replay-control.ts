/** What people and the API may ask of replays. */
import type { FinalDeliveryState } from '../domain/delivery-state.ts';
import type { FilterDocument } from '../domain/subscription.ts';
import type { Page } from '../storage/journal.ts';
import type { ReplayRecord } from '../storage/replays.ts';

/** Which deliveries are wanted. All that is given must fit. */
export interface ReplayRequest {
  /** Events created in [since, until), milliseconds. */
  readonly since: number;
  readonly until: number;
  /** Patterns as in subscriptions, or null for all types. */
  readonly eventTypes: readonly string[] | null;
  readonly taskId: string | null;
  readonly filter: FilterDocument | null;
  /** To this subscription alone, or null for all. */
  readonly subscription: number | null;
  /**
   * Only deliveries that exist and are in one of these states. Null routes the events anew, to
   * subscriptions they have never gone to as well.
   */
  readonly statuses: readonly FinalDeliveryState[] | null;
}

/** With the newest counts, which the store hears of now and then only. */
export interface ReplayView extends Omit<ReplayRecord, 'request'> {
  readonly request: ReplayRequest;
  /** Deliveries whose replayed attempt has ended, or that needed none. */
  readonly done: number;
}

/** A replay was refused; `limit` says why. */
export class TooManyReplaysError extends Error {
  readonly limit: number;
  constructor(limit: number) {
    super(`The tenant has ${limit} replays under way already.`);
    this.name = 'TooManyReplaysError';
    this.limit = limit;
  }
}

/** It has ended, or was never meant to run. */
export class ReplayOverError extends Error {
  constructor({ dryRun, status }: ReplayView) {
    super(dryRun ? 'A dry run has only counted.' : `The replay is ${status}.`);
    this.name = 'ReplayOverError';
  }
}

export interface ReplayControl {
  /**
   * Stores a replay and begins it. Resolves once it is stored.
   * @throws TooManyReplaysError
   */
  create(tenant: number, request: ReplayRequest): Promise<ReplayView>;
  /**
   * Counts what would be replayed, and stores the answer.
   * @throws TooManyReplaysError
   */
  dryRun(tenant: number, request: ReplayRequest): Promise<ReplayView>;
  find(tenant: number, number: number): Promise<ReplayView | undefined>;
  /** Newest first. */
  list(
    tenant: number,
    query: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<Page<ReplayView, number>>;
  /**
   * Takes no more deliveries on, and calls off those that have not been attempted. Resolves once
   * that will happen even if the process ends.
   * @throws ReplayOverError
   */
  cancel(tenant: number, number: number): Promise<ReplayView | undefined>;
  /** Ends all of a tenant that is about to go. */
  endAll(tenant: number, reason: string): Promise<void>;
}
