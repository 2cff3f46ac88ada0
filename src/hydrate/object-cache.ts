/** Fetched objects, and those who wait for one that is being fetched. Bounded by bytes. */
import { MAX_HYDRATE_CACHE_BYTES } from '../domain/limits-poll.ts';

export interface FetchedObject {
  /** JSON text. */
  readonly text: string;
  /** When it was asked for, wall clock, milliseconds: it may be newer, not older. */
  readonly fetchedAt: number;
}

export class ObjectCache {
  /** The longest unused first. */
  readonly #objects = new Map<string, FetchedObject>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number = MAX_HYDRATE_CACHE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): FetchedObject | undefined {
    const found = this.#objects.get(key);
    if (found === undefined) return undefined;
    this.#objects.delete(key);
    this.#objects.set(key, found);
    return found;
  }

  set(key: string, object: FetchedObject): void {
    this.delete(key);
    this.#objects.set(key, object);
    this.#bytes += sizeOf(key, object);
    for (const [oldest] of this.#objects) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const found = this.#objects.get(key);
    if (found === undefined) return;
    this.#objects.delete(key);
    this.#bytes -= sizeOf(key, found);
  }
}

/** Two bytes a character at most, and what an entry takes besides. */
function sizeOf(key: string, { text }: FetchedObject): number {
  return 2 * (key.length + text.length) + 200;
}
