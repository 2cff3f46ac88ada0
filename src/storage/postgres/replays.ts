/** Replays on PostgreSQL: their rows, and what they read of the journal. */
import type { DeliveryPosition, DeliveryRecord, Page } from '../journal.ts';
import type {
  CandidateScan,
  DeliveryStanding,
  ReplayCounts,
  ReplayProgress,
  ReplayRecord,
  ReplayStatus,
  ReplayStore,
} from '../replays.ts';
import { allEvents, eventsWithDeliveries, rangeAround, standings } from './candidates.ts';
import type { Database } from './connection.ts';
import { toDelivery } from '../sql/rows.ts';
import type { ClaimedSlot } from './commit.ts';
import type { DeliveryRow } from '../sql/tables.ts';

interface ReplayRow extends ReplayCounts {
  readonly number: number;
  readonly tenant: number;
  readonly status: ReplayStatus;
  readonly dry_run: boolean;
  readonly request: string;
  readonly after_sequence: number;
  readonly up_to: number;
  readonly cursor: number;
  readonly total: number | null;
  readonly reason: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

const INSERT = {
  name: 'replay_insert',
  text: `
    insert into replay (tenant, status, dry_run, request, after_sequence, up_to, cursor, total,
                        taken, skipped, delivered, failed, cancelled, reason, created_at,
                        updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    returning number`,
};

const FIND = {
  name: 'replay_find',
  text: 'select * from replay where tenant = $1 and number = $2',
};

const LIST = {
  name: 'replay_list',
  text: `
    select * from replay where tenant = $1 and number < $2
    order by tenant desc, number desc limit $3`,
};

const UNFINISHED = {
  name: 'replay_unfinished',
  text: `
    select * from replay where not dry_run and status in ('planned', 'running') order by number`,
};

const HOLD = {
  name: 'replay_hold',
  text: `
    update replay set holder_slot = $2, holder_epoch = $3
    where number = $1 and (
      (holder_slot = $2 and holder_epoch = $3) or not exists (
        select from node_slot
        where slot = holder_slot and epoch = holder_epoch
          and owner is not null and expires_at > clock_timestamp()))
    returning number`,
};

const PROGRESS = {
  name: 'replay_progress',
  text: `
    update replay
    set status = $2, cursor = $3, total = $4, taken = $5, skipped = $6, delivered = $7,
        failed = $8, cancelled = $9, updated_at = $10
    where number = $1 returning reason`,
};

const END = {
  name: 'replay_end',
  text: `
    update replay set reason = $2, updated_at = $3
    where number = $1 and reason is null and not dry_run and status in ('planned', 'running')`,
};

const DELIVERIES = {
  name: 'replay_deliveries',
  text: `
    select * from delivery
    where (replay, sequence, subscription) > ($1, $2, $3) and replay = $1
    order by replay, sequence, subscription limit $4`,
};

/** Above every number of a replay. */
const END_OF_LIST = 2 ** 31 - 1;

export class PostgresReplayStore implements ReplayStore {
  readonly #database: Database;
  readonly #own: ClaimedSlot;

  /** @param own what this process is known by while it lives. */
  constructor(database: Database, own: ClaimedSlot) {
    this.#database = database;
    this.#own = own;
  }

  async insert(record: Omit<ReplayRecord, 'number'>): Promise<ReplayRecord> {
    const { tenant, status, dryRun, request, after, upTo, cursor, total, counts } = record;
    const job = [tenant, status, dryRun, request, after, upTo, cursor, total];
    const rest = [record.reason, record.createdAt, record.updatedAt];
    const values = [...job, ...countValues(counts), ...rest];
    const [row] = await this.#database.query<{ number: number }>(INSERT, values);
    if (row === undefined) throw new Error('the new replay got no number');
    return { ...record, number: row.number };
  }

  async find(tenant: number, number: number): Promise<ReplayRecord | undefined> {
    if (number > END_OF_LIST) return undefined;
    const [row] = await this.#database.query<ReplayRow>(FIND, [tenant, number]);
    return row && toReplay(row);
  }

  async list(
    tenant: number,
    { before = END_OF_LIST, limit }: { readonly before?: number; readonly limit: number },
  ): Promise<Page<ReplayRecord, number>> {
    const rows = await this.#database.query<ReplayRow>(LIST, [tenant, before, limit]);
    const items = rows.map(toReplay);
    return { items, next: items.length === limit ? items.at(-1)?.number : undefined };
  }

  async unfinished(): Promise<readonly ReplayRecord[]> {
    return (await this.#database.query<ReplayRow>(UNFINISHED)).map(toReplay);
  }

  async hold(number: number): Promise<boolean> {
    const { slot, epoch } = this.#own;
    const held = await this.#database.query(HOLD, [number, slot, epoch]);
    return held.length > 0;
  }

  async progress(number: number, progress: ReplayProgress): Promise<string | null> {
    const { status, cursor, total, counts, updatedAt } = progress;
    const values = [number, status, cursor, total, ...countValues(counts), updatedAt];
    const [row] = await this.#database.query<Pick<ReplayRow, 'reason'>>(PROGRESS, values);
    return row?.reason ?? null;
  }

  async end(number: number, reason: string, now: number): Promise<void> {
    await this.#database.query(END, [number, reason, now]);
  }

  range(since: number, until: number): Promise<{ after: number; upTo: number }> {
    return rangeAround(this.#database, since, until);
  }

  candidates(tenant: number, scan: CandidateScan) {
    return scan.deliveries === null
      ? allEvents(this.#database, tenant, scan)
      : eventsWithDeliveries(this.#database, tenant, scan, scan.deliveries);
  }

  standings(
    positions: readonly DeliveryPosition[],
  ): Promise<readonly (DeliveryStanding | undefined)[]> {
    return standings(this.#database, positions);
  }

  async deliveries(
    replay: number,
    { sequence, subscription }: DeliveryPosition,
    limit: number,
  ): Promise<readonly DeliveryRecord[]> {
    const values = [replay, sequence, subscription, limit];
    return (await this.#database.query<DeliveryRow>(DELIVERIES, values)).map(toDelivery);
  }
}

function countValues(counts: ReplayCounts): number[] {
  const { taken, skipped, delivered, failed, cancelled } = counts;
  return [taken, skipped, delivered, failed, cancelled];
}

function toReplay(row: ReplayRow): ReplayRecord {
  const { taken, skipped, delivered, failed, cancelled } = row;
  return {
    number: row.number,
    tenant: row.tenant,
    status: row.status,
    dryRun: row.dry_run,
    request: row.request,
    after: row.after_sequence,
    upTo: row.up_to,
    cursor: row.cursor,
    total: row.total,
    counts: { taken, skipped, delivered, failed, cancelled },
    reason: row.reason,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
