/** What replays read of the journal. Each call examines a bounded number of rows. */
import type { FinalDeliveryState } from '../../domain/delivery-state.ts';
import type { DeliveryPosition } from '../journal.ts';
import type { Candidate, CandidateScan, DeliveryStanding } from '../replays.ts';
import type { Connection } from './connection.ts';
import { matchedNumbers } from '../sql/rows.ts';
import type { EventRow } from '../sql/tables.ts';
import { query } from './tables.ts';
import { deliveryViews, key } from './views.ts';

/** Clocks that step back by less than this lose no event, see `ReplayStore.range`. */
const CLOCK_STEP_MS = 60_000;

interface Found {
  readonly events: readonly Candidate[];
  readonly scannedTo: number;
}

type Wanted = NonNullable<CandidateScan['deliveries']>;

type Header = Pick<
  EventRow,
  'sequence' | 'created_at' | 'event_type' | 'task_id' | 'ordering_key' | 'metadata' | 'source'
>;

/** By halving: instants rise with sequences, but for steps of the clock. */
export function rangeAround(
  connection: Connection,
  since: number,
  until: number,
): { readonly after: number; readonly upTo: number } {
  const after = lastBefore(connection, since - CLOCK_STEP_MS);
  return { after, upTo: Math.max(after, lastBefore(connection, until + CLOCK_STEP_MS)) };
}

/** The last sequence of the events created before the instant, or 0. */
function lastBefore(connection: Connection, instant: number): number {
  const lastSequence = query.selectFrom('event').select(({ fn }) => fn.max('sequence').as('last'));
  let low = 0;
  let high = connection.first(lastSequence.compile())?.last ?? 0;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const first = query
      .selectFrom('event')
      .select(['sequence', 'created_at'])
      .where('sequence', '>=', middle)
      .orderBy('sequence')
      .limit(1);
    const event = connection.first(first.compile());
    if (event !== undefined && event.created_at < instant) low = event.sequence;
    else high = middle - 1;
  }
  return low;
}

export function allEvents(connection: Connection, tenant: number, scan: CandidateScan): Found {
  const chunk = query
    .selectFrom('event')
    .select(['sequence', 'tenant', 'created_at', 'event_type', 'task_id', 'ordering_key'])
    .select(['metadata', 'source'])
    .where('sequence', '>', scan.after)
    .where('sequence', '<=', scan.upTo)
    .orderBy('sequence')
    .limit(scan.limit);
  const rows = connection.all(chunk.compile());
  const events = rows.filter((row) => row.tenant === tenant).map((row) => toCandidate(row, []));
  return { events, scannedTo: scannedTo(rows, scan) };
}

/**
 * Exhausted and cancelled deliveries always have a row, so an index leads to their events; one that
 * was delivered at once has none, so all events must be looked at.
 */
export function eventsWithDeliveries(
  connection: Connection,
  tenant: number,
  scan: CandidateScan,
  wanted: Wanted,
): Found {
  return wanted.statuses.includes('delivered')
    ? byViews(connection, tenant, scan, wanted)
    : byRows(connection, tenant, scan, wanted);
}

function byViews(
  connection: Connection,
  tenant: number,
  scan: CandidateScan,
  { statuses, subscription }: Wanted,
): Found {
  const chunk = query
    .selectFrom('event')
    .select(['sequence', 'tenant', 'created_at', 'event_type', 'task_id', 'ordering_key'])
    .select(['metadata', 'source', 'matched', 'custom_id'])
    .where('sequence', '>', scan.after)
    .where('sequence', '<=', scan.upTo)
    .orderBy('sequence')
    .limit(scan.limit);
  const rows = connection.all(chunk.compile());
  const mine = rows.filter((row) => row.tenant === tenant);
  const subscriptions = new Map<number, number[]>();
  for (const view of deliveryViews(connection, mine)) {
    if (subscription !== null && view.subscription !== subscription) continue;
    if (statuses.some((status) => status === view.status)) push(subscriptions, view);
  }
  return { events: join(mine, subscriptions), scannedTo: scannedTo(rows, scan) };
}

function byRows(
  connection: Connection,
  tenant: number,
  scan: CandidateScan,
  wanted: Wanted,
): Found {
  const perState = wanted.statuses.map((status) =>
    sequencesWith(connection, tenant, scan, { status, subscription: wanted.subscription }),
  );
  const sequences = [...new Set(perState.flat())].toSorted((a, b) => a - b).slice(0, scan.limit);
  const last = sequences.at(-1);
  if (last === undefined) return { events: [], scannedTo: scan.upTo };
  let rows = query
    .selectFrom('delivery')
    .select(['sequence', 'subscription'])
    .where('sequence', 'in', sequences)
    .where('status', 'in', wanted.statuses)
    .orderBy('sequence')
    .orderBy('subscription');
  if (wanted.subscription !== null) rows = rows.where('subscription', '=', wanted.subscription);
  const subscriptions = new Map<number, number[]>();
  for (const row of connection.all(rows.compile())) push(subscriptions, row);
  const headers = query
    .selectFrom('event')
    .select([
      'sequence',
      'created_at',
      'event_type',
      'task_id',
      'ordering_key',
      'metadata',
      'source',
    ])
    .where('sequence', 'in', sequences)
    .where('tenant', '=', tenant)
    .orderBy('sequence');
  const events = join(connection.all(headers.compile()), subscriptions);
  return { events, scannedTo: sequences.length < scan.limit ? scan.upTo : last };
}

function sequencesWith(
  connection: Connection,
  tenant: number,
  scan: CandidateScan,
  wanted: { readonly status: FinalDeliveryState; readonly subscription: number | null },
): number[] {
  const { status, subscription } = wanted;
  let select = query
    .selectFrom('delivery')
    .select('sequence')
    .distinct()
    .where('status', '=', status)
    .where('sequence', '>', scan.after)
    .where('sequence', '<=', scan.upTo)
    .orderBy('sequence')
    .limit(scan.limit);
  select =
    subscription === null
      ? select.where('tenant', '=', tenant)
      : select.where('subscription', '=', subscription);
  return connection.all(select.compile()).map((row) => row.sequence);
}

function join(
  headers: readonly Header[],
  subscriptions: ReadonlyMap<number, readonly number[]>,
): Candidate[] {
  return headers.flatMap((header) => {
    const wanted = subscriptions.get(header.sequence);
    return wanted === undefined ? [] : [toCandidate(header, wanted)];
  });
}

function push(subscriptions: Map<number, number[]>, at: DeliveryPosition): void {
  const known = subscriptions.get(at.sequence);
  if (known === undefined) subscriptions.set(at.sequence, [at.subscription]);
  else known.push(at.subscription);
}

function toCandidate(row: Header, subscriptions: readonly number[]): Candidate {
  return {
    sequence: row.sequence,
    createdAt: row.created_at,
    eventType: row.event_type,
    taskId: row.task_id,
    orderingKey: row.ordering_key,
    metadata: row.metadata,
    source: row.source,
    subscriptions,
  };
}

function scannedTo(rows: readonly { readonly sequence: number }[], scan: CandidateScan): number {
  return rows.length < scan.limit ? scan.upTo : (rows.at(-1)?.sequence ?? scan.upTo);
}

export function standings(
  connection: Connection,
  positions: readonly DeliveryPosition[],
): readonly (DeliveryStanding | undefined)[] {
  const sequences = [...new Set(positions.map(({ sequence }) => sequence))];
  const rows = query
    .selectFrom('delivery')
    .select(['sequence', 'subscription', 'status', 'attempts', 'attempts_before', 'replay'])
    .where('sequence', 'in', sequences);
  const stored = new Map(
    connection.all(rows.compile()).map((row) => [key(row.sequence, row.subscription), row]),
  );
  const implied = impliedStandings(connection, sequences);
  return positions.map(({ sequence, subscription }) => {
    const row = stored.get(key(sequence, subscription));
    if (row === undefined) return implied(sequence, subscription);
    const { status, attempts, attempts_before: attemptsBefore, replay } = row;
    return { sequence, subscription, status, attempts, attemptsBefore, replay };
  });
}

/** Of deliveries without a row: pending, or delivered at the first try. */
function impliedStandings(connection: Connection, sequences: readonly number[]) {
  const matched = query
    .selectFrom('event')
    .select(['sequence', 'matched'])
    .where('sequence', 'in', sequences);
  const expected = new Map(
    connection
      .all(matched.compile())
      .map((row) => [row.sequence, new Set(matchedNumbers(row.matched))]),
  );
  const attempts = query
    .selectFrom('attempt')
    .select(['sequence', 'subscription'])
    .where('sequence', 'in', sequences);
  const attempted = new Set(
    connection.all(attempts.compile()).map((row) => key(row.sequence, row.subscription)),
  );
  return (sequence: number, subscription: number): DeliveryStanding | undefined => {
    if (expected.get(sequence)?.has(subscription) !== true) return undefined;
    const delivered = attempted.has(key(sequence, subscription));
    return {
      sequence,
      subscription,
      status: delivered ? 'delivered' : 'pending',
      attempts: delivered ? 1 : 0,
      attemptsBefore: 0,
      replay: null,
    };
  };
}
