/** Everything that happened, as one hash: two runs of a seed must agree on it. */
import { createHash } from 'node:crypto';

/** Lines kept for a person who looks at a failed run. */
const KEPT_LINES = 60;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #last: string[] = [];
  #lines = 0;

  add(line: string): void {
    this.#hash.update(`${line}\n`);
    this.#lines += 1;
    this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
  }

  get lines(): number {
    return this.#lines;
  }

  get tail(): string {
    return this.#last.join('\n');
  }

  /** Ends the trace. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
