/** Replays on SQLite. Their writes go to the writer thread: a job reports while it runs. */
import type { DeliveryPosition, DeliveryRecord, Page } from '../journal.ts';
import type {
  CandidateScan,
  DeliveryStanding,
  ReplayCounts,
  ReplayProgress,
  ReplayRecord,
  ReplayStore,
} from '../replays.ts';
import { allEvents, eventsWithDeliveries, rangeAround, standings } from './candidates.ts';
import type { Connection } from './connection.ts';
import { toDelivery } from '../sql/rows.ts';
import { query, type ReplayRow } from './tables.ts';
import type { Writer } from './writer.ts';

type StoredReplay = Omit<ReplayRow, 'number'> & { readonly number: number };

const INSERT = `
  insert into replay (tenant, status, dry_run, request, after_sequence, up_to, cursor, total,
                      taken, skipped, delivered, failed, cancelled, reason, created_at, updated_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning number`;

const PROGRESS = `
  update replay
  set status = ?, cursor = ?, total = ?, taken = ?, skipped = ?, delivered = ?, failed = ?,
      cancelled = ?, updated_at = ?
  where number = ? returning reason`;

const END = `
  update replay set reason = ?, updated_at = ?
  where number = ? and reason is null and dry_run = 0 and status in ('planned', 'running')`;

export class SqliteReplayStore implements ReplayStore {
  readonly #connection: Connection;
  readonly #writer: Writer;

  constructor(connection: Connection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
  }

  async insert(record: Omit<ReplayRecord, 'number'>): Promise<ReplayRecord> {
    const { tenant, status, dryRun, request, after, upTo, cursor, total, counts } = record;
    const job = [tenant, status, dryRun ? 1 : 0, request, after, upTo, cursor, total];
    const rest = [record.reason, record.createdAt, record.updatedAt];
    const row = await this.#writer.write(INSERT, [...job, ...countValues(counts), ...rest]);
    return { ...record, number: Number(row?.['number']) };
  }

  async find(tenant: number, number: number): Promise<ReplayRecord | undefined> {
    const select = query
      .selectFrom('replay')
      .selectAll()
      .where('number', '=', number)
      .where('tenant', '=', tenant);
    const row = this.#connection.first(select.compile());
    return row && toReplay(row);
  }

  async list(
    tenant: number,
    {
      before = Number.MAX_SAFE_INTEGER,
      limit,
    }: { readonly before?: number; readonly limit: number },
  ): Promise<Page<ReplayRecord, number>> {
    const select = query
      .selectFrom('replay')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('number', '<', before)
      .orderBy('number', 'desc')
      .limit(limit);
    const items = this.#connection.all(select.compile()).map(toReplay);
    return { items, next: items.length === limit ? items.at(-1)?.number : undefined };
  }

  async unfinished(): Promise<readonly ReplayRecord[]> {
    const select = query
      .selectFrom('replay')
      .selectAll()
      .where('dry_run', '=', 0)
      .where('status', 'in', ['planned', 'running'])
      .orderBy('number');
    return this.#connection.all(select.compile()).map(toReplay);
  }

  /** One process has the file. */
  async hold(): Promise<boolean> {
    this.#connection.requireOpen();
    return true;
  }

  async progress(number: number, progress: ReplayProgress): Promise<string | null> {
    const { status, cursor, total, counts, updatedAt } = progress;
    const values = [status, cursor, total, ...countValues(counts), updatedAt, number];
    const row = await this.#writer.write(PROGRESS, values);
    return (row?.['reason'] ?? null) as string | null;
  }

  async end(number: number, reason: string, now: number): Promise<void> {
    await this.#writer.write(END, [reason, now, number]);
  }

  async range(since: number, until: number): Promise<{ after: number; upTo: number }> {
    return rangeAround(this.#connection, since, until);
  }

  async candidates(tenant: number, scan: CandidateScan) {
    return scan.deliveries === null
      ? allEvents(this.#connection, tenant, scan)
      : eventsWithDeliveries(this.#connection, tenant, scan, scan.deliveries);
  }

  async standings(
    positions: readonly DeliveryPosition[],
  ): Promise<readonly (DeliveryStanding | undefined)[]> {
    return standings(this.#connection, positions);
  }

  async deliveries(
    replay: number,
    after: DeliveryPosition,
    limit: number,
  ): Promise<readonly DeliveryRecord[]> {
    const select = query
      .selectFrom('delivery')
      .selectAll()
      .where('replay', '=', replay)
      .where((where) =>
        where(
          where.refTuple('sequence', 'subscription'),
          '>',
          where.tuple(after.sequence, after.subscription),
        ),
      )
      .orderBy('sequence')
      .orderBy('subscription')
      .limit(limit);
    return this.#connection.all(select.compile()).map(toDelivery);
  }
}

function countValues(counts: ReplayCounts): number[] {
  const { taken, skipped, delivered, failed, cancelled } = counts;
  return [taken, skipped, delivered, failed, cancelled];
}

function toReplay(row: StoredReplay): ReplayRecord {
  const { taken, skipped, delivered, failed, cancelled } = row;
  return {
    number: row.number,
    tenant: row.tenant,
    status: row.status,
    dryRun: row.dry_run === 1,
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
