/**
 * A request budget: at most `requests` in any `perSeconds`, however one lays that window, over a
 * restart and a change of node too. Kept as GCRA (see `rate-limit.ts`): one instant.
 *
 * A plain token bucket of N tokens lets nearly 2 N through within one window: all that is saved up,
 * and what comes back meanwhile. So a part of the budget is the burst, and the rest is paced. It
 * begins without any burst, because nobody knows what was spent right before the process started.
 */

export interface BudgetTerms {
  readonly requests: number;
  readonly perSeconds: number;
}

export interface Budget {
  readonly terms: BudgetTerms;
  /** Between two requests when nothing is saved up. */
  readonly spacingMs: number;
  /** How far `paidUntil` may lie ahead. */
  readonly toleranceMs: number;
  /** When all that was spent is made good, on the caller's monotonic clock. */
  paidUntil: number;
  /** Nothing is spent before it: the other side asked for a pause. Monotonic. */
  pausedUntil: number;
  /** Pauses in a row, for those that come without a length. */
  pauses: number;
}

/** The share of the budget that may be spent at once. */
const BURST_SHARE = 0.1;

/** Swallows the rounding of sums of intervals. */
const ROUNDING_MS = 1e-6;

/** First pause after a 429 or 503 that names none, and the longest. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;

export function createBudget(terms: BudgetTerms, now: number): Budget {
  const burst = Math.max(1, Math.floor(terms.requests * BURST_SHARE));
  const spacingMs = (terms.perSeconds * 1000) / (terms.requests - burst + 1);
  const toleranceMs = spacingMs * (burst - 1);
  const paidUntil = now + toleranceMs + spacingMs;
  return {
    terms,
    spacingMs,
    toleranceMs,
    paidUntil,
    pausedUntil: Number.NEGATIVE_INFINITY,
    pauses: 0,
  };
}

/** When the next request may be made: `now` or later. */
export function nextSpendAt(budget: Budget, now: number): number {
  return Math.max(now, budget.pausedUntil, budget.paidUntil - budget.toleranceMs);
}

/** Spends one request, or tells that it may not: `false`. */
export function spend(budget: Budget, now: number): boolean {
  if (nextSpendAt(budget, now) > now + ROUNDING_MS) return false;
  budget.paidUntil = Math.max(budget.paidUntil, now) + budget.spacingMs;
  return true;
}

/**
 * The other side wants less: nothing for a while, and no burst after it. What was under way when
 * the pause began is refused, too, and makes it no longer.
 * @param askedMs what `Retry-After` said, if it did.
 */
export function pause(budget: Budget, now: number, askedMs: number | undefined): void {
  const isPaused = budget.pausedUntil > now;
  const ownMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(budget.pauses, 20), LONGEST_PAUSE_MS);
  const pauseMs = askedMs ?? (isPaused ? 0 : ownMs);
  if (!isPaused) budget.pauses += 1;
  budget.pausedUntil = Math.max(budget.pausedUntil, now + pauseMs);
  budget.paidUntil = Math.max(budget.paidUntil, budget.pausedUntil + budget.toleranceMs);
}

/** An answer came that was no refusal for being too many. */
export function goesWell(budget: Budget): void {
  budget.pauses = 0;
}

/** Requests that could be made right now, one after the other. */
export function remaining(budget: Budget, now: number): number {
  if (budget.pausedUntil > now) return 0;
  const roomMs = now + budget.toleranceMs + budget.spacingMs - Math.max(budget.paidUntil, now);
  return Math.max(0, Math.floor((roomMs + ROUNDING_MS) / budget.spacingMs));
}

/** What several sources say about one budget: the strictest of them counts. */
export function strictest(all: readonly BudgetTerms[]): BudgetTerms | undefined {
  let found: BudgetTerms | undefined;
  for (const terms of all) {
    if (found === undefined || ratio(terms) < ratio(found)) found = terms;
  }
  return found;
}

function ratio({ requests, perSeconds }: BudgetTerms): number {
  return requests / perSeconds;
}
