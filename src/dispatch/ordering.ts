/**
 * Keeps the order of `ordered` subscriptions: of the deliveries with one ordering key, only the
 * first that is not over may be attempted, and over is what is stored as such. All others wait
 * here, without their bytes, or in the store.
 *
 * When a subscription becomes ordered or active, at a start too, nothing of it goes on before the
 * store has told what is unfinished: a retry that is due in an hour comes before an event of today.
 */
import { isFinal } from '../domain/delivery-state.ts';
import { MAX_BLOCKED_DELIVERIES_PER_NODE, MAX_LANE_QUEUE_DELIVERIES } from '../domain/limits.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type {
  DeliveryRecord,
  DeliveryView,
  JournalBatch,
  JournalStore,
} from '../storage/journal.ts';
import { OrderBook } from './order-book.ts';
import type { OrderLine } from './order-line.ts';
import { Parking } from './parking.ts';
import type { Work } from './work.ts';

/** Rows read at a time. */
const READ_ROWS = 1_000;

/** Pause after the store refused. */
const FAILED_MS = 1_000;

interface Options {
  readonly journal: Pick<JournalStore, 'unfinished'>;
  readonly writer: Pick<JournalWriter, 'flushed' | 'settle'>;
  readonly clock: Clock;
  /** When a delivery that is wanted at once is due. */
  readonly soonest: () => number;
  /** Puts a work whose turn has come on its way. */
  readonly place: (work: Work) => void;
  /** After a group of `place` calls that nothing else follows. */
  readonly placed: () => void;
  /** Attempts of a subscription that are under way. */
  readonly inFlight: (subscription: number) => readonly Work[];
  /** Works of a subscription that are being changed and in no lane. */
  readonly claimed: (subscription: number) => readonly Work[];
  readonly stopped: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** `kept`: it waits here. `full`: it has to wait, and there is no room; the store has some. */
export type Turn = 'go' | 'kept' | 'full';

export class Ordering {
  readonly #options: Options;
  readonly #parking: Parking;
  readonly #books = new Map<number, OrderBook>();
  /** Lines that may go on, with their books. */
  readonly #touched = new Map<OrderLine, OrderBook>();
  /** Lines that could go on, if it were known that nothing comes before. */
  readonly #stalled = new Map<OrderLine, OrderBook>();
  /** Rows that came before their commit was announced, which may hold events before them. */
  #early: DeliveryRecord[] = [];
  #blocked = 0;
  /** Who is about to bring events of before, and has not brought all yet. */
  #holds = 0;
  /** Up to here all events are known that were accepted before the start. */
  #horizon = Number.POSITIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
    const replace = (work: Work, stored: Work) => this.#replace(work, stored);
    this.#parking = new Parking({ ...options, replace });
  }

  /** Works that wait here. */
  get blocked(): number {
    return this.#blocked;
  }

  /** Begins or ceases to keep the order. @returns works that it held back and no longer does. */
  follow(subscription: Subscription): readonly Work[] {
    const { number, status, ordered } = subscription;
    const isWanted = ordered && status === 'active';
    if (!isWanted) return this.close(number);
    if (!this.#books.has(number)) this.#open(number);
    return [];
  }

  isOpen(subscription: number): boolean {
    return this.#books.size > 0 && this.#books.has(subscription);
  }

  close(subscription: number): readonly Work[] {
    const book = this.#books.get(subscription);
    if (book === undefined) return [];
    this.#books.delete(subscription);
    const works = [...book.blocked.values()].toSorted((a, b) => a.sequence - b.sequence);
    book.blocked.clear();
    this.#blocked -= works.length;
    return works;
  }

  #open(number: number): void {
    const book = new OrderBook();
    for (const work of this.#options.inFlight(number)) book.started(work);
    for (const work of this.#options.claimed(number)) book.join(work);
    this.#keep(number, book);
  }

  #keep(number: number, book: OrderBook): void {
    this.#books.set(number, book);
    this.#fill(number, book).catch(this.#options.onError);
  }

  // What comes and goes

  /** A delivery is on its way, whoever keeps it back from here on. */
  arrives(delivery: Work | DeliveryRecord): void {
    if (this.#books.size > 0) this.#books.get(delivery.subscription)?.join(delivery);
  }

  /**
   * A row was loaded. @returns true to leave it: its work is in memory, or it comes again.
   * @param isAnnounced false before its commit was announced.
   */
  defers(row: DeliveryRecord, isAnnounced: boolean): boolean {
    if (this.#parking.swallows(row)) return true;
    if (isAnnounced) return false;
    if (!this.isOpen(row.subscription)) return false;
    this.#early.push(row);
    return true;
  }

  /** After a commit was announced: the rows that were deferred. */
  deferred(): readonly DeliveryRecord[] {
    return this.#early.length === 0 ? this.#early : this.#early.splice(0);
  }

  /** Whether a work may go to its lane. */
  admit(work: Work): Turn {
    const book = this.#books.get(work.subscription);
    if (book === undefined) return 'go';
    const line = book.join(work);
    if (this.#isNext(work, line, book)) {
      book.placed(work.sequence, line);
      return 'go';
    }
    const isFull =
      book.blocked.size >= MAX_LANE_QUEUE_DELIVERIES ||
      this.#blocked >= MAX_BLOCKED_DELIVERIES_PER_NODE;
    const isNew = !book.blocked.has(work.sequence);
    if (isFull && isNew) return 'full';
    work.content = null;
    book.blocked.set(work.sequence, work);
    if (isNew) this.#blocked += 1;
    this.#parking.add(work);
    return 'kept';
  }

  /** The last word before an attempt. @returns false when another one has to come before it. */
  starts(work: Work): boolean {
    const book = this.#books.get(work.subscription);
    if (book === undefined) return true;
    if (!this.#isNext(work, book.join(work), book)) return false;
    book.started(work);
    return true;
  }

  #isNext({ sequence }: Work, line: OrderLine, book: OrderBook): boolean {
    if (!book.isComplete || line.next !== sequence) return false;
    if (this.#holds === 0 && sequence <= this.#horizon) return true;
    this.#stalled.set(line, book);
    return false;
  }

  #replace(work: Work, stored: Work): boolean {
    const blocked = this.#books.get(work.subscription)?.blocked;
    if (blocked?.get(work.sequence) !== work) return false;
    blocked.set(work.sequence, stored);
    return true;
  }

  /** Takes out a work that waits here. It goes on holding up those behind it. */
  take(sequence: number, subscription: number): Work | undefined {
    const book = this.#books.get(subscription);
    const work = book?.blocked.get(sequence);
    if (work === undefined) return undefined;
    book?.blocked.delete(sequence);
    this.#blocked -= 1;
    return work;
  }

  /** The same for all replayed works that match. */
  takeReplayed(matches: (work: Work) => boolean): Work[] {
    const taken: Work[] = [];
    for (const book of this.#books.values()) {
      for (const work of book.blocked.values()) {
        if (work.replay !== null && matches(work)) taken.push(work);
      }
    }
    for (const { sequence, subscription } of taken) this.take(sequence, subscription);
    return taken;
  }

  /** The delivery of the same ordering key that this one waits for, by sequence. */
  waitsFor(delivery: DeliveryView): number | undefined {
    const { sequence, subscription, orderingKey } = delivery;
    const first = this.#books.get(subscription)?.firstOf(orderingKey);
    return first !== undefined && first < sequence ? first : undefined;
  }

  // What has become durable

  /** Call `advance` when everything else that the commit brings is known. */
  committed(batch: JournalBatch): void {
    this.#parking.committed(batch);
    if (this.#books.size === 0) return;
    const { attempts, deliveries } = batch;
    for (const { sequence, subscription, outcome } of attempts) {
      const book = this.#books.get(subscription);
      const line = book?.ended(sequence, outcome === 'succeeded');
      if (book !== undefined && line !== undefined) this.#touched.set(line, book);
    }
    for (const row of deliveries) {
      const book = this.#books.get(row.subscription);
      if (book === undefined) continue;
      if (isFinal(row.status)) {
        for (const line of book.finished(row)) this.#touched.set(line, book);
      } else if (!isScheduled(row)) book.join(row);
    }
  }

  /** Lets those go on whose turn has come. */
  advance(): void {
    if (this.#touched.size === 0) return;
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const [line, book] of touched) this.#advanceLine(line, book);
  }

  #advanceLine(line: OrderLine, book: OrderBook): void {
    if (line.isEmpty) return book.drop(line);
    const work = line.next === undefined ? undefined : book.blocked.get(line.next);
    if (work === undefined || !this.#isNext(work, line, book)) return;
    book.blocked.delete(work.sequence);
    this.#blocked -= 1;
    this.#options.place(work);
  }

  // What was there before

  /** After a start: nothing above this sequence goes on before it is `Infinity`. */
  recoveredUpTo(sequence: number): void {
    this.#horizon = sequence;
    for (const [line, book] of this.#stalled) this.#touched.set(line, book);
    this.#stalled.clear();
    this.advance();
  }

  /** What another node left is being taken over: until `resume` nothing goes on. */
  hold(): void {
    this.#holds += 1;
  }

  resume(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    // Its rows are ours now, and may come before those that the books know.
    for (const [number, former] of this.#books) this.#keep(number, new OrderBook(former));
    this.recoveredUpTo(this.#horizon);
  }

  async #fill(number: number, book: OrderBook): Promise<void> {
    const isCurrent = () => !this.#options.stopped() && this.#books.get(number) === book;
    while (isCurrent() && !book.isComplete) {
      try {
        await this.#read(number, book, isCurrent);
      } catch (error) {
        this.#options.onError(error);
        await new Promise<void>((resolve) => {
          this.#options.clock.setTimer(FAILED_MS, resolve);
        });
      }
    }
    if (!isCurrent()) return;
    for (const line of book.lines()) this.#touched.set(line, book);
    this.advance();
    this.#options.placed();
  }

  async #read(number: number, book: OrderBook, isCurrent: () => boolean): Promise<void> {
    const { journal, writer, clock } = this.#options;
    // What has become of its deliveries may be settled, but not stored yet.
    await writer.flushed();
    let after = 0;
    while (isCurrent()) {
      const rows = await journal.unfinished(number, after, READ_ROWS);
      const now = clock.now();
      for (const row of rows) {
        const isAhead = isScheduled(row) && (row.nextAttemptAt ?? now) > now;
        if (!isAhead) book.joinStored(row);
      }
      after = rows.at(-1)?.sequence ?? after;
      if (rows.length < READ_ROWS) return book.complete();
      // A long list must not keep the event loop from everything else.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** It waits for its `deliver_at` and takes its place when that comes. */
function isScheduled({ status, attempts }: DeliveryRecord): boolean {
  return status === 'waiting' && attempts === 0;
}
