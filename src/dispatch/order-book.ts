/**
 * What is unfinished of one ordered subscription: a line for each ordering key, one more for the
 * events without, and apart from these the lines of what is being replayed. A replay of old events
 * keeps their order, but live ones don't wait for it.
 */
import type { DeliveryRecord } from '../storage/journal.ts';
import { OrderLine } from './order-line.ts';
import type { Work } from './work.ts';

/** What decides about the place of a delivery. */
type Ordered = Pick<DeliveryRecord, 'sequence' | 'orderingKey' | 'replay'>;

export class OrderBook {
  /** Works that wait in memory for one before them, by sequence. */
  readonly blocked: Map<number, Work>;
  readonly #live: Map<string | null, OrderLine>;
  readonly #replayed: Map<string | null, OrderLine>;
  /** Where the works are that have left for their lane, or are in flight. */
  readonly #placed: Map<number, OrderLine>;
  /**
   * While the store is being read: what was finished meanwhile, whatever the reader saw of it.
   * Null once everything is known that any delivery has to wait for.
   */
  #finishedMeanwhile: Set<number> | null = new Set();

  /** @param former what was known before it turned out that there is more. */
  constructor(former: OrderBook | null = null) {
    this.blocked = former === null ? new Map() : former.blocked;
    this.#live = former === null ? new Map() : former.#live;
    this.#replayed = former === null ? new Map() : former.#replayed;
    this.#placed = former === null ? new Map() : former.#placed;
  }

  get isComplete(): boolean {
    return this.#finishedMeanwhile === null;
  }

  complete(): void {
    this.#finishedMeanwhile = null;
  }

  lines(): OrderLine[] {
    return [...this.#live.values(), ...this.#replayed.values()];
  }

  /** It has to be delivered before those behind it. */
  join({ sequence, orderingKey, replay }: Ordered): OrderLine {
    const lines = replay === null ? this.#live : this.#replayed;
    let line = lines.get(orderingKey);
    if (line === undefined) {
      line = new OrderLine(orderingKey);
      lines.set(orderingKey, line);
    }
    line.add(sequence);
    this.#finishedMeanwhile?.delete(sequence);
    return line;
  }

  /** The same for what the store says, which may be out of date. */
  joinStored(delivery: Ordered): void {
    if (this.#finishedMeanwhile?.has(delivery.sequence) !== true) this.join(delivery);
  }

  /** @returns the lines that may go on. */
  finished({ sequence, orderingKey }: Omit<Ordered, 'replay'>): OrderLine[] {
    this.#finishedMeanwhile?.add(sequence);
    // One that was cancelled in flight stays until its attempt has ended.
    if (this.#placed.get(sequence)?.isInFlight(sequence) !== true) this.#placed.delete(sequence);
    const lines = [this.#live.get(orderingKey), this.#replayed.get(orderingKey)];
    const left = lines.filter((line) => line !== undefined);
    for (const line of left) line.remove(sequence);
    return left;
  }

  placed(sequence: number, line: OrderLine): void {
    this.#placed.set(sequence, line);
  }

  started(work: Work): void {
    const line = this.join(work);
    this.#placed.set(work.sequence, line);
    line.started(work.sequence);
  }

  /** @returns the line that may go on. */
  ended(sequence: number, succeeded: boolean): OrderLine | undefined {
    const line = this.#placed.get(sequence);
    this.#placed.delete(sequence);
    line?.ended(sequence);
    if (!succeeded) return line;
    line?.remove(sequence);
    this.#finishedMeanwhile?.add(sequence);
    return line;
  }

  /** The one that a live delivery waits for. */
  firstOf(orderingKey: string | null): number | undefined {
    return this.#live.get(orderingKey)?.first;
  }

  /** Forgets a line that has nothing left. */
  drop(line: OrderLine): void {
    for (const lines of [this.#live, this.#replayed]) {
      if (lines.get(line.key) === line) lines.delete(line.key);
    }
  }
}
