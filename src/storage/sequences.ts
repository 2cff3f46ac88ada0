/** Where the sequences of new events come from. The store knows what it has given out before. */
export interface SequenceSource {
  /** Above every sequence that this source, or one before it, ever gave. Gaps are allowed. */
  next(): number;
}

/** For a store with one process: 1, 2, 3 … */
export class DenseSequences implements SequenceSource {
  #last: number;

  /** @param last the highest sequence stored. */
  constructor(last: number) {
    this.#last = last;
  }

  next(): number {
    return ++this.#last;
  }
}
