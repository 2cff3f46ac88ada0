/** Deliveries as readers see them: rows where there are rows, else what the journal implies. */
import type { DeliveryView } from '../journal.ts';
import { int8Array } from './arrays.ts';
import type { Database } from './connection.ts';
import { matchedNumbers, toView } from '../sql/rows.ts';
import type { DeliveryRow, EventRow } from '../sql/tables.ts';

/** The columns of an event that its deliveries derive from. */
export type MatchedEvent = Pick<
  EventRow,
  'sequence' | 'created_at' | 'custom_id' | 'ordering_key' | 'matched'
>;

interface Attempted {
  readonly sequence: number;
  readonly subscription: number;
}

/** One look-up in one partition for each event, whatever their days. */
const ROWS = {
  name: 'rows_of',
  text: `
    select delivery.* from unnest($1::int8[]) as wanted (sequence)
    join delivery on delivery.sequence = wanted.sequence`,
};

const ATTEMPTED = {
  name: 'attempted_of',
  text: `
    select attempt.sequence, attempt.subscription from unnest($1::int8[]) as wanted (sequence)
    join attempt on attempt.sequence = wanted.sequence`,
};

/** The deliveries of these events, in the order of the events, then by subscription. */
export async function deliveryViews(
  database: Database,
  events: readonly MatchedEvent[],
): Promise<DeliveryView[]> {
  if (events.length === 0) return [];
  const known = await rowsAndOutcomes(database, events);
  return events.flatMap((event) =>
    known
      .subscriptionsOf(event)
      .toSorted((a, b) => a - b)
      .map((subscription) => known.view(event, subscription)),
  );
}

async function rowsAndOutcomes(database: Database, events: readonly MatchedEvent[]) {
  const sequences = [int8Array(events.map(({ sequence }) => sequence))];
  // One after the other: an attempt that fails in between has its row, which comes with it.
  const attempts = await database.query<Attempted>(ATTEMPTED, sequences);
  const found = await database.query<DeliveryRow>(ROWS, sequences);
  const rows = new Map<string, DeliveryRow>();
  /** A replay gives an event deliveries that it did not match when it came in. */
  const withRow = new Map<number, number[]>();
  for (const row of found) {
    rows.set(key(row.sequence, row.subscription), row);
    withRow.set(row.sequence, [...(withRow.get(row.sequence) ?? []), row.subscription]);
  }
  const attempted = new Set(
    attempts.map(({ sequence, subscription }) => key(sequence, subscription)),
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
