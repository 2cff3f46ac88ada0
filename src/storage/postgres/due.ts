/** The unfinished deliveries that a process looks after: those whose rows its slot owns. */
import type { DuePosition } from '../journal.ts';
import { FENCE, ousted, type Fence } from './commit.ts';
import type { Database } from './connection.ts';
import type { DeliveryRow } from '../sql/tables.ts';

/** Walks `delivery_due` from the position on. */
const DUE = {
  name: 'due',
  text: `
    select * from delivery
    where owner = $1 and next_attempt_at is not null
      and (next_attempt_at, sequence, subscription) > ($2, $3, $4) and next_attempt_at <= $5
    order by next_attempt_at, sequence, subscription limit $6`,
};

const NEXT_DUE = {
  name: 'next_due',
  text: `
    select next_attempt_at from delivery
    where owner = $1 and next_attempt_at is not null
      and (next_attempt_at, sequence, subscription) > ($2, $3, $4)
    order by next_attempt_at, sequence, subscription limit 1`,
};

/** Walks `delivery_by_subscription`; see `lists.ts` for the whole-row comparison. */
const RELEASE_HELD = {
  name: 'release_held',
  text: `
    with ${FENCE},
    picked as materialized (
      select sequence, subscription from delivery
      where (subscription, status, sequence) > ($4, 'held', 0)
        and (subscription, status, sequence) <= ($4, 'held', 9223372036854775807)
        and owner = $1
      order by subscription, status, sequence limit $5
    ),
    released as (
      update delivery set status = 'pending', next_attempt_at = $6, reason = null, updated_at = $6
      from fence, picked
      where delivery.sequence = picked.sequence
        and delivery.subscription = picked.subscription and delivery.status = 'held'
      returning 1
    )
    select (select count(*) from released) as released from fence`,
};

/** Walks `delivery_by_subscription` once for each state. */
const UNFINISHED = {
  name: 'unfinished',
  text: `
    select row.* from unnest(array['pending', 'waiting', 'held']) as state (status)
    cross join lateral (
      select * from delivery
      where (subscription, status, sequence) > ($2, state.status, $3)
        and (subscription, status, sequence) <= ($2, state.status, 9223372036854775807)
        and sequence > $3 and owner = $1
      order by subscription, status, sequence limit $4
    ) as row
    order by sequence limit $4`,
};

export function unfinishedOf(
  database: Database,
  slot: number,
  wanted: { readonly subscription: number; readonly after: number; readonly limit: number },
): Promise<readonly DeliveryRow[]> {
  const { subscription, after, limit } = wanted;
  return database.query<DeliveryRow>(UNFINISHED, [slot, subscription, after, limit]);
}

export function dueAfter(
  database: Database,
  slot: number,
  wanted: { readonly after: DuePosition; readonly until: number; readonly limit: number },
): Promise<readonly DeliveryRow[]> {
  const { dueAt, sequence, subscription } = wanted.after;
  const { until, limit } = wanted;
  return database.query<DeliveryRow>(DUE, [slot, dueAt, sequence, subscription, until, limit]);
}

export async function nextDueAfter(
  database: Database,
  slot: number,
  { dueAt, sequence, subscription }: DuePosition,
): Promise<number | null> {
  const position = [dueAt, sequence, subscription];
  const [row] = await database.query<Pick<DeliveryRow, 'next_attempt_at'>>(NEXT_DUE, [
    slot,
    ...position,
  ]);
  return row?.next_attempt_at ?? null;
}

/** @returns how many were released. @throws StorageError */
export async function releaseHeld(
  database: Database,
  { slot, epoch, generation }: Fence,
  wanted: { readonly subscription: number; readonly now: number; readonly limit: number },
): Promise<number> {
  const { subscription, now, limit } = wanted;
  const values = [slot, epoch, generation, subscription, limit, now];
  const [row] = await database.write<{ released: number }>(RELEASE_HELD, values);
  if (row === undefined) throw ousted(slot);
  return row.released;
}
