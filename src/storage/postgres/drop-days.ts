/**
 * Drops the tables of days that are old as a whole and in which nothing is left to do. A day that
 * is not like that yet is passed over: its events go one by one, and then it is empty.
 */
import type { ClientBase, QueryResult } from 'pg';
import { NOTHING_REMOVED, type Removal, type RemovalOrder } from '../retention.ts';
import { DAY_MS } from '../tenant-data.ts';
import { codeOf } from './errors.ts';
import { PARTITION_LOCK } from './locks.ts';
import { existingDays, PARTITIONED, partitionName, type Partitions } from './partitions.ts';
import { countDown, type Taken } from './remove-events.ts';
import { firstSequenceAt } from './sequence-layout.ts';

/**
 * Dropping waits until nobody reads the day's tables, and whoever comes then waits behind it. Too
 * long a reader puts it off to the next pass.
 */
const LOCK_TIMEOUT_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';

const CHUNK_KEYS = 5_000;

/** Counting a day reads it from end to end; nobody waits for that. */
const NO_TIMEOUT = 'set statement_timeout = 0';

export async function dropOldDays(
  client: ClientBase,
  partitions: Partitions,
  { createdBefore, keysKeptSince = Infinity }: RemovalOrder,
): Promise<Removal> {
  const bounds: Bounds = { createdBefore, keysKeptSince };
  await client.query(NO_TIMEOUT);
  let { events, bytes } = NOTHING_REMOVED;
  for (const day of [...(await existingDays(client))].toSorted((a, b) => a - b)) {
    if ((day + 1) * DAY_MS > createdBefore) break;
    const taken = await dropDay(client, day, bounds);
    for (const one of taken ?? []) {
      events += one.events;
      bytes += one.bytes;
    }
    if (taken !== undefined) partitions.forget();
  }
  return { events, bytes, next: undefined };
}

interface Bounds {
  readonly createdBefore: number;
  readonly keysKeptSince: number;
}

/** @returns what was in it, or undefined when it stays for now. */
async function dropDay(
  client: ClientBase,
  day: number,
  { createdBefore, keysKeptSince }: Bounds,
): Promise<readonly Taken[] | undefined> {
  // Nothing comes into an old day any more, so all that takes long is done before it is locked.
  const counted = await countDay(client, day);
  const isOver = counted.every((one) => !one.is_doubtful && one.newest < createdBefore);
  if (!isOver || (await hasOpenDelivery(client, day))) return undefined;
  await remember(client, day);
  if (counted.some(({ newest }) => newest >= keysKeptSince)) {
    await keepKeys(client, day, keysKeptSince);
  }
  await removeKeys(client, day);
  try {
    await client.query('begin');
    const isDropped = await dropTables(client, day);
    if (isDropped && counted.length > 0) await countDown(client, counted);
    await client.query('commit');
    return isDropped ? counted : undefined;
  } catch (error) {
    await client.query('rollback');
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return undefined;
    throw error;
  }
}

/** Parents are locked before their days, as everybody else does it. */
async function dropTables(client: ClientBase, day: number): Promise<boolean> {
  const days = PARTITIONED.map((table) => partitionName(table, day)).join(', ');
  const parents = PARTITIONED.map((table) => `only ${table}`).join(', ');
  await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query('select pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
  await client.query(`lock table ${parents}, ${days} in access exclusive mode`);
  if (await hasOpenDelivery(client, day)) return false;
  await client.query(`drop table ${days}`);
  return true;
}

interface Counted extends Taken {
  readonly newest: number;
  /** Some of them may have deliveries that are implied pending. */
  readonly is_doubtful: boolean;
}

async function countDay(client: ClientBase, day: number): Promise<readonly Counted[]> {
  const { rows } = await client.query<Counted>(`
    select tenant, created_at / ${DAY_MS} as day, count(*) as events, max(created_at) as newest,
           sum(length(body) + coalesce(octet_length(metadata), 0))::int8 as bytes,
           bool_or(matched <> '' and sequence > low_water_mark) as is_doubtful
    from ${partitionName('event', day)} join node_slot on slot = (sequence >> 7) & 31
    group by 1, 2`);
  return rows;
}

async function hasOpenDelivery(client: ClientBase, day: number): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(`
    select exists (
      select 1 from ${partitionName('delivery', day)} where next_attempt_at is not null
    ) as found`);
  return rows[0]?.found !== false;
}

/** Sequences rise for ever, also when the newest events are dropped. */
async function remember(client: ClientBase, day: number): Promise<void> {
  await client.query(`
    update node_slot set highest_sequence = greatest(highest_sequence, dropped.highest)
    from (
      select (sequence >> 7) & 31 as slot, max(sequence) as highest
      from ${partitionName('event', day)} group by 1
    ) as dropped
    where node_slot.slot = dropped.slot`);
}

/** Keys of events of a source say what the event was, and stay. */
async function keepKeys(client: ClientBase, day: number, since: number): Promise<void> {
  let after: number | null = 0;
  while (after !== null) {
    const { rows }: QueryResult<{ last: number | null }> = await client.query(
      `with chosen as materialized (
         select sequence, created_at, event_type, custom_id from ${partitionName('event', day)}
         where source is not null and sequence > $1 order by sequence limit ${CHUNK_KEYS}
       ), kept as (
         update dedupe_key as key
         set created_at = chosen.created_at, event_type = chosen.event_type,
             custom_id = chosen.custom_id
         from chosen where key.sequence = chosen.sequence and chosen.created_at >= $2
       )
       select max(sequence) as last from chosen`,
      [after, since],
    );
    after = rows[0]?.last ?? null;
  }
}

async function removeKeys(client: ClientBase, day: number): Promise<void> {
  const bounds = [firstSequenceAt(day * DAY_MS), firstSequenceAt((day + 1) * DAY_MS)];
  for (;;) {
    const { rowCount } = await client.query(
      `delete from dedupe_key where ctid = any (array(
         select ctid from dedupe_key
         where sequence >= $1 and sequence < $2 and created_at is null limit ${CHUNK_KEYS}))`,
      bounds,
    );
    if ((rowCount ?? 0) < CHUNK_KEYS) return;
  }
}
