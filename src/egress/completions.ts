/**
 * Hands results out in batches, after the stack that produced them has unwound. Results are known
 * inside the response parser, which must not be entered again from there (and would swallow a
 * caller's exception), or inside `send`, which promises not to call back before it returns.
 */
export class Completions<Settled> {
  readonly #complete: (settled: Settled) => void;
  readonly #drain = (): void => this.#run();
  #settled: Settled[] = [];

  constructor(complete: (settled: Settled) => void) {
    this.#complete = complete;
  }

  push(settled: Settled): void {
    if (this.#settled.push(settled) === 1) process.nextTick(this.#drain);
  }

  #run(): void {
    const batch = this.#settled;
    this.#settled = [];
    let index = 0;
    try {
      for (; index < batch.length; index += 1) {
        const settled = batch[index];
        if (settled !== undefined) this.#complete(settled);
      }
    } finally {
      // A throwing callback is its owner's bug, but must not cost the others their result.
      for (const settled of batch.slice(index + 1)) this.push(settled);
    }
  }
}
