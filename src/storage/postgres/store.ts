/** The store for several nodes: PostgreSQL, through `pg`. README.md explains it. */
import { DEFAULT_NODE_LEASE_MS } from '../../domain/limits.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { Storage } from '../storage.ts';
import type { ClaimedSlot } from './commit.ts';
import { Database } from './connection.ts';
import { PostgresControlStore } from './control.ts';
import { PostgresInboundStore } from './inbound.ts';
import { PostgresInboxStore } from './inbox.ts';
import { PostgresJournalStore } from './journal.ts';
import { migrate } from './migrate.ts';
import { Partitions } from './partitions.ts';
import { slotState } from './slot-state.ts';
import { PostgresNode } from './nodes/node.ts';
import { PostgresPollStateStore } from './poll-state.ts';
import { PostgresReplayStore } from './replays.ts';
import { PostgresRetention } from './retention.ts';
import { PostgresTenantData } from './tenant-data.ts';
import { TimeSequences } from './time-sequences.ts';
import { Writer } from './writer.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with the parameters that `pg` knows. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How long this process may be out of touch before other nodes take over. */
  readonly leaseMs?: number | undefined;
  /** Something failed that no caller waits for, and will be tried again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Connects, brings the schema up to date and takes a node slot.
 * @throws StorageError `busy` when the database can't be reached or has no slot left, `broken` when
 * it refuses us or a newer Bellwire was here.
 */
export async function openPostgresStorage(options: PostgresOptions): Promise<Storage> {
  const database = new Database(options);
  try {
    await database.session(migrate);
    const partitions = new Partitions({ ...options, database });
    await partitions.start();
    const leaseMs = options.leaseMs ?? DEFAULT_NODE_LEASE_MS;
    const node = await PostgresNode.join({ ...options, database, leaseMs });
    const { own } = node;
    const writer = new Writer({ database, partitions, own });
    let closing: Promise<void> | undefined;
    const close = async () => {
      partitions.stop();
      await writer.close();
      await node.leave();
      await database.close();
    };
    return {
      journal: new PostgresJournalStore({ database, writer, slot: own.slot }),
      control: new PostgresControlStore(database),
      replays: new PostgresReplayStore(database, own),
      inbound: new PostgresInboundStore(database),
      pollStates: new PostgresPollStateStore(database),
      inboxes: new PostgresInboxStore(database),
      tenantData: new PostgresTenantData(database),
      retention: new PostgresRetention({ database, partitions }),
      sequences: await sequencesOf(database, own, options.clock),
      cluster: node,
      close() {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function sequencesOf(
  database: Database,
  { slot }: ClaimedSlot,
  clock: Clock,
): Promise<TimeSequences> {
  const { lastSequence: last } = await slotState(database, slot);
  const asked = clock.now();
  const [row] = await database.query<{ now: number }>({
    text: 'select floor(extract(epoch from clock_timestamp()) * 1000)::int8 as now',
  });
  const answered = clock.now();
  const offsetMs = row === undefined ? 0 : row.now - (asked + answered) / 2;
  return new TimeSequences({ clock, offsetMs, slot, last });
}
