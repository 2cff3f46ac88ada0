/**
 * Every statement that changes who holds a slot. Each is one statement, so that a node that stalls
 * halfway holds no lock, and each names the epochs it was decided on: where one has moved on, it
 * changes nothing.
 */
import type { SlotView } from '../../../domain/node-lease.ts';
import { StorageError } from '../../storage.ts';
import type { Statement } from '../connection.ts';
import type { NodeSession } from './session.ts';

/** A slot as this node holds it. */
export interface HeldSlot {
  readonly slot: number;
  readonly epoch: number;
}

/** A slot of this node, and how far its events are decided. */
export interface MarkedSlot extends HeldSlot {
  readonly lowWaterMark: number;
}

interface BeatRow extends SlotView {
  /** Held by this node, and renewed just now. The rest of such a row is as it was before. */
  readonly renewed: boolean;
}

const VIEW = `
  slot, epoch, owner, expires_at is null or expires_at < clock_timestamp() as "isExpired",
  lease_ms as "leaseMs", has_leftovers as "hasLeftovers"`;

const LOOK: Statement = { name: 'node_slots', text: `select ${VIEW} from node_slot order by slot` };

const TAKEN = 's.slot, s.epoch, s.low_water_mark as "lowWaterMark"';

/**
 * A slot that is free and clean has no event that anybody has to look for. So whoever takes it need
 * not search the journal from where that slot was last used, months ago perhaps.
 */
const FLOOR = `
  case when s.owner is null and not s.has_leftovers
    then (select max(highest_sequence) from node_slot) else 0 end`;

/**
 * All or nothing. Locks are taken in order of slot, here and in the heartbeat, so that the two wait
 * for each other instead of holding each other up.
 */
function takeStatement(name: string, guard: string): Statement {
  return {
    name,
    text: `
      with wanted as materialized (
        select * from unnest($3::int[], $4::int8[]) as w (slot, epoch)
      ),
      locked as materialized (
        select s.slot from wanted w join node_slot s on s.slot = w.slot
        where s.epoch = w.epoch and (s.owner is null or s.expires_at < clock_timestamp())
        order by s.slot for update of s
      )
      update node_slot s
      set owner = $1, epoch = s.epoch + 1, lease_ms = $2::int4, has_leftovers = true,
          expires_at = clock_timestamp() + $2::int4 * interval '1 ms',
          low_water_mark = greatest(s.low_water_mark, ${FLOOR}),
          highest_sequence = greatest(s.highest_sequence, ${FLOOR})
      from locked
      where s.slot = locked.slot
        and (select count(*) from locked) = (select count(*) from wanted) ${guard}
      returning ${TAKEN}`,
  };
}

const CLAIM = takeStatement('claim_slots', '');

/** Only for a node that still holds its own slot, which stays locked for as long as this takes. */
const ADOPT = takeStatement(
  'adopt_slots',
  `and exists (
    select from node_slot own
    where own.slot = $5 and own.epoch = $6 and own.expires_at > clock_timestamp() for share
  )`,
);

const BEAT: Statement = {
  name: 'node_beat',
  text: `
    with held as materialized (
      select * from unnest($3::int[], $4::int8[], $5::int8[]) as h (slot, epoch, mark)
    ),
    locked as materialized (
      select s.slot, h.mark from held h join node_slot s on s.slot = h.slot
      where s.epoch = h.epoch and s.owner = $1
      order by s.slot for no key update of s
    ),
    renewed as (
      update node_slot s
      set expires_at = clock_timestamp() + $2::int4 * interval '1 ms', lease_ms = $2::int4,
          low_water_mark = greatest(s.low_water_mark, locked.mark),
          highest_sequence = greatest(s.highest_sequence, locked.mark)
      from locked where s.slot = locked.slot
      returning s.slot
    )
    select ${VIEW}, exists (select from renewed r where r.slot = n.slot) as renewed
    from node_slot n order by slot`,
};

const GIVE_BACK: Statement = {
  name: 'give_back_slots',
  text: `
    update node_slot s
    set owner = null, expires_at = null, has_leftovers = $2,
        low_water_mark = greatest(s.low_water_mark, h.mark),
        highest_sequence = greatest(s.highest_sequence, h.mark)
    from unnest($3::int[], $4::int8[], $5::int8[]) as h (slot, epoch, mark)
    where s.slot = h.slot and s.epoch = h.epoch and s.owner = $1
    returning s.slot`,
};

export class SlotTable {
  readonly #session: NodeSession;
  readonly #owner: string;
  readonly #leaseMs: number;

  /** @param owner random id of this process. */
  constructor(session: NodeSession, owner: string, leaseMs: number) {
    this.#session = session;
    this.#owner = owner;
    this.#leaseMs = leaseMs;
  }

  look(): Promise<readonly SlotView[]> {
    return this.#session.query<SlotView>(LOOK, []);
  }

  /** Takes slots at the start of a process. @returns none when one has changed hands meanwhile. */
  claim(slots: readonly SlotView[]): Promise<readonly MarkedSlot[]> {
    return this.#session.query<MarkedSlot>(CLAIM, this.#values(slots));
  }

  /** Takes slots for a node that holds one. @returns none when that or one of these has changed. */
  adopt(slots: readonly SlotView[], own: HeldSlot): Promise<readonly MarkedSlot[]> {
    return this.#session.query<MarkedSlot>(ADOPT, [...this.#values(slots), own.slot, own.epoch]);
  }

  /**
   * Renews the lease of all slots together.
   * @returns how all slots are.
   * @throws StorageError `broken` when one of them belongs to somebody else.
   */
  async beat(held: readonly MarkedSlot[]): Promise<readonly SlotView[]> {
    const rows = await this.#session.query<BeatRow>(BEAT, this.#marked(held));
    const renewed = new Set(rows.filter((row) => row.renewed).map((row) => row.slot));
    const lost = held.find(({ slot }) => !renewed.has(slot));
    if (lost === undefined) return rows;
    throw new StorageError(
      'broken',
      `node slot ${lost.slot} was taken over: this process was out of touch for too long`,
    );
  }

  /** For others to take; with leftovers they do so at once. */
  async giveBack(held: readonly MarkedSlot[], hasLeftovers: boolean): Promise<void> {
    const values = this.#marked(held);
    values[1] = hasLeftovers;
    await this.#session.query(GIVE_BACK, values);
  }

  #values(slots: readonly HeldSlot[]): unknown[] {
    const numbers = slots.map(({ slot }) => slot);
    return [this.#owner, this.#leaseMs, numbers, slots.map(({ epoch }) => epoch)];
  }

  #marked(slots: readonly MarkedSlot[]): unknown[] {
    return [...this.#values(slots), slots.map(({ lowWaterMark }) => lowWaterMark)];
  }
}
