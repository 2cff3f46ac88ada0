/**
 * How often one origin is asked. URLs of certificates come with requests from strangers, so a flood
 * of made-up ones must not become a flood of requests to the sender whose host they name.
 */
import {
  KEY_ORIGIN_BURST,
  KEY_ORIGIN_REFILL_SECONDS,
  MAX_KEY_ORIGINS,
} from '../../domain/limits-keys.ts';
import { LruMap } from '../../domain/lru.ts';

const REFILL_MS = KEY_ORIGIN_REFILL_SECONDS * 1000;

export class OriginPace {
  /** When the origin would have its whole burst back, monotonic milliseconds. */
  readonly #fullAt = new LruMap<number>(MAX_KEY_ORIGINS);

  /** Takes one request from the origin's allowance; false when there is none left. */
  take(origin: string, now: number): boolean {
    const fullAt = Math.max(this.#fullAt.get(origin) ?? now, now) + REFILL_MS;
    if (fullAt - now > KEY_ORIGIN_BURST * REFILL_MS) return false;
    this.#fullAt.set(origin, fullAt);
    return true;
  }
}
