/**
 * Takes rows of a tenant out of the database, a bounded chunk at a time. Every table that has a
 * column `tenant` is covered by having it; attempts, which have none, go with their events.
 */
import type { ClientBase } from 'pg';
import { int8Array } from './arrays.ts';

/** Deliveries before their events, or they would name nothing. */
const DELIVERIES = `
  delete from delivery where (sequence, subscription) in (
    select sequence, subscription from delivery where tenant = $1 limit $2)`;

const EVENTS_OF = 'select sequence from event where tenant = $1 limit $2';

const ATTEMPTS = `
  delete from attempt where (sequence, subscription, number) in (
    select sequence, subscription, number from attempt
    where sequence = any ($1::int8[]) limit $2)`;

/** Sequences rise for ever, also when the newest events are erased. See sequence-layout.ts. */
export const REMEMBER = `
  update node_slot set highest_sequence = greatest(highest_sequence, erased.highest)
  from (
    select (sequence >> 7) & 31 as slot, max(sequence) as highest
    from unnest($1::int8[]) as chosen (sequence) group by 1
  ) as erased
  where node_slot.slot = erased.slot`;

const EVENTS = 'delete from event where sequence = any ($1::int8[])';

const OTHER_TABLES = `
  select table_name as name from information_schema.columns
  join pg_class on pg_class.oid = (quote_ident(table_name))::regclass and not relispartition
  where table_schema = current_schema() and column_name = 'tenant'
    and table_name not in ('delivery', 'event', 'inbound_request')
  order by table_name`;

/** One transaction. @returns how many rows were taken. */
export async function eraseSome(
  client: ClientBase,
  tenant: number,
  limit: number,
): Promise<number> {
  await client.query('begin');
  let rows = await changed(client, DELIVERIES, [tenant, limit]);
  if (rows < limit) rows += await eraseEvents(client, tenant, limit - rows);
  if (rows < limit) rows += await eraseInbound(client, tenant, limit - rows);
  const others = await client.query<{ name: string }>(OTHER_TABLES);
  for (const { name } of others.rows) {
    if (rows >= limit) break;
    const some = `delete from "${name}" where ctid = any (array(
      select ctid from "${name}" where tenant = $1 limit $2))`;
    rows += await changed(client, some, [tenant, limit - rows]);
  }
  await client.query('commit');
  return rows;
}

/** Events with their attempts, of which one event may have any number. */
async function eraseEvents(client: ClientBase, tenant: number, limit: number): Promise<number> {
  const found = await client.query<{ sequence: string | number }>(EVENTS_OF, [tenant, limit]);
  const chosen = int8Array(found.rows.map(({ sequence }) => Number(sequence)));
  const attempts = await changed(client, ATTEMPTS, [chosen, limit]);
  // There may be more of them; their events stay until there are not.
  if (attempts === limit) return attempts;
  await client.query(REMEMBER, [chosen]);
  return attempts + (await changed(client, EVENTS, [chosen]));
}

const INBOUND = `
  delete from inbound_request where sequence = any (array(
    select sequence from inbound_request where tenant = $1 limit $2)) returning sequence`;

async function eraseInbound(client: ClientBase, tenant: number, limit: number): Promise<number> {
  const { rows } = await client.query<{ sequence: number }>(INBOUND, [tenant, limit]);
  if (rows.length === 0) return 0;
  await client.query(REMEMBER, [int8Array(rows.map(({ sequence }) => sequence))]);
  return rows.length;
}

async function changed(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<number> {
  const { rowCount } = await client.query(text, [...values]);
  return rowCount ?? 0;
}
