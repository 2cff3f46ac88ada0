/** What replays read of the journal. Each call examines a bounded number of rows. */
import type { FinalDeliveryState } from '../../domain/delivery-state.ts';
import type { DeliveryPosition } from '../journal.ts';
import type { Candidate, CandidateScan, DeliveryStanding } from '../replays.ts';
import { int8Array } from './arrays.ts';
import type { Database } from './connection.ts';
import { matchedNumbers } from '../sql/rows.ts';
import type { DeliveryRow, EventRow } from '../sql/tables.ts';
import { deliveryViews, key, type MatchedEvent } from './views.ts';

/** Clocks that step back, or differ, by less than this lose no event: see `ReplayStore.range`. */
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

const FIRST_FROM = {
  name: 'first_event_from',
  text: 'select sequence, created_at from event where sequence >= $1 order by sequence limit 1',
};

const LAST = {
  name: 'last_event',
  text: 'select sequence from event where sequence > 0 order by sequence desc limit 1',
};

/** By halving: instants rise with sequences, but for steps and differences of clocks. */
export async function rangeAround(
  database: Database,
  since: number,
  until: number,
): Promise<{ readonly after: number; readonly upTo: number }> {
  const after = await lastBefore(database, since - CLOCK_STEP_MS);
  return { after, upTo: Math.max(after, await lastBefore(database, until + CLOCK_STEP_MS)) };
}

/** The last sequence of the events created before the instant, or 0. */
async function lastBefore(database: Database, instant: number): Promise<number> {
  const [last] = await database.query<Header>(LAST);
  let low = 0;
  let high = last?.sequence ?? 0;
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    const [event] = await database.query<Header>(FIRST_FROM, [middle]);
    if (event !== undefined && event.created_at < instant) low = event.sequence;
    else high = middle - 1;
  }
  return low;
}

const CHUNK = {
  name: 'candidate_chunk',
  text: `
    select sequence, tenant, created_at, event_type, task_id, ordering_key, metadata, source,
           matched, custom_id
    from event where sequence > $1 and sequence <= $2 order by sequence limit $3`,
};

type ChunkRow = Header & MatchedEvent & Pick<EventRow, 'tenant'>;

export async function allEvents(
  database: Database,
  tenant: number,
  scan: CandidateScan,
): Promise<Found> {
  const rows = await chunk(database, scan);
  const events = rows.filter((row) => row.tenant === tenant).map((row) => toCandidate(row, []));
  return { events, scannedTo: scannedTo(rows, scan) };
}

/**
 * Exhausted and cancelled deliveries always have a row, so an index leads to their events; one that
 * was delivered at once has none, so all events must be looked at.
 */
export function eventsWithDeliveries(
  database: Database,
  tenant: number,
  scan: CandidateScan,
  wanted: Wanted,
): Promise<Found> {
  return wanted.statuses.includes('delivered')
    ? byViews(database, tenant, scan, wanted)
    : byRows(database, tenant, scan, wanted);
}

async function byViews(
  database: Database,
  tenant: number,
  scan: CandidateScan,
  { statuses, subscription }: Wanted,
): Promise<Found> {
  const rows = await chunk(database, scan);
  const mine = rows.filter((row) => row.tenant === tenant);
  const subscriptions = new Map<number, number[]>();
  for (const view of await deliveryViews(database, mine)) {
    if (subscription !== null && view.subscription !== subscription) continue;
    if (statuses.some((status) => status === view.status)) push(subscriptions, view);
  }
  return { events: join(mine, subscriptions), scannedTo: scannedTo(rows, scan) };
}

const SEQUENCES_OF_TENANT = {
  name: 'candidates_of_tenant',
  text: `
    select distinct sequence from delivery
    where (tenant, status, sequence, subscription) > ($1, $2::text, $3, 2147483647)
      and (tenant, status, sequence, subscription) <= ($1, $2::text, $4, 2147483647)
      and sequence > $3 and sequence <= $4
    order by sequence limit $5`,
};

const SEQUENCES_OF_SUBSCRIPTION = {
  name: 'candidates_of_subscription',
  text: `
    select distinct sequence from delivery
    where (subscription, status, sequence) > ($1, $2::text, $3)
      and (subscription, status, sequence) <= ($1, $2::text, $4)
      and sequence > $3 and sequence <= $4
    order by sequence limit $5`,
};

const ROWS = {
  name: 'candidate_rows',
  text: `
    select delivery.sequence, delivery.subscription
    from unnest($1::int8[]) as wanted (sequence)
    join delivery on delivery.sequence = wanted.sequence
    where status = any ($2::text[]) and ($3::int4 is null or subscription = $3)
    order by delivery.sequence, delivery.subscription`,
};

const HEADERS = {
  name: 'candidate_headers',
  text: `
    select event.sequence, created_at, event_type, task_id, ordering_key, metadata, source
    from unnest($1::int8[]) as wanted (sequence)
    join event on event.sequence = wanted.sequence
    where tenant = $2 order by event.sequence`,
};

async function byRows(
  database: Database,
  tenant: number,
  scan: CandidateScan,
  { statuses, subscription }: Wanted,
): Promise<Found> {
  const perState = await Promise.all(
    statuses.map((status) => sequencesWith(database, tenant, scan, { status, subscription })),
  );
  const sequences = [...new Set(perState.flat())].toSorted((a, b) => a - b).slice(0, scan.limit);
  const last = sequences.at(-1);
  if (last === undefined) return { events: [], scannedTo: scan.upTo };
  const wanted = int8Array(sequences);
  const subscriptions = new Map<number, number[]>();
  const rows = await database.query<DeliveryRow>(ROWS, [wanted, statuses, subscription]);
  for (const row of rows) push(subscriptions, row);
  const headers = await database.query<Header>(HEADERS, [wanted, tenant]);
  return {
    events: join(headers, subscriptions),
    scannedTo: sequences.length < scan.limit ? scan.upTo : last,
  };
}

async function sequencesWith(
  database: Database,
  tenant: number,
  { after, upTo, limit }: CandidateScan,
  wanted: { readonly status: FinalDeliveryState; readonly subscription: number | null },
): Promise<number[]> {
  const { status, subscription } = wanted;
  const rows =
    subscription === null
      ? await database.query<Header>(SEQUENCES_OF_TENANT, [tenant, status, after, upTo, limit])
      : await database.query<Header>(SEQUENCES_OF_SUBSCRIPTION, [
          subscription,
          status,
          after,
          upTo,
          limit,
        ]);
  return rows.map((row) => row.sequence);
}

function chunk(database: Database, scan: CandidateScan): Promise<readonly ChunkRow[]> {
  return database.query<ChunkRow>(CHUNK, [scan.after, scan.upTo, scan.limit]);
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

const STANDING_ROWS = {
  name: 'standing_rows',
  text: `
    select delivery.sequence, subscription, status, attempts, attempts_before, replay
    from unnest($1::int8[]) as wanted (sequence)
    join delivery on delivery.sequence = wanted.sequence`,
};

const STANDING_EVENTS = {
  name: 'standing_events',
  text: `
    select event.sequence, matched from unnest($1::int8[]) as wanted (sequence)
    join event on event.sequence = wanted.sequence`,
};

const STANDING_ATTEMPTS = {
  name: 'standing_attempts',
  text: `
    select attempt.sequence, subscription from unnest($1::int8[]) as wanted (sequence)
    join attempt on attempt.sequence = wanted.sequence`,
};

export async function standings(
  database: Database,
  positions: readonly DeliveryPosition[],
): Promise<readonly (DeliveryStanding | undefined)[]> {
  const sequences = [int8Array([...new Set(positions.map(({ sequence }) => sequence))])];
  const implied = await impliedStandings(database, sequences);
  // After the attempts: one that fails in between has its row, which comes with this.
  const rows = await database.query<DeliveryRow>(STANDING_ROWS, sequences);
  const stored = new Map(rows.map((row) => [key(row.sequence, row.subscription), row]));
  return positions.map(({ sequence, subscription }) => {
    const row = stored.get(key(sequence, subscription));
    if (row === undefined) return implied(sequence, subscription);
    const { status, attempts, attempts_before: attemptsBefore, replay } = row;
    return { sequence, subscription, status, attempts, attemptsBefore, replay };
  });
}

/** Of deliveries without a row: pending, or delivered at the first try. */
async function impliedStandings(database: Database, sequences: readonly Buffer[]) {
  const events = await database.query<EventRow>(STANDING_EVENTS, sequences);
  const expected = new Map(
    events.map((row) => [row.sequence, new Set(matchedNumbers(row.matched))]),
  );
  const attempts = await database.query<DeliveryPosition>(STANDING_ATTEMPTS, sequences);
  const attempted = new Set(attempts.map((row) => key(row.sequence, row.subscription)));
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
