/** Deliveries as readers see them: rows where there are rows, else what the journal implies. */
import type { DeliveryView, EventRecord } from '../journal.ts';
import type { JournalTables } from './tables.ts';

/** The deliveries of an event in order of subscription: those it matched, and replayed ones. */
export function deliveryViews(tables: JournalTables, event: EventRecord): DeliveryView[] {
  const subscriptions = new Set([...event.matched, ...tables.subscriptionsOf(event.sequence)]);
  return [...subscriptions]
    .toSorted((a, b) => a - b)
    .map((subscription) => deliveryView(tables, event, subscription));
}

function deliveryView(
  tables: JournalTables,
  event: EventRecord,
  subscription: number,
): DeliveryView {
  const { sequence, createdAt, customId, orderingKey } = event;
  const same = { sequence, subscription, createdAt, customId, orderingKey };
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
