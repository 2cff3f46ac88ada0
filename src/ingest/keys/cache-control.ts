/** How long a key document may be believed (RFC 9111 §5.2). */
import {
  DEFAULT_KEY_AGE_SECONDS,
  MAX_KEY_AGE_SECONDS,
  MIN_KEY_AGE_SECONDS,
} from '../../domain/limits-keys.ts';

const MAX_AGE = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})"?(?:$|[\s,])/i;
const NEVER = /(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,=])/i;

/**
 * Seconds. A publisher that forbids caching is still asked only once in a while: which requests
 * come in is not for it to decide, and a new key is asked for past the cache.
 *
 * @param header `Cache-Control` of the answer.
 */
export function keyAgeSeconds(header: string | undefined): number {
  if (header === undefined) return DEFAULT_KEY_AGE_SECONDS;
  if (NEVER.test(header)) return MIN_KEY_AGE_SECONDS;
  const seconds = MAX_AGE.exec(header)?.[1];
  if (seconds === undefined) return DEFAULT_KEY_AGE_SECONDS;
  return Math.min(Math.max(Number(seconds), MIN_KEY_AGE_SECONDS), MAX_KEY_AGE_SECONDS);
}
