/** A delivery in memory, on its way to or in an attempt. */
import { eventId } from '../domain/ids.ts';
import type { AttemptTrigger, DeliveryRecord, EventContent } from '../storage/journal.ts';

export interface Work {
  readonly sequence: number;
  readonly subscription: number;
  readonly tenant: number;
  /** When the event was accepted, milliseconds. */
  readonly createdAt: number;
  /** Attempts made so far. */
  readonly attempts: number;
  /** Those of them that the retry schedule does not count. */
  readonly attemptsBefore: number;
  readonly orderingKey: string | null;
  /** The replay that asked for it, or null. */
  readonly replay: number | null;
  readonly trigger: AttemptTrigger;
  /** False while the delivery is implied by its event alone; then its first settlement counts. */
  readonly stored: boolean;
  /** Null when the queue was long: read again shortly before the attempt. */
  content: EventContent | null;
  /** Set while its attempt runs: record the answer, but leave the state alone. */
  cancelled: boolean;
}

export const CANCELLED_ON_REQUEST = 'cancelled on request';

/** The public id of an event: its publisher's own, or the one its position gives. */
export function publicEventId(content: EventContent): string {
  return content.customId ?? eventId(content.createdAt, content.sequence);
}

/** The first try of a delivery that is implied by its event. */
export function freshWork(
  event: Pick<EventContent, 'sequence' | 'tenant' | 'createdAt' | 'orderingKey'>,
  subscription: number,
  content: EventContent | null,
): Work {
  const { sequence, tenant, createdAt, orderingKey } = event;
  return {
    sequence,
    subscription,
    tenant,
    createdAt,
    attempts: 0,
    attemptsBefore: 0,
    orderingKey,
    replay: null,
    trigger: 'initial',
    stored: false,
    content,
    cancelled: false,
  };
}

/** What makes us try: the row tells, also after a restart. */
function triggerOf({ replay, attempts, attemptsBefore }: DeliveryRecord): AttemptTrigger {
  // With these, the schedule begins anew with the try that was asked for.
  if (attempts > attemptsBefore) return 'retry';
  if (replay !== null) return 'replay';
  return attempts === 0 ? 'initial' : 'resend';
}

/** The next try of a delivery that has a row. */
export function storedWork(delivery: DeliveryRecord): Work {
  const { sequence, subscription, tenant, createdAt } = delivery;
  const { attempts, attemptsBefore, orderingKey, replay } = delivery;
  return {
    sequence,
    subscription,
    tenant,
    createdAt,
    attempts,
    attemptsBefore,
    orderingKey,
    replay,
    trigger: triggerOf(delivery),
    stored: true,
    content: null,
    cancelled: false,
  };
}

/** The row that puts a delivery aside without an attempt: held, cancelled, or waiting. */
export function asideRow(
  work: Work,
  aside: Pick<DeliveryRecord, 'status' | 'nextAttemptAt' | 'reason' | 'updatedAt'>,
): DeliveryRecord {
  return { ...standing(work), attempts: work.attempts, ...aside };
}

/** What of a work its row repeats, whatever becomes of it. */
export function standing(work: Work) {
  const { sequence, subscription, tenant, createdAt } = work;
  const { attemptsBefore, orderingKey, replay } = work;
  return { sequence, subscription, tenant, createdAt, attemptsBefore, orderingKey, replay };
}
