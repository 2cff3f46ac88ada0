/** Deliveries as readers see them: rows where there are rows, else what the journal implies. */
import type { DeliveryView } from '../journal.ts';
import type { Connection } from './connection.ts';
import { matchedNumbers, toView } from '../sql/rows.ts';
import type { DeliveryRow, EventRow } from '../sql/tables.ts';
import { query } from './tables.ts';

/** The columns of an event that its deliveries derive from. */
export type MatchedEvent = Pick<
  EventRow,
  'sequence' | 'created_at' | 'custom_id' | 'ordering_key' | 'matched'
>;

/** Numbers SQLite takes in one `in (…)` list here; its own limit is 32,766 parameters. */
const MAX_IN_LIST = 1_000;

/** The deliveries of these events, in the order of the events, then by subscription. */
export function deliveryViews(
  connection: Connection,
  events: readonly MatchedEvent[],
): DeliveryView[] {
  const views: DeliveryView[] = [];
  for (let start = 0; start < events.length; start += MAX_IN_LIST) {
    const chunk = events.slice(start, start + MAX_IN_LIST);
    const known = rowsAndOutcomes(connection, chunk);
    for (const event of chunk) {
      for (const subscription of known.subscriptionsOf(event).toSorted((a, b) => a - b)) {
        views.push(known.view(event, subscription));
      }
    }
  }
  return views;
}

function rowsAndOutcomes(connection: Connection, events: readonly MatchedEvent[]) {
  const sequences = events.map((event) => event.sequence);
  const selectRows = query.selectFrom('delivery').selectAll().where('sequence', 'in', sequences);
  const rows = new Map<string, DeliveryRow>();
  /** A replay gives an event deliveries that it did not match when it came in. */
  const withRow = new Map<number, number[]>();
  for (const row of connection.all(selectRows.compile())) {
    rows.set(key(row.sequence, row.subscription), row);
    withRow.set(row.sequence, [...(withRow.get(row.sequence) ?? []), row.subscription]);
  }
  const selectAttempted = query
    .selectFrom('attempt')
    .select(['sequence', 'subscription'])
    .where('sequence', 'in', sequences);
  const attempted = new Set(
    connection.all(selectAttempted.compile()).map((row) => key(row.sequence, row.subscription)),
  );
  return {
    subscriptionsOf({ sequence, matched }: MatchedEvent): number[] {
      return [...new Set([...matchedNumbers(matched), ...(withRow.get(sequence) ?? [])])];
    },
    view(event: MatchedEvent, subscription: number): DeliveryView {
      const row = rows.get(key(event.sequence, subscription));
      if (row !== undefined) return toView(row, event.custom_id);
      // An attempt without a row succeeded at the first try: every failure writes a row.
      const delivered = attempted.has(key(event.sequence, subscription));
      return {
        sequence: event.sequence,
        subscription,
        createdAt: event.created_at,
        customId: event.custom_id,
        status: delivered ? 'delivered' : 'pending',
        attempts: delivered ? 1 : 0,
        orderingKey: event.ordering_key,
        nextAttemptAt: null,
        reason: null,
      };
    },
  };
}

export function key(sequence: number, subscription: number): string {
  return `${sequence}:${subscription}`;
}
