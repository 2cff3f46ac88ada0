/** A queue by instant whose entries can be moved: a binary heap that knows where each one is. */

interface Entry<Item> {
  readonly item: Item;
  at: number;
  /** Rises with each `set`, so that equals come out in the order they were put in. */
  turn: number;
}

export class DueHeap<Item> {
  readonly #entries: Entry<Item>[] = [];
  readonly #places = new Map<Item, number>();
  #turn = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** When the first one is due; `Infinity` when there is none. */
  get nextAt(): number {
    return this.#entries[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  peek(): Item | undefined {
    return this.#entries[0]?.item;
  }

  /** Puts it in, or moves it. */
  set(item: Item, at: number): void {
    this.#turn += 1;
    const place = this.#places.get(item);
    if (place === undefined) {
      this.#entries.push({ item, at, turn: this.#turn });
      this.#places.set(item, this.#entries.length - 1);
      this.#up(this.#entries.length - 1);
      return;
    }
    const entry = this.#entries[place];
    if (entry === undefined) return;
    entry.at = at;
    entry.turn = this.#turn;
    this.#up(place);
    this.#down(place);
  }

  /** When it is due, or undefined. */
  atOf(item: Item): number | undefined {
    const place = this.#places.get(item);
    return place === undefined ? undefined : this.#entries[place]?.at;
  }

  delete(item: Item): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#entries.pop();
    if (last === undefined || last.item === item) return;
    this.#entries[place] = last;
    this.#places.set(last.item, place);
    this.#up(place);
    this.#down(place);
  }

  pop(): Item | undefined {
    const item = this.peek();
    if (item !== undefined) this.delete(item);
    return item;
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#swapIfEarlier(place, parent)) return;
      place = parent;
    }
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const child = this.#isEarlier(right, left) ? right : left;
      if (!this.#swapIfEarlier(child, place)) return;
      place = child;
    }
  }

  #isEarlier(a: number, b: number): boolean {
    const [first, second] = [this.#entries[a], this.#entries[b]];
    if (first === undefined || second === undefined) return false;
    return first.at < second.at || (first.at === second.at && first.turn < second.turn);
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [lower, upper] = [this.#entries[child], this.#entries[parent]];
    if (lower === undefined || upper === undefined || !this.#isEarlier(child, parent)) return false;
    this.#entries[child] = upper;
    this.#entries[parent] = lower;
    this.#places.set(upper.item, child);
    this.#places.set(lower.item, parent);
    return true;
  }
}
