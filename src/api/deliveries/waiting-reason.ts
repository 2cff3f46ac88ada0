/** Why a delivery that is due has not started: only its lane and its order, in memory, can tell. */
import type { DeliveryControl } from '../../dispatch/delivery-control.ts';
import type { DeliveryView } from '../../storage/journal.ts';
import { isoTime } from '../common-schema.ts';

/**
 * The stored reason, or what holds the delivery back; null when nothing does.
 *
 * @param now milliseconds; a retry whose time has come waits in its lane like a new delivery.
 * @param before the public id of the event whose delivery has to be over first.
 */
export function waitingReason(
  delivery: DeliveryView,
  deliveries: Pick<DeliveryControl, 'lane'>,
  now: number,
  before: string | undefined,
): string | null {
  const { status, nextAttemptAt, reason, subscription } = delivery;
  const isDue = status === 'pending' || (status === 'waiting' && (nextAttemptAt ?? now) < now);
  const held = isDue ? heldBack(before, deliveries.lane(subscription)) : undefined;
  if (held === undefined) return reason;
  return reason === null ? held : `${reason}; ${held}`;
}

function heldBack(
  before: string | undefined,
  lane: ReturnType<DeliveryControl['lane']>,
): string | undefined {
  if (before !== undefined) return `waits for event ${before} of the same ordering key`;
  if (lane === undefined) return undefined;
  const { breaker, probeAt, queued, inFlight, window } = lane;
  if (breaker !== 'closed') {
    const until = probeAt === null ? 'is being probed' : `is probed again at ${isoTime(probeAt)}`;
    return `breaker_open: the target has failed too often lately and ${until}`;
  }
  if (queued === 0) return undefined;
  return `waits its turn: ${queued} queued for this target, ${inFlight} of ${window} in flight`;
}
