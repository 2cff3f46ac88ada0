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
  event: Pick<EventContent, 'sequence' | 'tenant' | 'createdAt'>,
  subscription: number,
  content: EventContent | null,
): Work {
  const { sequence, tenant, createdAt } = event;
  return {
    sequence,
    subscription,
    tenant,
    createdAt,
    attempts: 0,
    trigger: 'initial',
    stored: false,
    content,
    cancelled: false,
  };
}

/** The next try of a delivery that has a row. */
export function storedWork(delivery: DeliveryRecord, trigger: AttemptTrigger): Work {
  const { sequence, subscription, tenant, createdAt, attempts } = delivery;
  return {
    sequence,
    subscription,
    tenant,
    createdAt,
    attempts,
    trigger,
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
  const { sequence, subscription, tenant, createdAt, attempts } = work;
  return { sequence, subscription, tenant, createdAt, attempts, ...aside };
}
