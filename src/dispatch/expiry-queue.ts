/** When subscriptions end, earliest first. Each has one instant: a later wish replaces it. */

interface Entry {
  readonly at: number;
  readonly number: number;
}

/** Entries that were replaced stay until their time, or until they are more than the others. */
const SPARE_ENTRIES = 1_024;

export class ExpiryQueue {
  /** A binary heap: no entry is earlier than its parent, at half its index. */
  #heap: Entry[] = [];
  readonly #wanted = new Map<number, number>();

  get size(): number {
    return this.#wanted.size;
  }

  /** Entries held, replaced ones included. */
  get length(): number {
    return this.#heap.length;
  }

  set(number: number, at: number): void {
    if (this.#wanted.get(number) === at) return;
    this.#wanted.set(number, at);
    if (this.#heap.length >= 2 * this.#wanted.size + SPARE_ENTRIES) this.#compact();
    else this.#push({ at, number });
  }

  remove(number: number): void {
    this.#wanted.delete(number);
  }

  /** The earliest instant, or undefined. */
  earliest(): number | undefined {
    for (;;) {
      const [first] = this.#heap;
      if (first === undefined || this.#wanted.get(first.number) === first.at) return first?.at;
      this.#pop();
    }
  }

  /** Takes out one whose time has come. */
  take(now: number): number | undefined {
    const earliest = this.earliest();
    if (earliest === undefined || earliest > now) return undefined;
    const taken = this.#pop();
    if (taken !== undefined) this.#wanted.delete(taken.number);
    return taken?.number;
  }

  #compact(): void {
    this.#heap = [];
    for (const [number, at] of this.#wanted) this.#push({ at, number });
  }

  #push(entry: Entry): void {
    let place = this.#heap.length;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) break;
      this.#heap[place] = parent;
      place = above;
    }
    this.#heap[place] = entry;
  }

  #pop(): Entry | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last === undefined || last === first) return first;
    let place = 0;
    for (;;) {
      const child = this.#earlierChild(place);
      const entry = this.#heap[child];
      if (entry === undefined || entry.at >= last.at) break;
      this.#heap[place] = entry;
      place = child;
    }
    this.#heap[place] = last;
    return first;
  }

  #earlierChild(place: number): number {
    const left = 2 * place + 1;
    const [one, other] = [this.#heap[left], this.#heap[left + 1]];
    return one !== undefined && other !== undefined && other.at < one.at ? left + 1 : left;
  }
}
