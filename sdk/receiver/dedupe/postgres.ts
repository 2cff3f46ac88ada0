/** Remembers ids in a table of the caller's PostgreSQL: shared by processes and machines. */
import type { Claim, Dedupe } from '../dedupe.ts';
import { shortId } from '../short-id.ts';
import { DEFAULT_DEDUPE_TABLE, Leases, leaseTimes, tableName } from './lease.ts';
import type { LeaseOptions, LeaseTimes } from './lease.ts';

const SWEEP_EVERY_CLAIMS = 100;
const SWEEP_ROWS = 1000;
/** Two processes made the same table, type or index at once; it is there now. */
const MADE_AT_ONCE = new Set(['23505', '42P07', '42710']);

/** `Pool` of pg, or anything that answers a text with `$1` parameters with its rows. */
export interface PostgresPool {
  query(text: string, values: (string | number)[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export interface PostgresDedupeOptions extends LeaseOptions {
  /** Made at the first claim when it is not there. Default `bellwire_dedupe`. */
  readonly table?: string;
}

/** What the first claim would run, for those who make their tables in migrations. */
export function postgresDedupeTable(table: string = DEFAULT_DEDUPE_TABLE): string {
  const name = tableName(table);
  return `create table if not exists "${name}" (
  id text primary key, token text, expires_at timestamptz not null
);
create index if not exists "${name}_expiry" on "${name}" (expires_at);`;
}

/**
 * Time is the server's. Give the pool a `connectionTimeoutMillis`: the sender is told 503 then
 * while the server is away.
 * @throws TypeError for options that make no sense.
 */
export function postgresDedupe(pool: PostgresPool, options: PostgresDedupeOptions = {}): Dedupe {
  return new PostgresDedupe(pool, options);
}

class PostgresDedupe implements Dedupe {
  readonly #pool: PostgresPool;
  readonly #table: string;
  readonly #times: LeaseTimes;
  readonly #leases = new Leases();
  #ready: Promise<void> | undefined;
  #claims = 0;

  constructor(pool: PostgresPool, options: PostgresDedupeOptions) {
    this.#pool = pool;
    this.#table = tableName(options.table ?? DEFAULT_DEDUPE_TABLE);
    this.#times = leaseTimes(options);
  }

  async claim(id: string): Promise<Claim> {
    await this.#tableMade();
    await this.#sweepSometimes();
    const table = this.#table;
    const key = await shortId(id);
    const token = this.#leases.newToken();
    const claimed = await this.#pool.query(
      `insert into "${table}" (id, token, expires_at) values ($1, $2, ${fromNow('$3')})
       on conflict (id) do update set token = excluded.token, expires_at = excluded.expires_at
       where "${table}".expires_at <= clock_timestamp()
       returning 1`,
      [key, token, this.#times.leaseMs],
    );
    if (claimed.rows.length > 0) {
      this.#leases.hold(key, token);
      return 'new';
    }
    const taken = `select 1 from "${table}" where id = $1 and token is null`;
    return (await this.#pool.query(taken, [key])).rows.length > 0 ? 'duplicate' : 'pending';
  }

  async confirm(id: string): Promise<void> {
    const key = await shortId(id);
    this.#leases.end(key);
    // Whoever holds the claim by now: the event is in the queue.
    await this.#pool.query(
      `insert into "${this.#table}" (id, token, expires_at) values ($1, null, ${fromNow('$2')})
       on conflict (id) do update set token = null, expires_at = excluded.expires_at`,
      [key, this.#times.ttlMs],
    );
  }

  async release(id: string): Promise<void> {
    const key = await shortId(id);
    const token = this.#leases.end(key);
    if (token === undefined) return;
    await this.#pool.query(`delete from "${this.#table}" where id = $1 and token = $2`, [
      key,
      token,
    ]);
  }

  /** Once for this process; again after it failed. */
  #tableMade(): Promise<void> {
    this.#ready ??= this.#makeTable().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #makeTable(): Promise<void> {
    // Asked first: who may not create tables is refused even where the table is there.
    const found = await this.#pool.query('select to_regclass($1) as found', [`"${this.#table}"`]);
    const [row] = found.rows;
    if (typeof row === 'object' && row !== null && 'found' in row && row.found !== null) return;
    for (const statement of postgresDedupeTable(this.#table).split(';\n')) {
      await this.#make(statement);
    }
  }

  async #make(statement: string): Promise<void> {
    try {
      await this.#pool.query(statement, []);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (typeof code !== 'string' || !MADE_AT_ONCE.has(code)) throw error;
    }
  }

  async #sweepSometimes(): Promise<void> {
    this.#claims += 1;
    if (this.#claims % SWEEP_EVERY_CLAIMS !== 0) return;
    // What another process is just claiming or removing is left to it.
    await this.#pool.query(
      `delete from "${this.#table}" where id in (select id from "${this.#table}"
        where expires_at <= clock_timestamp() limit $1 for update skip locked)`,
      [SWEEP_ROWS],
    );
  }
}

function fromNow(parameter: string): string {
  return `clock_timestamp() + ${parameter} * interval '1 millisecond'`;
}
