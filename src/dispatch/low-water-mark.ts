/**
 * Finds the low-water mark: the highest sequence with no undecided delivery at or below it. A
 * restart looks for pending deliveries above the stored mark only.
 */

/** Undecided deliveries by event. A Map keeps the order of insertion, here of sequences. */
type Undecided = Map<number, number>;

export class LowWaterMark {
  /** Accepted by this process. */
  readonly #fresh: Undecided = new Map();
  /** Left over by the process before, in the order in which recovery reads them. */
  readonly #recovered: Undecided = new Map();
  readonly #lastBeforeStart: number;
  #recoveredTo: number;
  #highest: number;

  constructor(storedMark: number, lastBeforeStart: number) {
    this.#recoveredTo = storedMark;
    this.#lastBeforeStart = lastBeforeStart;
    this.#highest = Math.max(storedMark, lastBeforeStart);
  }

  /** An event of this process was stored. Sequences must rise. */
  accepted(sequence: number, deliveries: number): void {
    this.#highest = sequence;
    if (deliveries > 0) this.#fresh.set(sequence, deliveries);
  }

  /** Recovery found a pending delivery. Sequences must not fall. */
  foundPending(sequence: number): void {
    this.#recovered.set(sequence, (this.#recovered.get(sequence) ?? 0) + 1);
  }

  /** Recovery has read everything up to here. */
  recoveredUpTo(sequence: number): void {
    this.#recoveredTo = sequence;
  }

  /** A delivery that was implied by its event has become a stored fact. */
  decided(sequence: number): void {
    const undecided = sequence > this.#lastBeforeStart ? this.#fresh : this.#recovered;
    const left = undecided.get(sequence);
    if (left === undefined) return;
    if (left === 1) undecided.delete(sequence);
    else undecided.set(sequence, left - 1);
  }

  value(): number {
    const recovering = this.#recoveredTo < this.#lastBeforeStart;
    const ceiling = recovering ? this.#recoveredTo : this.#highest;
    return Math.min(ceiling, before(this.#fresh), before(this.#recovered));
  }
}

function before(undecided: Undecided): number {
  for (const first of undecided.keys()) return first - 1;
  return Number.POSITIVE_INFINITY;
}
