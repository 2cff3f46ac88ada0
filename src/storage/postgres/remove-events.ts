/** Takes chosen events out of the database with all that belongs to them. */
import type { ClientBase } from 'pg';
import { dayOf } from '../tenant-data.ts';
import { int8Array } from './arrays.ts';
import { REMEMBER } from './erase.ts';
import { matchedNumbers } from '../sql/rows.ts';
import { slotOf } from './sequence-layout.ts';
import { key } from './views.ts';

export interface OldEvent {
  readonly sequence: number;
  readonly tenant: number;
  readonly event_type: string;
  readonly created_at: number;
  readonly matched: string;
  readonly bytes: number;
}

interface Known {
  readonly sequence: number;
  readonly subscription: number;
}

/** Locked, so that nobody turns one into a pending one meanwhile. */
const DELIVERIES = `
  select delivery.sequence, subscription, next_attempt_at is not null as is_open
  from unnest($1::int8[]) as wanted (sequence)
  join delivery on delivery.sequence = wanted.sequence for update of delivery`;

const ATTEMPTED = `
  select attempt.sequence, subscription from unnest($1::int8[]) as wanted (sequence)
  join attempt on attempt.sequence = wanted.sequence`;

/** Those of which nothing is still to be tried: by a row, or implied by the event alone. */
export async function removable(
  client: ClientBase,
  events: readonly OldEvent[],
): Promise<readonly OldEvent[]> {
  const rows = await deliveriesOf(client, events);
  const open = new Set(rows.flatMap((row) => (row.is_open ? [row.sequence] : [])));
  const marks = await lowWaterMarks(client);
  const doubtful = events.filter(
    ({ sequence, matched }) => matched !== '' && sequence > (marks.get(slotOf(sequence)) ?? 0),
  );
  if (doubtful.length > 0) {
    const sequences = int8Array(doubtful.map(({ sequence }) => sequence));
    const attempted = await client.query<Known>(ATTEMPTED, [sequences]);
    const settled = new Set(
      [...rows, ...attempted.rows].map((row) => key(row.sequence, row.subscription)),
    );
    for (const { sequence, matched } of doubtful) {
      const isSettled = matchedNumbers(matched).every((number) =>
        settled.has(key(sequence, number)),
      );
      if (!isSettled) open.add(sequence);
    }
  }
  return events.filter(({ sequence }) => !open.has(sequence));
}

async function deliveriesOf(client: ClientBase, events: readonly OldEvent[]) {
  const sequences = int8Array(events.map(({ sequence }) => sequence));
  const { rows } = await client.query<Known & { readonly is_open: boolean }>(DELIVERIES, [
    sequences,
  ]);
  return rows;
}

async function lowWaterMarks(client: ClientBase): Promise<ReadonlyMap<number, number>> {
  const { rows } = await client.query<{ slot: number; low_water_mark: number }>(
    'select slot, low_water_mark from node_slot order by slot',
  );
  return new Map(rows.map((row) => [row.slot, row.low_water_mark]));
}

/** Keys of events of a source say what the event was, and stay. */
const KEEP_KEYS = `
  update dedupe_key as key
  set created_at = event.created_at, event_type = event.event_type, custom_id = event.custom_id
  from unnest($1::int8[]) as chosen (sequence)
  join event on event.sequence = chosen.sequence
  where key.sequence = chosen.sequence and event.source is not null and event.created_at >= $2`;

const KEYS = 'delete from dedupe_key where sequence = any ($1::int8[]) and created_at is null';

/**
 * Inside a transaction that the caller opened.
 * @param keysKeptSince see `RemovalOrder`.
 */
export async function removeEvents(
  client: ClientBase,
  events: readonly OldEvent[],
  keysKeptSince: number | undefined,
): Promise<void> {
  if (events.length === 0) return;
  const sequences = int8Array(events.map(({ sequence }) => sequence));
  await client.query(REMEMBER, [sequences]);
  if (keysKeptSince !== undefined) await client.query(KEEP_KEYS, [sequences, keysKeptSince]);
  await client.query(KEYS, [sequences]);
  for (const table of ['attempt', 'delivery', 'event']) {
    await client.query(`delete from ${table} where sequence = any ($1::int8[])`, [sequences]);
  }
  await countDown(
    client,
    events.map(({ tenant, created_at: createdAt, bytes }) => ({
      tenant,
      day: dayOf(createdAt),
      events: 1,
      bytes,
    })),
  );
}

export interface Taken {
  readonly tenant: number;
  readonly day: number;
  readonly events: number;
  readonly bytes: number;
}

const COUNT_DOWN = `
  insert into tenant_usage (tenant, day, slot, events, bytes)
  select tenant, day, 0, -sum(events), -sum(bytes)
  from unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[]) as taken (tenant, day, events, bytes)
  group by tenant, day
  on conflict (tenant, day, slot) do update set
    events = tenant_usage.events + excluded.events,
    bytes = tenant_usage.bytes + excluded.bytes`;

/** A day of which nothing is left, on no slot. */
const FORGET_EMPTY = `
  delete from tenant_usage where (tenant, day) in (
    select tenant, day from tenant_usage
    where (tenant, day) in (select * from unnest($1::int4[], $2::int8[]))
    group by tenant, day having sum(events) = 0)`;

/** Usage is a sum over slots, so taking away from any of them takes away. */
export async function countDown(client: ClientBase, taken: readonly Taken[]): Promise<void> {
  const column = (read: (one: Taken) => number) => int8Array(taken.map(read));
  await client.query(COUNT_DOWN, [
    column(({ tenant }) => tenant),
    column(({ day }) => day),
    column(({ events }) => events),
    column(({ bytes }) => bytes),
  ]);
  const days = new Map(taken.map((one) => [`${one.tenant}/${one.day}`, one]));
  const distinct = [...days.values()];
  await client.query(FORGET_EMPTY, [
    distinct.map(({ tenant }) => tenant),
    distinct.map(({ day }) => day),
  ]);
}
