/**
 * One replay: counts its deliveries, walks its events, sets a bounded number of deliveries on their
 * way, and waits for their attempts. Whatever it has done is found again after a restart: the
 * cursor says how far it was, and the rows that name it say what was on its way.
 */
import { recordId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { DeliveryPosition } from '../../storage/journal.ts';
import type { ReplayCounts, ReplayRecord, ReplayStore } from '../../storage/replays.ts';
import { StorageError } from '../../storage/storage.ts';
import type { ReplayRequest } from '../replay-control.ts';
import { outcomeOf, type ReplayOutcome } from './decision.ts';
import { Feeder, type DeliveryBulk, type FeedOwner, type Flushed } from './feeder.ts';
import type { Matching } from './matching.ts';
import type { Outstanding, OutstandingDelivery } from './outstanding.ts';
import { scan, type ScanStep } from './scan.ts';

/** Deliveries set on their way in one commit: few enough not to delay the live ones in it. */
const FEED_DELIVERIES = 32;

/** Deliveries looked at, or called off, in one go. */
const BULK_DELIVERIES = 256;

/** How often progress is stored while it changes. */
const SAVE_MS = 5_000;

/** Pause after the store refused, and while the node has too much to do. */
const LOOK_AGAIN_MS = 1_000;

/** When nothing has ended for this long, look at what the store says. */
const VERIFY_MS = 60_000;

const INTERNAL_ERROR = 'an internal error; the log of the server says more';

export interface JobOptions {
  readonly store: ReplayStore;
  readonly bulk: DeliveryBulk;
  readonly flushed: Flushed;
  readonly outstanding: Outstanding;
  readonly clock: Clock;
  /** Deliveries that may be on their way at a time, and held ones beside them. */
  readonly window: () => { readonly active: number; readonly held: number };
  /** A reason to wait with more, or undefined. */
  readonly overload: () => string | undefined;
  /** A reason to end, or undefined. */
  readonly obsolete: (request: ReplayRequest) => string | undefined;
  readonly onError: (error: unknown) => void;
}

export class ReplayJob implements FeedOwner {
  readonly number: number;
  readonly #options: JobOptions;
  readonly #record: ReplayRecord;
  readonly #request: ReplayRequest;
  readonly #matching: Matching;
  readonly #feeder: Feeder;
  readonly #counts: { -readonly [Count in keyof ReplayCounts]: number };
  #status: ReplayRecord['status'];
  #total: number | null;
  /** What a restart begins with. */
  #checkpoint: Pick<ReplayCounts, 'taken' | 'skipped'> & { readonly cursor: number };
  /** Sequences of deliveries taken beyond the checkpoint before a restart, in order, by name. */
  readonly #ahead = new Map<string, number>();
  #ending: string | null;
  #stopped = false;
  #lost = false;
  #savedAt: number;
  #wake: (() => void) | null = null;

  constructor(
    options: JobOptions,
    record: ReplayRecord,
    request: ReplayRequest,
    matching: Matching,
  ) {
    const { taken, skipped } = record.counts;
    this.#options = options;
    this.#record = record;
    this.#request = request;
    this.#matching = matching;
    this.#feeder = new Feeder({ ...options, record, request, owner: this });
    this.number = record.number;
    this.#counts = { taken, skipped, delivered: 0, failed: 0, cancelled: 0 };
    this.#status = record.status;
    this.#total = record.total;
    this.#checkpoint = { cursor: record.cursor, taken, skipped };
    this.#ending = record.reason;
    this.#savedAt = options.clock.monotonic();
  }

  /** As it stands now. */
  get record(): ReplayRecord {
    return {
      ...this.#record,
      status: this.#status,
      cursor: this.#checkpoint.cursor,
      total: this.#total,
      counts: { ...this.#counts },
      reason: this.#ending,
    };
  }

  /** Calls off what has not been attempted, and takes no more on. The first reason counts. */
  end(reason: string): void {
    this.#ending ??= reason;
    this.moved();
  }

  /** Puts everything down where it is; `run` then resolves. */
  stop(): void {
    this.#stopped = true;
    this.moved();
  }

  /** Another process runs it by now, and knows better how far it is. */
  lose(): void {
    this.#lost = true;
    this.stop();
  }

  /** Resolves when it has ended, or was stopped. */
  async run(): Promise<void> {
    try {
      await this.#recall();
      if (this.#status === 'planned') await this.#plan();
      await this.#walk();
      await this.#drain(() => this.#isOver());
      if (this.#ending !== null) await this.#callOff(this.#ending);
    } catch (error) {
      this.#options.onError(error);
      if (error instanceof StorageError) this.stop();
      else this.#ending ??= INTERNAL_ERROR;
    }
    await this.#finish();
  }

  // What it hears

  took(): void {
    this.#counts.taken += 1;
  }

  ended(outcome: ReplayOutcome): void {
    this.#counts[outcome] += 1;
    this.moved();
  }

  moved(): void {
    this.#wake?.();
    this.#wake = null;
  }

  // Its phases

  /** After a restart: finds what was on its way, and counts what has ended since. */
  async #recall(): Promise<void> {
    if (this.#status !== 'running') return;
    const { store, outstanding } = this.#options;
    let after = { sequence: 0, subscription: 0 };
    let known = 0;
    for (;;) {
      const from = after;
      const rows = await this.#again(() => store.deliveries(this.number, from, BULK_DELIVERIES));
      const alive: OutstandingDelivery[] = [];
      for (const row of rows ?? []) {
        known += 1;
        if (row.sequence > this.#checkpoint.cursor) {
          this.took();
          this.#ahead.set(keyOf(row), row.sequence);
        }
        const outcome = outcomeOf(row, this.number);
        if (outcome !== undefined) this.ended(outcome);
        else {
          alive.push(row);
          outstanding.add(this, row, row.status === 'held');
        }
      }
      if (alive.length > 0) await this.#again(() => this.#feeder.verify(alive));
      const last = rows?.at(-1);
      if (rows === undefined || last === undefined) break;
      after = { sequence: last.sequence, subscription: last.subscription };
    }
    // The others no longer name it: they were resent by hand, or are another replay's by now.
    const { taken, skipped } = this.#counts;
    this.#counts.skipped += Math.max(0, taken - skipped - known);
  }

  async #plan(): Promise<void> {
    let total = 0;
    await this.#eachStep(this.#record.after, async ({ targets }) => {
      total += targets.length;
    });
    if (this.#isOver()) return;
    this.#total = total;
    this.#status = 'running';
    // Before anything is sent: a restart that counted again would miss what is on its way.
    await this.#again(() => this.#report());
  }

  async #walk(): Promise<void> {
    let group: OutstandingDelivery[] = [];
    await this.#eachStep(this.#checkpoint.cursor, async ({ targets, scannedTo }) => {
      group.push(...targets.filter((target) => !this.#ahead.has(keyOf(target))));
      const isLast = scannedTo === this.#record.upTo;
      if (group.length > 0 && group.length < FEED_DELIVERIES && !isLast) return;
      await this.#feedAll(group);
      group = [];
      if (this.#isOver()) return;
      this.#reached(scannedTo);
      await this.#saveNowAndThen();
    });
  }

  #reached(cursor: number): void {
    for (const [key, sequence] of this.#ahead) {
      if (sequence > cursor) break;
      this.#ahead.delete(key);
    }
    const { taken, skipped } = this.#counts;
    this.#checkpoint = { cursor, taken: taken - this.#ahead.size, skipped };
  }

  async #feedAll(group: readonly OutstandingDelivery[]): Promise<void> {
    for (let from = 0; from < group.length;) {
      const most = Math.max(1, this.#options.window().active >> 1);
      const targets = group.slice(from, from + Math.min(FEED_DELIVERIES, most));
      await this.#drain(() => this.#isOver() || this.#hasRoom(targets.length));
      if (this.#isOver()) return;
      await this.#again(() => this.#feeder.feed(targets));
      // The checkpoint must not pass what a restart would not find.
      await this.#again(() => this.#feeder.durable());
      from += targets.length;
    }
  }

  #hasRoom(count: number): boolean {
    const { outstanding, window } = this.#options;
    const { all, held } = outstanding.sizeOf(this);
    const most = window();
    return all - held + count <= most.active && held < most.held;
  }

  async #callOff(why: string): Promise<void> {
    const { outstanding } = this.#options;
    const { createdAt, number } = this.#record;
    const reason = `${recordId('rpl', createdAt, number)} was called off: ${why}`;
    const all = outstanding.of(this).toSorted(byPosition);
    for (let from = 0; from < all.length && !this.#stopped; from += BULK_DELIVERIES) {
      const deliveries = all.slice(from, from + BULK_DELIVERIES);
      await this.#again(() => this.#feeder.callOff(deliveries, reason));
      await this.#again(() => this.#feeder.durable());
    }
    // Attempts in flight are not broken off.
    await this.#drain(() => this.#stopped);
  }

  async #finish(): Promise<void> {
    const { store, clock } = this.#options;
    if (this.#lost) return;
    if (this.#stopped) return this.#save();
    const ending = this.#ending;
    this.#status = ending === null ? 'done' : 'cancelled';
    this.#checkpoint = { ...this.#checkpoint, ...this.#counts };
    if (ending === null) this.#total = this.#counts.taken;
    else await this.#again(() => store.end(this.number, ending, clock.now()));
    await this.#again(() => this.#report());
  }

  // Going on, and waiting

  /** Goes on where it was when the store refuses. */
  async #eachStep(from: number, take: (step: ScanStep) => Promise<void>): Promise<void> {
    const { clock, store, overload, onError } = this.#options;
    const where = { clock, store, matching: this.#matching, record: this.#record };
    let reached = from;
    while (reached < this.#record.upTo && !this.#isOver()) {
      try {
        for await (const step of scan({ ...where, request: this.#request }, reached)) {
          while (overload() !== undefined && !this.#isOver()) await this.#wait(LOOK_AGAIN_MS);
          if (this.#isOver()) return;
          await take(step);
          reached = step.scannedTo;
        }
      } catch (error) {
        if (!(error instanceof StorageError) || isLost(error)) throw error;
        onError(error);
        await this.#wait(LOOK_AGAIN_MS);
      }
    }
  }

  /** Waits until it may go on, or nothing is on its way any more. */
  async #drain(mayGoOn: () => boolean): Promise<void> {
    const { outstanding, clock } = this.#options;
    while (!mayGoOn() && outstanding.sizeOf(this).all > 0) {
      const before = clock.monotonic();
      await this.#wait(VERIFY_MS);
      if (clock.monotonic() - before >= VERIFY_MS) await this.#verifyAll();
      await this.#saveNowAndThen();
    }
  }

  async #verifyAll(): Promise<void> {
    const all = this.#options.outstanding.of(this);
    for (let from = 0; from < all.length && !this.#stopped; from += BULK_DELIVERIES) {
      const deliveries = all.slice(from, from + BULK_DELIVERIES);
      await this.#again(() => this.#feeder.verify(deliveries));
    }
  }

  #isOver(): boolean {
    this.#ending ??= this.#options.obsolete(this.#request) ?? null;
    return this.#stopped || this.#ending !== null;
  }

  /** Until something moves, at most for that long. */
  async #wait(ms: number): Promise<void> {
    if (this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = this.#options.clock.setTimer(ms, resolve);
    await promise;
    timer.cancel();
  }

  /** Asks the store until it does not refuse; undefined when the job was stopped meanwhile. */
  async #again<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
    while (!this.#stopped) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof StorageError) || isLost(error)) throw error;
        this.#options.onError(error);
        await this.#wait(LOOK_AGAIN_MS);
      }
    }
    return undefined;
  }

  async #saveNowAndThen(): Promise<void> {
    if (this.#options.clock.monotonic() - this.#savedAt >= SAVE_MS) await this.#save();
  }

  /** What could not be stored is stored with the next report. */
  async #save(): Promise<void> {
    try {
      await this.#report();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #report(): Promise<void> {
    const { store, clock } = this.#options;
    this.#savedAt = clock.monotonic();
    const { cursor, taken, skipped } = this.#checkpoint;
    const reason = await store.progress(this.number, {
      status: this.#status,
      cursor,
      total: this.#total,
      counts: { ...this.#counts, taken, skipped },
      updatedAt: clock.now(),
    });
    if (reason !== null) this.end(reason);
  }
}

/** The store will not answer any more. */
function isLost(error: StorageError): boolean {
  return error.failure === 'closed' || error.failure === 'broken';
}

function byPosition(a: OutstandingDelivery, b: OutstandingDelivery): number {
  return a.sequence - b.sequence || a.subscription - b.subscription;
}

function keyOf({ sequence, subscription }: DeliveryPosition): string {
  return `${sequence}:${subscription}`;
}
