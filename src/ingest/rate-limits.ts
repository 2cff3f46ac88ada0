/** Who may knock how often. Memory is bounded, whatever addresses senders claim to have. */
import {
  MAX_REFUSALS_PER_SECOND_PER_ADDRESS,
  MAX_REMEMBERED_ADDRESSES,
} from '../domain/limits-ingest.ts';
import { LruMap } from '../domain/lru.ts';
import { createRateLimit, take, type RateLimit } from '../domain/rate-limit.ts';
import { addressGroup } from './client-address.ts';

/**
 * Counts the requests that were refused, by source and address, so that whoever guesses at secrets
 * or tokens is turned away before its next body is read. What is accepted costs nothing here: a
 * provider may send all it has from one address, and behind an unnamed proxy all have the same.
 */
export class RefusalLimits {
  readonly #limits = new LruMap<RateLimit>(MAX_REMEMBERED_ADDRESSES);

  /**
   * Milliseconds until the address may try again, 0 for now.
   * @param source its number, or 0 for tokens that are nobody's.
   * @param now monotonic, milliseconds.
   */
  waitOf(source: number, address: string, now: number): number {
    if (this.#limits.size === 0) return 0;
    const limit = this.#limits.get(keyOf(source, address));
    if (limit === undefined) return 0;
    return Math.max(0, Math.ceil(limit.fullAt - limit.toleranceMs - now));
  }

  refused(source: number, address: string, now: number): void {
    const key = keyOf(source, address);
    let limit = this.#limits.get(key);
    if (limit === undefined) {
      limit = createRateLimit(MAX_REFUSALS_PER_SECOND_PER_ADDRESS);
      this.#limits.set(key, limit);
    }
    take(limit, now);
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#limits.size;
  }
}

function keyOf(source: number, address: string): string {
  return `${source} ${addressGroup(address)}`;
}
