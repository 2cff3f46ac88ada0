/**
 * The deliveries of one ordering key to one subscription that are not over, by sequence. Numbers
 * only, eight bytes each: a line may be long while its first delivery waits for a retry.
 */

/** Room left by those that left the front is given back in slices of at least this size. */
const COMPACT_AFTER = 64;

export class OrderLine {
  /** The ordering key, or null for the events without one. */
  readonly key: string | null;
  /** Rising. Those below the head have left. */
  #unfinished: number[] = [];
  #head = 0;
  /** Being attempted. Mostly one; more when they started before the subscription was ordered. */
  readonly #inFlight = new Set<number>();

  constructor(key: string | null) {
    this.key = key;
  }

  get length(): number {
    return this.#unfinished.length - this.#head;
  }

  get isEmpty(): boolean {
    return this.length === 0 && this.#inFlight.size === 0;
  }

  /** The one that all others wait for. */
  get first(): number | undefined {
    return this.#unfinished[this.#head];
  }

  /** The one whose attempt may start now. */
  get next(): number | undefined {
    return this.#inFlight.size === 0 ? this.first : undefined;
  }

  has(sequence: number): boolean {
    return this.#unfinished[this.#placeOf(sequence)] === sequence;
  }

  add(sequence: number): void {
    const place = this.#placeOf(sequence);
    if (this.#unfinished[place] === sequence) return;
    if (place === this.#unfinished.length) this.#unfinished.push(sequence);
    else if (place === this.#head && this.#head > 0) this.#unfinished[--this.#head] = sequence;
    else this.#unfinished.splice(place, 0, sequence);
  }

  /** It is over. One that is still being attempted goes on holding up the others. */
  remove(sequence: number): void {
    const place = this.#placeOf(sequence);
    if (this.#unfinished[place] !== sequence) return;
    if (place === this.#head) this.#head += 1;
    else this.#unfinished.splice(place, 1);
    if (this.#head >= COMPACT_AFTER && this.#head * 2 >= this.#unfinished.length) {
      this.#unfinished = this.#unfinished.slice(this.#head);
      this.#head = 0;
    }
  }

  isInFlight(sequence: number): boolean {
    return this.#inFlight.has(sequence);
  }

  started(sequence: number): void {
    this.#inFlight.add(sequence);
  }

  ended(sequence: number): void {
    this.#inFlight.delete(sequence);
  }

  /** Where it stands, or would stand. Most come at the end or leave from the front. */
  #placeOf(sequence: number): number {
    let [low, high] = [this.#head, this.#unfinished.length];
    const last = this.#unfinished[high - 1];
    if (low === high || (last !== undefined && last < sequence)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#unfinished[middle] ?? sequence) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
