/** When to call the API again, and after how long. */

export interface RetryPolicy {
  /** Tries after the first. */
  readonly maxRetries: number;
  readonly baseDelayMs: number;
  /** A `Retry-After` beyond this ends the tries: the caller decides then. */
  readonly maxDelayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { maxRetries: 3, baseDelayMs: 250, maxDelayMs: 30_000 };

/** Answers of a server that has refused the request unread, so that any request may be repeated. */
const REFUSED_UNREAD: ReadonlySet<number> = new Set([429, 503]);

export interface Failure {
  /** 0 when no answer came. */
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Milliseconds until the next try, or `undefined` for none.
 *
 * @param failures How many tries have failed, this one included.
 * @param repeatable Whether the request may be repeated although it may have been carried out.
 * @param random In [0, 1).
 */
export function nextDelayMs(
  policy: RetryPolicy,
  failure: Failure,
  failures: number,
  repeatable: boolean,
  random: number,
): number | undefined {
  if (failures > policy.maxRetries) return undefined;
  const mayRepeat = REFUSED_UNREAD.has(failure.status) || (failure.status === 0 && repeatable);
  if (!mayRepeat) return undefined;
  const asked = failure.retryAfterMs ?? 0;
  if (asked > policy.maxDelayMs) return undefined;
  const ceiling = Math.min(policy.baseDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
  // Between half and all of the ceiling: clients that failed together don't return together.
  return Math.max(asked, Math.round(ceiling * (0.5 + random / 2)));
}

/** RFC 9110 §10.2.3: seconds or an HTTP date. `undefined` when it is neither. */
export function parseRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
