/**
 * The generator's free connections, first come first used: at a low rate every connection takes
 * its turn, so that none idles into the server's keep-alive timeout.
 */
const COMPACT_AT = 1024;

/** What the list needs of a connection. */
export interface Freeable {
  readonly connected: boolean;
}

export class FreeList<T extends Freeable> {
  #queue: T[] = [];
  #head = 0;
  readonly #waiting = new Set<T>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Adds a connection; one that is waiting already (it broke and came back) keeps its place. */
  add(connection: T): void {
    if (this.#waiting.has(connection)) return;
    this.#waiting.add(connection);
    this.#queue.push(connection);
  }

  /** The longest free connection that is still connected; broken ones drop out. */
  take(): T | undefined {
    while (this.#head < this.#queue.length) {
      const connection = this.#queue[this.#head++];
      if (this.#head >= COMPACT_AT) this.#compact();
      if (connection === undefined) continue;
      this.#waiting.delete(connection);
      if (connection.connected) return connection;
    }
    return undefined;
  }

  #compact(): void {
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
