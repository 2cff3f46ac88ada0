/** The connections of one process to PostgreSQL: one that writes the journal, a few that read. */
import { Client, Pool, TypeOverrides, types, type ClientBase, type ClientConfig } from 'pg';
import { StorageError } from '../storage.ts';
import { storageError } from './errors.ts';

/** For lists, look-ups, the control plane and the heartbeat. The writer's comes on top. */
const MAX_READ_CONNECTIONS = 7;
/** Commits come one after the other; and no slow list can take this connection away from them. */
const WRITE_CONNECTIONS = 1;

const CONNECT_TIMEOUT_MS = 5_000;
/** Read connections that nobody has used for this long are closed. */
const IDLE_TIMEOUT_MS = 30_000;
/** No statement here looks at more than a bounded number of rows; one that hangs is ended. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** The same as seen from here, for a server that has gone silent. */
const ANSWER_TIMEOUT_MS = 20_000;
const IDLE_TRANSACTION_TIMEOUT_MS = 10_000;
/** After so long without traffic the operating system asks whether the server is still there. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * Every query here is written for an index. A plan is made once for a connection, perhaps while the
 * tables are still empty, and must be the right one when they are not; so the ways that only look
 * good on small tables are closed. The last statement keeps the promise of a durable commit where
 * the server's default is to break it.
 */
const SESSION = `
  set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off;
  set enable_bitmapscan = off;
  set enable_hashjoin = off;
  set enable_mergejoin = off;
  set enable_sort = off;
  set max_parallel_workers_per_gather = 0;
  set jit = off;
  set statement_timeout = ${STATEMENT_TIMEOUT_MS};
  set idle_in_transaction_session_timeout = ${IDLE_TRANSACTION_TIMEOUT_MS};
  select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') = 'off';
`;

/** A text; with a name it is prepared once for each connection. */
export interface Statement {
  /** Unique among all statements; at most 63 bytes. */
  readonly name?: string;
  readonly text: string;
}

/** Sequences and instants stay far below 2^53. */
const numbers = new TypeOverrides();
numbers.setTypeParser(types.builtins.INT8, Number);

interface Options {
  readonly url: string;
  /** An idle connection was lost; the next query opens another. */
  readonly onError: (error: unknown) => void;
}

export class Database {
  readonly #options: Options;
  readonly #reader: Pool;
  readonly #writer: Pool;
  #closing: Promise<void> | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#reader = this.#pool(MAX_READ_CONNECTIONS, IDLE_TIMEOUT_MS);
    this.#writer = this.#pool(WRITE_CONNECTIONS, 0);
  }

  /** On any connection; each call is a transaction of its own. @throws StorageError */
  query<Row extends object>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return this.#run(this.#reader, statement, values);
  }

  /** On the connection of the journal's writer, one after the other. @throws StorageError */
  write<Row extends object>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    return this.#run(this.#writer, statement, values);
  }

  /**
   * A connection of its own for what needs one for longer, or several statements on the same one.
   * No time limit on its answers, and it ends with the work. @throws StorageError
   */
  async session<Result>(work: (client: ClientBase) => Promise<Result>): Promise<Result> {
    this.#requireOpen();
    const client = new Client(common(this.#options));
    // The statement that runs, or the next one, fails and says so.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(SESSION);
      return await work(client);
    } catch (error) {
      throw storageError(error);
    } finally {
      await client.end();
    }
  }

  /** Waits for what runs. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#reader.end(), this.#writer.end()]).then(() => undefined);
    return this.#closing;
  }

  async #run<Row extends object>(
    pool: Pool,
    { name, text }: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    this.#requireOpen();
    try {
      const { rows } = await pool.query<Row>({ ...(name && { name }), text, values: [...values] });
      return rows;
    } catch (error) {
      throw storageError(error);
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed();
  }

  #pool(max: number, idleTimeoutMillis: number): Pool {
    const pool = new Pool({
      ...common(this.#options),
      max,
      idleTimeoutMillis,
      query_timeout: ANSWER_TIMEOUT_MS,
      onConnect: async (client) => {
        await client.query(SESSION);
      },
    });
    pool.on('error', this.#options.onError);
    return pool;
  }
}

function common({ url }: Options): ClientConfig {
  return {
    connectionString: url,
    application_name: 'bellwire',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: numbers,
  };
}

export function closed(): StorageError {
  return new StorageError('closed', 'the store is closed');
}
