/** A first-in-first-out queue that neither copies on shift nor keeps what has left it. */

/** Room left by shifts is given back in slices of at least this size. */
const COMPACT_AFTER = 1_024;

export class Queue<Item extends object> {
  /** Undefined only below the head. */
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AFTER && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The first items, at most `count`, left in place. */
  first(count: number): Item[] {
    const end = this.#head + count;
    return this.#items.slice(this.#head, end).filter((item) => item !== undefined);
  }

  /** Takes out all items that match, keeping the order of the rest. */
  remove(matches: (item: Item) => boolean): Item[] {
    const removed: Item[] = [];
    const kept: Item[] = [];
    for (const item of this.first(this.length)) (matches(item) ? removed : kept).push(item);
    this.#items = kept;
    this.#head = 0;
    return removed;
  }
}
