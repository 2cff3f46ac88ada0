/** Remembers ids in a SQLite file of the caller: survives restarts, shared by processes. */
import type { Clock } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import type { Claim, Dedupe } from '../dedupe.ts';
import { shortId } from '../short-id.ts';
import { DEFAULT_DEDUPE_TABLE, Leases, leaseTimes, tableName } from './lease.ts';
import type { LeaseOptions, LeaseTimes } from './lease.ts';

/** Expired ids are removed by every hundredth claim, so that none is made to wait for long. */
const SWEEP_EVERY_CLAIMS = 100;
const SWEEP_ROWS = 1000;

/** `DatabaseSync` of node:sqlite, `Database` of better-sqlite3 or bun:sqlite. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  run(...values: (string | number)[]): { readonly changes: number | bigint };
  get(...values: (string | number)[]): unknown;
}

export interface SqliteDedupeOptions extends LeaseOptions {
  /** Made when it is not there. Default `bellwire_dedupe`. */
  readonly table?: string;
  readonly clock?: Clock;
}

/**
 * Calls are synchronous inside, as the client's are. Open the file with a busy timeout
 * (node:sqlite: `{ timeout: 1000 }`) when other processes write to it, else the sender is told
 * 503 while they do.
 * @throws TypeError for options that make no sense; what a database throws that is not writable.
 */
export function sqliteDedupe(database: SqliteDatabase, options: SqliteDedupeOptions = {}): Dedupe {
  return new SqliteDedupe(database, options);
}

class SqliteDedupe implements Dedupe {
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  readonly #leases = new Leases();
  readonly #claim: SqliteStatement;
  readonly #find: SqliteStatement;
  readonly #confirm: SqliteStatement;
  readonly #release: SqliteStatement;
  readonly #sweep: SqliteStatement;
  #claims = 0;

  constructor(database: SqliteDatabase, options: SqliteDedupeOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#times = leaseTimes(options);
    const table = tableName(options.table ?? DEFAULT_DEDUPE_TABLE);
    // No token means that the event is in the queue.
    database.exec(`
      create table if not exists "${table}" (
        id text primary key, token text, expires_at integer not null
      ) strict, without rowid;
      create index if not exists "${table}_expiry" on "${table}" (expires_at);`);
    this.#claim = database.prepare(`
      insert into "${table}" (id, token, expires_at) values (?, ?, ?)
      on conflict (id) do update set token = excluded.token, expires_at = excluded.expires_at
      where "${table}".expires_at <= ?`);
    this.#find = database.prepare(`select 1 from "${table}" where id = ? and token is null`);
    this.#confirm = database.prepare(`
      insert into "${table}" (id, token, expires_at) values (?, null, ?)
      on conflict (id) do update set token = null, expires_at = excluded.expires_at`);
    this.#release = database.prepare(`delete from "${table}" where id = ? and token = ?`);
    this.#sweep = database.prepare(`delete from "${table}" where id in
      (select id from "${table}" where expires_at <= ? limit ${SWEEP_ROWS})`);
  }

  async claim(id: string): Promise<Claim> {
    const key = await shortId(id);
    const now = this.#clock.now();
    this.#sweepSometimes(now);
    const token = this.#leases.newToken();
    const { changes } = this.#claim.run(key, token, now + this.#times.leaseMs, now);
    if (Number(changes) > 0) {
      this.#leases.hold(key, token);
      return 'new';
    }
    const taken = this.#find.get(key);
    // node:sqlite answers undefined, bun:sqlite null.
    return taken === undefined || taken === null ? 'pending' : 'duplicate';
  }

  async confirm(id: string): Promise<void> {
    const key = await shortId(id);
    this.#leases.end(key);
    // Whoever holds the claim by now: the event is in the queue.
    this.#confirm.run(key, this.#clock.now() + this.#times.ttlMs);
  }

  async release(id: string): Promise<void> {
    const key = await shortId(id);
    const token = this.#leases.end(key);
    if (token !== undefined) this.#release.run(key, token);
  }

  #sweepSometimes(now: number): void {
    this.#claims += 1;
    if (this.#claims % SWEEP_EVERY_CLAIMS === 0) this.#sweep.run(now);
  }
}
