/**
 * What the last holder of an adopted slot left. Every write names the epochs of our own slot and of
 * the adopted one: a node that stalled and was itself taken over moves no row.
 */
import type { Leftovers } from '../../cluster.ts';
import type { Database, Statement } from '../connection.ts';
import { slotState, unsettledOf } from '../slot-state.ts';
import { StorageError } from '../../storage.ts';
import type { HeldSlot } from './slot-table.ts';

const FENCE = `
  fence as materialized (
    select slot from node_slot
    where (slot = $1 and epoch = $2) or (slot = $3 and epoch = $4)
    order by slot for share
  ),
  holder as materialized (select count(*) = 2 as holds from fence)`;

/** Rows that were changed since they were picked belong to us already, and are left alone. */
const MOVE_WAITING: Statement = {
  name: 'move_waiting',
  text: `
    with ${FENCE},
    picked as materialized (
      select sequence, subscription from delivery
      where owner = $3 and next_attempt_at is not null
      order by next_attempt_at, sequence, subscription limit $5
    ),
    moved as (
      update delivery set owner = $1, next_attempt_at = greatest(next_attempt_at, $6)
      from holder, picked
      where holder.holds and delivery.sequence = picked.sequence
        and delivery.subscription = picked.subscription and delivery.owner = $3
      returning 1
    )
    select holds, (select count(*) from picked) as picked from holder`,
};

const MOVE_HELD: Statement = {
  name: 'move_held',
  text: `
    with ${FENCE},
    picked as materialized (
      select sequence, subscription from delivery
      where owner = $3 and status = 'held' order by sequence, subscription limit $5
    ),
    moved as (
      update delivery set owner = $1
      from holder, picked
      where holder.holds and delivery.sequence = picked.sequence
        and delivery.subscription = picked.subscription and delivery.owner = $3
      returning delivery.subscription
    )
    select holds, (select count(*) from picked) as picked,
           (select json_agg(distinct subscription) from moved) as subscriptions
    from holder`,
};

interface MoveRow {
  readonly holds: boolean;
  readonly picked: number;
  readonly subscriptions?: readonly number[] | null;
}

interface Options {
  readonly database: Database;
  readonly own: HeldSlot;
  readonly adopted: HeldSlot;
  readonly raiseLowWaterMark: (sequence: number) => void;
  readonly loaded: () => void;
  readonly done: () => Promise<void>;
}

/** @throws StorageError */
export async function openLeftovers(options: Options): Promise<Leftovers> {
  const { database, own, adopted, raiseLowWaterMark, loaded, done } = options;
  const { slot } = adopted;
  const { lowWaterMark, lastSequence } = await slotState(database, slot);
  const move = async (statement: Statement, ...values: readonly number[]): Promise<MoveRow> => {
    const fence = [own.slot, own.epoch, slot, adopted.epoch];
    const [row] = await database.query<MoveRow>(statement, [...fence, ...values]);
    if (row?.holds === true) return row;
    throw new StorageError('broken', `node slot ${own.slot} or ${slot} was taken over`);
  };
  return {
    slot,
    lowWaterMark,
    lastSequence,
    unsettled: (after, limit) => unsettledOf(database, slot, { after, upTo: lastSequence, limit }),
    moveWaiting: async (dueAt, limit) => (await move(MOVE_WAITING, limit, dueAt)).picked,
    async moveHeld(limit) {
      const { picked, subscriptions } = await move(MOVE_HELD, limit);
      return { moved: picked, subscriptions: subscriptions ?? [] };
    },
    raiseLowWaterMark,
    loaded,
    done,
  };
}
