/** All replays of the node: begins them, finds them again after a restart, and ends them. */
import { MAX_REPLAYS_PER_TENANT } from '../../domain/limits.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Service } from '../../runtime/service.ts';
import type { JournalListener, JournalWriter } from '../../storage/journal-writer.ts';
import type { JournalBatch, JournalStore, Page } from '../../storage/journal.ts';
import type { ReplayRecord, ReplayStore } from '../../storage/replays.ts';
import type { SubscriptionDirectory } from '../../storage/subscription-registry.ts';
import {
  ReplayOverError,
  TooManyReplaysError,
  type ReplayControl,
  type ReplayRequest,
  type ReplayView,
} from '../replay-control.ts';
import type { DeliveryBulk } from './feeder.ts';
import { ReplayJob, type JobOptions } from './job.ts';
import { Matching } from './matching.ts';
import { Outstanding } from './outstanding.ts';
import { pause } from './pacer.ts';
import { readRequest, writeRequest } from './request.ts';
import { scan } from './scan.ts';

/** Deliveries on their way at a time: of all replays of the node, and of one. */
const NODE_WINDOW = 8_192;
const MAX_WINDOW = 256;
/** The same for deliveries that are held by their subscription. */
const NODE_HELD_WINDOW = 100_000;
const MAX_HELD_WINDOW = 10_000;
/** However many replays share the node. */
const MIN_WINDOW = 16;

/** How often replays are looked for that nobody runs: their process died. */
const LOOK_AROUND_MS = 5_000;
/** The same for a process that is alone: the store lost its answer, or refused, when one began. */
const LOOK_AROUND_ALONE_MS = 30_000;

/** How long they may take to be put down. */
const STOP_MS = 5_000;

const CANCELLED_ON_REQUEST = 'cancelled on request';
const SUBSCRIPTION_DELETED = 'the subscription was deleted';

const NO_COUNTS = { taken: 0, skipped: 0, delivered: 0, failed: 0, cancelled: 0 };

export interface ReplaysOptions {
  readonly store: ReplayStore;
  readonly journal: JournalStore;
  readonly writer: JournalWriter;
  readonly directory: SubscriptionDirectory;
  /** The dispatcher. */
  readonly bulk: DeliveryBulk & { overload(): string | undefined };
  readonly clock: Clock;
  /** Other processes work on the same data: they begin replays, end them, and may die. */
  readonly isShared?: boolean | undefined;
  /** Something went wrong that no caller waits for. */
  readonly onError: (error: unknown) => void;
}

interface Running {
  readonly job: ReplayJob;
  readonly ended: Promise<void>;
}

export class Replays implements Service, ReplayControl, JournalListener {
  readonly #options: ReplaysOptions;
  readonly #outstanding = new Outstanding();
  readonly #running = new Map<number, Running>();
  /** Requests whose record is not stored yet, and dry runs: by tenant. */
  readonly #counting = new Map<number, number>();
  #stopped = false;
  #timer: Timer | null = null;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  /** Goes on with what the process before has left; nobody waits for that. */
  async start(): Promise<void> {
    this.#options.writer.listen(this);
    this.#lookAgain().catch(this.#options.onError);
  }

  async #lookAgain(): Promise<void> {
    const { isShared = false, clock, onError } = this.#options;
    let waitMs = isShared ? LOOK_AROUND_MS : LOOK_AROUND_ALONE_MS;
    try {
      await this.#lookAround();
    } catch (error) {
      onError(error);
      waitMs = LOOK_AROUND_MS;
    }
    if (this.#stopped) return;
    this.#timer = clock.setTimer(waitMs, () => {
      this.#lookAgain().catch(onError);
    });
  }

  /** Finds the replays that nobody runs, and what others want of those that run here. */
  async #lookAround(): Promise<void> {
    const { store } = this.#options;
    for (const record of await store.unfinished()) {
      if (this.#stopped) return;
      const job = this.#running.get(record.number)?.job;
      const isMine = await store.hold(record.number);
      if (job === undefined) {
        if (isMine) this.#run(record);
      } else if (!isMine) job.lose();
      else if (record.reason !== null) job.end(record.reason);
    }
  }

  /** Puts them down where they are; the next start goes on from there. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const { job } of this.#running.values()) job.stop();
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended));
    // One may wait for a store that does not answer any more.
    await Promise.race([all, pause(this.#options.clock, STOP_MS)]);
  }

  committed(batch: JournalBatch): void {
    this.#outstanding.committed(batch);
  }

  async create(tenant: number, request: ReplayRequest): Promise<ReplayView> {
    return this.#counted(tenant, async () => {
      const { store } = this.#options;
      const record = await this.#insert(tenant, request, false);
      // If the store refuses by now, it is found when it is looked for.
      const isMine = await store.hold(record.number).catch(this.#options.onError);
      if (isMine === true && !this.#stopped) this.#run(record);
      return this.#view(record);
    });
  }

  async dryRun(tenant: number, request: ReplayRequest): Promise<ReplayView> {
    return this.#counted(tenant, async () => {
      const { store, clock } = this.#options;
      const record = await this.#insert(tenant, request, true);
      const matching = new Matching(this.#options, tenant, request);
      let total = 0;
      for await (const { targets } of scan(
        { store, clock, matching, record, request },
        record.after,
      ))
        total += targets.length;
      const { status, cursor, counts } = record;
      const progress = { status, cursor, counts, total, updatedAt: clock.now() };
      await store.progress(record.number, progress);
      return this.#view({ ...record, ...progress });
    });
  }

  async find(tenant: number, number: number): Promise<ReplayView | undefined> {
    const record = await this.#options.store.find(tenant, number);
    return record && this.#view(record);
  }

  async list(
    tenant: number,
    query: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<Page<ReplayView, number>> {
    const { items, next } = await this.#options.store.list(tenant, query);
    return { items: items.map((record) => this.#view(record)), next };
  }

  async cancel(tenant: number, number: number): Promise<ReplayView | undefined> {
    const view = await this.find(tenant, number);
    if (view === undefined) return undefined;
    if (view.dryRun || view.status === 'done' || view.status === 'cancelled') {
      throw new ReplayOverError(view);
    }
    await this.#end(number, CANCELLED_ON_REQUEST);
    return this.find(tenant, number);
  }

  async endAll(tenant: number, reason: string): Promise<void> {
    for (const record of await this.#options.store.unfinished()) {
      if (record.tenant === tenant) await this.#end(record.number, reason);
    }
  }

  async #end(number: number, reason: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.end(number, reason, clock.now());
    // Another process that runs it learns of it with its next report.
    this.#running.get(number)?.job.end(reason);
  }

  /** @throws TooManyReplaysError */
  async #counted(tenant: number, work: () => Promise<ReplayView>): Promise<ReplayView> {
    const counting = this.#counting.get(tenant) ?? 0;
    this.#counting.set(tenant, counting + 1);
    try {
      const unfinished = await this.#options.store.unfinished();
      const running = unfinished.filter((record) => record.tenant === tenant).length;
      if (running + counting >= MAX_REPLAYS_PER_TENANT) {
        throw new TooManyReplaysError(MAX_REPLAYS_PER_TENANT);
      }
      return await work();
    } finally {
      const left = (this.#counting.get(tenant) ?? 1) - 1;
      if (left === 0) this.#counting.delete(tenant);
      else this.#counting.set(tenant, left);
    }
  }

  async #insert(tenant: number, request: ReplayRequest, dryRun: boolean): Promise<ReplayRecord> {
    const { store, clock } = this.#options;
    const { after, upTo } = await store.range(request.since, request.until);
    const now = clock.now();
    return store.insert({
      tenant,
      status: 'planned',
      dryRun,
      request: writeRequest(request),
      after,
      upTo,
      cursor: after,
      total: null,
      counts: NO_COUNTS,
      reason: null,
      createdAt: now,
      updatedAt: now,
    });
  }

  #run(record: ReplayRecord): void {
    if (this.#running.has(record.number)) return;
    const request = readRequest(record.request);
    const matching = new Matching(this.#options, record.tenant, request);
    const job = new ReplayJob(this.#jobOptions(), record, request, matching);
    const ended = job.run().finally(() => {
      this.#running.delete(record.number);
      this.#outstanding.forget(job);
    });
    this.#running.set(record.number, { job, ended });
    ended.catch(this.#options.onError);
  }

  #jobOptions(): JobOptions {
    const { bulk, writer, directory } = this.#options;
    return {
      ...this.#options,
      flushed: () => writer.flushed(),
      outstanding: this.#outstanding,
      window: () => {
        const jobs = Math.max(1, this.#running.size);
        return {
          active: share(NODE_WINDOW, jobs, MAX_WINDOW),
          held: share(NODE_HELD_WINDOW, jobs, MAX_HELD_WINDOW),
        };
      },
      overload: () => bulk.overload(),
      obsolete: ({ subscription }) =>
        subscription !== null && directory.byNumber(subscription) === undefined
          ? SUBSCRIPTION_DELETED
          : undefined,
    };
  }

  #view(stored: ReplayRecord): ReplayView {
    const record = this.#running.get(stored.number)?.job.record ?? stored;
    const { skipped, delivered, failed, cancelled } = record.counts;
    const done = skipped + delivered + failed + cancelled;
    // What is still in flight of one that ends is only waited for.
    const status = record.reason === null ? record.status : 'cancelled';
    return { ...record, request: readRequest(record.request), status, done };
  }
}

/** What each of so many gets of a whole. */
function share(whole: number, parts: number, most: number): number {
  return Math.max(MIN_WINDOW, Math.min(most, Math.floor(whole / parts)));
}
