import type { Exchange } from './exchange.ts';

/**
 * Hands results out in batches, after the stack that produced them has unwound. Results are known
 * inside the response parser, which must not be entered again from there (and would swallow a
 * caller's exception), or inside `send`, which promises not to call back before it returns.
 */
export class Completions {
  readonly #complete: (exchange: Exchange) => void;
  readonly #drain = (): void => this.#run();
  #settled: Exchange[] = [];

  constructor(complete: (exchange: Exchange) => void) {
    this.#complete = complete;
  }

  push(exchange: Exchange): void {
    if (this.#settled.push(exchange) === 1) process.nextTick(this.#drain);
  }

  #run(): void {
    const batch = this.#settled;
    this.#settled = [];
    let index = 0;
    try {
      for (; index < batch.length; index += 1) {
        const exchange = batch[index];
        if (exchange !== undefined) this.#complete(exchange);
      }
    } finally {
      // A throwing callback is its owner's bug, but must not cost the others their result.
      for (const exchange of batch.slice(index + 1)) this.push(exchange);
    }
  }
}
