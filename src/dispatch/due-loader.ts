/**
 * Brings stored deliveries into memory when they are due. One timer for the earliest of them, and
 * one position in the due index: everything committed at or before it has been loaded.
 * docs/decisions/0002 says why there is no timer wheel.
 *
 * A row becomes visible to queries a little before its commit is announced, so both ways lead to
 * it: the query that meets it and the announcement. Exactly one of them must load it. And what a
 * query gives may be out of date when it comes: what is announced meanwhile is the newer.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type {
  DeliveryRecord,
  DuePosition,
  JournalBatch,
  JournalStore,
} from '../storage/journal.ts';

/** Rows read at a time. */
const LOAD_ROWS = 1_000;

/** Deliveries that fall due within this time of each other are loaded together. */
const COALESCE_MS = 5;

/** The wall clock may jump; it is looked at again at least this often. */
const LOOK_AGAIN_MS = 30_000;

/** Pause while memory has no room for more. */
const NO_ROOM_MS = 250;

/** Pause after a query that failed. */
const FAILED_MS = 1_000;

interface Options {
  readonly journal: JournalStore;
  readonly clock: Clock;
  readonly hasRoom: () => boolean;
  /** True while the store may hold rows whose commit is not announced yet. */
  readonly commitRuns: () => boolean;
  /** @param isAnnounced false while events of the same commit may still have to be announced. */
  readonly load: (delivery: DeliveryRecord, isAnnounced: boolean) => void;
  /** After a group of `load` calls. */
  readonly loaded: () => void;
  readonly onError: (error: unknown) => void;
}

export class DueLoader {
  readonly #options: Options;
  #position: DuePosition = { dueAt: -1, sequence: 0, subscription: 0 };
  /** Rows due by then may have been passed by, or are about to be. */
  #askedUntil = -1;
  #querying = false;
  /** Loaded before their commit was announced. */
  readonly #early = new Set<string>();
  /** The newest of each row that was announced while a query ran; null when that was loaded. */
  readonly #newer = new Map<string, DeliveryRecord | null>();
  /** Instants that rows are being given in the store right now; not to be passed. */
  readonly #fences: number[] = [];
  #madeDueAt = -1;
  #soonestGiven = -1;
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #loading = false;
  #again = false;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    this.#wakeAt(this.#options.clock.now());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Rows with a due time were committed. */
  committed({ events, deliveries }: JournalBatch, refused: ReadonlySet<number>): void {
    for (const { sequence, parked } of events) {
      if (parked.length > 0 && !refused.has(sequence)) this.#announceAll(parked);
    }
    this.#announceAll(deliveries);
    this.#early.clear();
  }

  #announceAll(rows: readonly DeliveryRecord[]): void {
    if (this.#stopped) return;
    for (const row of rows) {
      const isLoaded = this.#early.size > 0 && this.#early.delete(versionOf(row));
      if (this.#querying) this.#newer.set(nameOf(row), isLoaded ? null : row);
      else if (!isLoaded) this.#announce(row, rows);
    }
  }

  #announce(row: DeliveryRecord, batch: readonly DeliveryRecord[]): void {
    const { nextAttemptAt: dueAt, sequence, subscription } = row;
    if (dueAt === null) return;
    if (!isPast({ dueAt, sequence, subscription }, this.#position)) this.#wakeAt(dueAt);
    else if (isNewest(row, batch)) {
      // The loader went by while this one was being committed.
      this.#options.load(row, true);
      this.#options.loaded();
    }
  }

  /** When a delivery that is wanted at once is due. */
  soonest(): number {
    // Never at the instant of `makeDue`, or two versions of a row might look alike.
    this.#soonestGiven = Math.max(this.#options.clock.now(), this.#madeDueAt + 1);
    return this.#soonestGiven;
  }

  /**
   * Makes rows due by a change in the store that is not announced. The loader waits for them at
   * the instant that `change` is given to write.
   */
  async makeDue<Result>(change: (dueAt: number) => Promise<Result>): Promise<Result> {
    const unasked = Math.max(this.#askedUntil, this.#soonestGiven) + 1;
    const dueAt = Math.max(this.#options.clock.now(), unasked);
    this.#madeDueAt = dueAt;
    this.#fences.push(dueAt);
    try {
      return await change(dueAt);
    } finally {
      this.#fences.splice(this.#fences.indexOf(dueAt), 1);
      this.#wakeAt(dueAt);
    }
  }

  #wakeAt(at: number): void {
    if (this.#stopped || at >= this.#timerAt) return;
    const { clock } = this.#options;
    const delayMs = Math.min(Math.max(at - clock.now() + COALESCE_MS, 0), LOOK_AGAIN_MS);
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#loadDue().catch((error: unknown) => {
        this.#options.onError(error);
        this.#wakeAt(clock.now() + FAILED_MS);
      });
    });
  }

  async #loadDue(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    try {
      do {
        this.#again = false;
        await this.#loadOnce();
      } while (this.#again && !this.#stopped);
    } finally {
      this.#loading = false;
    }
  }

  async #loadOnce(): Promise<void> {
    const { journal, clock, hasRoom, load, loaded } = this.#options;
    if (!hasRoom()) {
      this.#wakeAt(clock.now() + NO_ROOM_MS);
      return;
    }
    const rows = await this.#query();
    if (this.#stopped) return;
    const isAnnounced = !this.#options.commitRuns();
    for (const row of rows) {
      this.#position = positionOf(row);
      if (this.#newer.has(nameOf(row))) continue;
      if (!isAnnounced) this.#early.add(versionOf(row));
      load(row, isAnnounced);
    }
    this.#announceNewer();
    loaded();
    if (rows.length === LOAD_ROWS) {
      this.#again = true;
      // A long list must not keep the event loop from everything else.
      await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    const next = await journal.nextDueAt(this.#position);
    // Behind a fence there is nothing to load; `makeDue` wakes us when it takes its own away.
    if (next !== null && next < Math.min(...this.#fences)) this.#wakeAt(next);
  }

  async #query(): Promise<readonly DeliveryRecord[]> {
    const until = Math.min(this.#options.clock.now(), ...this.#fences.map((dueAt) => dueAt - 1));
    this.#askedUntil = Math.max(this.#askedUntil, until);
    this.#querying = true;
    try {
      return await this.#options.journal.due(this.#position, until, LOAD_ROWS);
    } catch (error) {
      this.#querying = false;
      this.#announceNewer();
      throw error;
    } finally {
      this.#querying = false;
    }
  }

  #announceNewer(): void {
    const rows = [...this.#newer.values()].filter((row) => row !== null);
    this.#newer.clear();
    for (const row of rows) this.#announce(row, rows);
  }
}

function positionOf(row: DeliveryRecord): DuePosition {
  const { nextAttemptAt, sequence, subscription } = row;
  return { dueAt: nextAttemptAt ?? 0, sequence, subscription };
}

function nameOf({ sequence, subscription }: DeliveryRecord): string {
  return `${sequence}:${subscription}`;
}

/** One version of one row. */
function versionOf(row: DeliveryRecord): string {
  const { status, attempts, nextAttemptAt, updatedAt } = row;
  return `${nameOf(row)}:${status}:${attempts}:${nextAttemptAt}:${updatedAt}`;
}

/** Within a batch the later version of a row wins. */
function isNewest(row: DeliveryRecord, batch: readonly DeliveryRecord[]): boolean {
  const { sequence, subscription } = row;
  const newest = batch.findLast(
    (other) => other.sequence === sequence && other.subscription === subscription,
  );
  return newest === undefined || newest === row;
}

function isPast(row: DuePosition, position: DuePosition): boolean {
  return (
    row.dueAt < position.dueAt ||
    (row.dueAt === position.dueAt &&
      (row.sequence < position.sequence ||
        (row.sequence === position.sequence && row.subscription <= position.subscription)))
  );
}
