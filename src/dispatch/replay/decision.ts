/** What a replay makes of one delivery. Pure. */
import { isFinal, type FinalDeliveryState } from '../../domain/delivery-state.ts';
import type { DeliveryRecord } from '../../storage/journal.ts';
import type { DeliveryStanding, ReplayCounts } from '../../storage/replays.ts';

/**
 * - `send`: set it on its way, with a retry budget of its own.
 * - `skip`: leave it; it is on its way anyway, or no longer what was asked for.
 * - `mine`: this replay has set it on its way before, and counted it.
 */
export type Decision = 'send' | 'skip' | 'mine';

/** How the replayed attempt of a delivery ended. */
export type ReplayOutcome = Exclude<keyof ReplayCounts, 'taken'>;

export function decide(
  standing: DeliveryStanding | undefined,
  replay: number,
  statuses: readonly FinalDeliveryState[] | null,
): Decision {
  if (standing === undefined) return statuses === null ? 'send' : 'skip';
  if (standing.replay === replay) return 'mine';
  const { status } = standing;
  if (!isFinal(status) || wasSentSince(standing, replay)) return 'skip';
  return statuses === null || statuses.includes(status) ? 'send' : 'skip';
}

/** A younger replay has sent it, and so it was sent after this one was asked for. */
function wasSentSince(standing: DeliveryStanding, replay: number): boolean {
  return standing.replay !== null && standing.replay > replay;
}

/** How it ended for this replay; undefined while its replayed attempt has not. */
export function outcomeOf(
  row: Pick<DeliveryRecord, 'status' | 'attempts' | 'attemptsBefore' | 'replay'>,
  replay: number,
): ReplayOutcome | undefined {
  if (row.status === 'cancelled') return 'cancelled';
  if (row.attempts > row.attemptsBefore) {
    return row.status === 'delivered' ? 'delivered' : 'failed';
  }
  // Somebody has resent it by hand: it goes on, but no longer for this replay.
  return row.replay === replay ? undefined : 'skipped';
}
