/** Lets what concerns one and the same thing happen one after the other, in the order asked. */

export class Turns {
  /** The last one asked for, by the number of what it is about. It never rejects. */
  readonly #last = new Map<number, Promise<void>>();

  /** Runs `act` when all that was asked for before under this number is over, however it ended. */
  async take<Result>(number: number, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(number);
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#last.set(number, over);
    try {
      await before;
      return await act();
    } finally {
      if (this.#last.get(number) === over) this.#last.delete(number);
      end();
    }
  }
}
