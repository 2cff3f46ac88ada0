/** What is known of the events born on one slot: where a new holder has to look for leftovers. */
import type { JournalState, UnsettledDelivery } from '../journal.ts';
import type { Database } from './connection.ts';
import { matchedNumbers } from '../sql/rows.ts';
import type { EventRow } from '../sql/tables.ts';
import { key } from './views.ts';

/** `(sequence >> 7) & 31` is the slot: see `sequence-layout.ts`. */
const STATE = {
  name: 'slot_state',
  text: `
    select low_water_mark,
           greatest(highest_sequence, (
             select sequence from event
             where sequence > highest_sequence and (sequence >> 7) & 31 = slot
             order by sequence desc limit 1
           ), (
             select sequence from inbound_request
             where sequence > highest_sequence and (sequence >> 7) & 31 = slot
             order by sequence desc limit 1
           )) as last_sequence
    from node_slot where slot = $1`,
};

const MATCHED = {
  name: 'matched_between',
  text: `
    select sequence, tenant, matched, created_at, ordering_key from event
    where sequence > $1 and sequence <= $2 and (sequence >> 7) & 31 = $3
    order by sequence limit $4`,
};

const SETTLED = {
  name: 'settled_between',
  text: `
    select sequence, subscription from attempt
    where sequence > $1 and sequence <= $2 and (sequence >> 7) & 31 = $3
    union all
    select sequence, subscription from delivery
    where sequence > $1 and sequence <= $2 and (sequence >> 7) & 31 = $3`,
};

/** Exact once nobody else can write in the name of the slot. */
export async function slotState(database: Database, slot: number): Promise<JournalState> {
  const [row] = await database.query<{ low_water_mark: number; last_sequence: number }>(STATE, [
    slot,
  ]);
  if (row === undefined) throw new RangeError(`there is no slot ${slot}`);
  return { lastSequence: row.last_sequence, lowWaterMark: row.low_water_mark };
}

/** As `JournalStore.unsettled`, of the events born on one slot. */
export async function unsettledOf(
  database: Database,
  slot: number,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<{ readonly pending: readonly UnsettledDelivery[]; readonly scannedTo: number }> {
  const { after, upTo, limit } = range;
  const events = await database.query<Omit<EventRow, 'body'>>(MATCHED, [after, upTo, slot, limit]);
  const scannedTo = events.length < limit ? upTo : (events.at(-1)?.sequence ?? upTo);
  const rows = await database.query<{ sequence: number; subscription: number }>(SETTLED, [
    after,
    scannedTo,
    slot,
  ]);
  const settled = new Set(rows.map(({ sequence, subscription }) => key(sequence, subscription)));
  const pending: UnsettledDelivery[] = [];
  for (const { sequence, tenant, matched, created_at: createdAt, ordering_key } of events) {
    for (const subscription of matchedNumbers(matched)) {
      if (settled.has(key(sequence, subscription))) continue;
      pending.push({ sequence, subscription, tenant, createdAt, orderingKey: ordering_key });
    }
  }
  return { pending, scannedTo };
}
