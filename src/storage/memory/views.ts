/** Deliveries as readers see them: rows where there are rows, else what the journal implies. */
import type { DeliveryView, EventRecord } from '../journal.ts';
import type { JournalTables } from './tables.ts';

/** The deliveries of an event in order of subscription. */
export function deliveryViews(tables: JournalTables, event: EventRecord): DeliveryView[] {
  return event.matched
    .toSorted((a, b) => a - b)
    .map((subscription) => deliveryView(tables, event, subscription));
}

/** The delivery of an event to a subscription that it matched. */
export function deliveryView(
  tables: JournalTables,
  event: EventRecord,
  subscription: number,
): DeliveryView {
  const { sequence, createdAt, customId } = event;
  const same = { sequence, subscription, createdAt, customId };
  const row = tables.delivery(sequence, subscription);
  if (row !== undefined) {
    const { status, attempts, nextAttemptAt, reason } = row;
    return { ...same, status, attempts, nextAttemptAt, reason };
  }
  // An attempt without a row succeeded at the first try: every failure writes a row.
  const delivered = tables.attempts(sequence, subscription).length > 0;
  return {
    ...same,
    status: delivered ? 'delivered' : 'pending',
    attempts: delivered ? 1 : 0,
    nextAttemptAt: null,
    reason: null,
  };
}
