/**
 * What a check may cost, counted in steps instead of time: the same event gets the same answer on a
 * busy machine as on an idle one, and no event can hold up the event loop.
 */

/** Thrown by `spend`; without a stack, because nobody reads it. */
export class OutOfFuel extends Error {
  static readonly INSTANCE = new OutOfFuel('that takes too many steps');
}

export class Fuel {
  #left = 0;

  fill(steps: number): void {
    this.#left = steps;
  }

  /** @throws OutOfFuel */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw OutOfFuel.INSTANCE;
  }
}
