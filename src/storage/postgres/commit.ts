/** One batch, one statement, one round trip: all of it becomes visible and durable at once. */
import { StorageError } from '../storage.ts';
import { partsOf, sourceOf, type Accepted, type PartName, type Source } from './batch-values.ts';
import type { Database, Statement } from './connection.ts';

/** A node slot as this process took it over; see `node_slot` in README.md. */
export interface ClaimedSlot {
  readonly slot: number;
  readonly epoch: number;
}

/** In whose name the journal is written. */
export interface Fence extends ClaimedSlot {
  readonly generation: number;
}

/**
 * No row when somebody else has claimed the slot: then nothing that depends on it happens. The lock
 * makes a claim wait for the commits under way, and those after it meet the new epoch.
 */
export const FENCE = `
  fence as materialized (
    select slot from node_slot where slot = $1 and epoch = $2 and generation = $3 for share
  )`;

const WRITES: Readonly<Record<PartName, (from: Source) => string>> = {
  claim: (from) => `
    new_keys as (
      insert into dedupe_key (${from.columns})
      select row.* from fence, ${from.rows} as row
    )`,
  event: (from) => `
    new_events as (
      insert into event (${from.columns})
      select row.* from fence, ${from.rows} as row
    )`,
  usage: (from) => `
    counted_usage as (
      insert into tenant_usage (slot, ${from.columns})
      select $1, row.* from fence, ${from.rows} as row
      on conflict (tenant, day, slot) do update set
        events = tenant_usage.events + excluded.events,
        bytes = tenant_usage.bytes + excluded.bytes
    )`,
  // A settle whose commit result was lost is sent again: the same twice is one attempt.
  attempt: (from) => `
    new_attempts as (
      insert into attempt (${from.columns})
      select row.* from fence, ${from.rows} as row
      on conflict do nothing
    )`,
  // Who writes a row looks after it from then on.
  delivery: (from) => `
    changed_deliveries as (
      insert into delivery (owner, ${from.columns})
      select $1, row.* from fence, ${from.rows} as row
      on conflict (sequence, subscription) do update set
        owner = excluded.owner,
        status = excluded.status,
        attempts = excluded.attempts,
        attempts_before = excluded.attempts_before,
        replay = excluded.replay,
        next_attempt_at = excluded.next_attempt_at,
        reason = excluded.reason,
        updated_at = excluded.updated_at
    )`,
  inbound: (from) => `
    new_inbound as (
      insert into inbound_request (${from.columns})
      select row.* from fence, ${from.rows} as row
      on conflict do nothing
    )`,
};

/** @param first number of the parameter with the mark; the highest sequence comes after it. */
const raiseMark = (first: number): string => `
    raised_mark as (
      update node_slot
      set low_water_mark = greatest(low_water_mark, $${first}),
          highest_sequence = greatest(highest_sequence, $${first + 1})
      from fence where node_slot.slot = fence.slot
    )`;

const FENCE_PARAMETERS = 3;

const statements = new Map<string, Statement>();

/**
 * Writes only the parts that there are: the server sets up what a statement names, used or not, and
 * a third of a small commit went into that. A dozen of the possible statements are in use.
 */
function commitStatement(parts: readonly PartName[], withMark: boolean): Statement {
  const name = ['commit', ...parts, ...(withMark ? ['mark'] : [])].join('_');
  let statement = statements.get(name);
  if (statement === undefined) {
    statement = { name, text: commitText(parts, withMark) };
    statements.set(name, statement);
  }
  return statement;
}

function commitText(parts: readonly PartName[], withMark: boolean): string {
  let next = FENCE_PARAMETERS + 1;
  const writes = parts.map((part) => {
    const from = sourceOf(part, next);
    next += from.parameters;
    return WRITES[part](from);
  });
  if (withMark) writes.push(raiseMark(next));
  return `with ${[FENCE, ...writes].join(',')} select slot from fence`;
}

/** @throws StorageError `broken` when the slot belongs to somebody else now. */
export async function commitAccepted(
  database: Database,
  { slot, epoch, generation }: Fence,
  accepted: Accepted,
): Promise<void> {
  const { events, lowWaterMark } = accepted;
  const parts = partsOf(accepted);
  const names = parts.map(({ name }) => name);
  const values: unknown[] = [slot, epoch, generation, ...parts.flatMap((part) => part.values)];
  if (lowWaterMark !== null) {
    const highest = events.reduce((most, event) => Math.max(most, event.sequence), 0);
    values.push(lowWaterMark, highest);
  }
  const [held] = await database.write(commitStatement(names, lowWaterMark !== null), values);
  if (held === undefined) throw ousted(slot);
}

/**
 * Shuts out writes of this process whose answers got lost: it waits for one that runs, and those
 * that the server has not begun will change nothing. @returns the generation to write with.
 */
export async function raiseGeneration(
  database: Database,
  { slot, epoch }: ClaimedSlot,
): Promise<number> {
  const [row] = await database.write<{ generation: number }>(
    {
      name: 'raise_generation',
      text: `
        update node_slot set generation = generation + 1
        where slot = $1 and epoch = $2 returning generation`,
    },
    [slot, epoch],
  );
  if (row === undefined) throw ousted(slot);
  return row.generation;
}

export function ousted(slot: number): StorageError {
  return new StorageError('broken', `another process has taken over node slot ${slot}`);
}
