/**
 * Takes all rows of a tenant out of the database, a bounded chunk at a time. Every table that has a
 * column `tenant` is covered by having it; attempts, which have none, go with their events.
 *
 * Every connection has `secure_delete` on, so deleted rows are overwritten. When SQLite rebuilds a
 * page it may leave copies of rows in the part of it that is then unused; those go when the file is
 * written anew, which `shred` does while that is quick. Runs in the writer thread.
 */
import type { Connection } from './connection.ts';

/** Bytes of event bodies that one chunk overwrites. A commit may have to wait for it. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Attempts hold up to 64 KiB of an answer each. */
const CHUNK_ATTEMPTS = 200;

/** Files up to this size are written anew after a deletion; commits wait some 0.6 s for it. */
const MAX_REWRITTEN_BYTES = 64 * 1024 * 1024;

/** Takes up to so many rows of a tenant out of one table. */
type EraseSome = (tenant: number, limit: number) => number;

export class Eraser {
  readonly #connection: Connection;
  readonly #tables: readonly EraseSome[];

  constructor(connection: Connection) {
    this.#connection = connection;
    // Deliveries before their events, or they would name nothing; subscriptions after both.
    const others = tablesOfTenants(connection).filter(({ name }) => !FIRST.has(name));
    this.#tables = [
      eraseRows(connection, { name: 'delivery', key: 'sequence, subscription' }),
      eraseEvents(connection),
      eraseInbound(connection),
      ...others.map((table) => eraseRows(connection, table)),
    ];
  }

  /** Inside a transaction that the caller opened. @returns how many rows were taken. */
  erase(tenant: number, limit: number): number {
    let rows = 0;
    for (const eraseSome of this.#tables) {
      rows += eraseSome(tenant, limit - rows);
      if (rows >= limit) break;
    }
    return rows;
  }

  /** Outside of any transaction. */
  shred(): void {
    if (this.#fileBytes() <= MAX_REWRITTEN_BYTES) this.#connection.exec('vacuum');
    this.#emptyLog();
  }

  /** Outside of any transaction. */
  remove(tenant: number): void {
    this.#connection.prepare('delete from tenant where number = ?').run(tenant);
    this.#emptyLog();
  }

  #fileBytes(): number {
    const pages = this.#connection.prepare('pragma page_count').get();
    const page = this.#connection.prepare('pragma page_size').get();
    return Number(pages?.['page_count']) * Number(page?.['page_size']);
  }

  /** The write-ahead log still holds the pages as they were. */
  #emptyLog(): void {
    this.#connection.prepare('pragma wal_checkpoint(truncate)').get();
  }
}

interface Table {
  readonly name: string;
  /** The columns of its primary key, for SQL. */
  readonly key: string;
}

const FIRST: ReadonlySet<string> = new Set(['delivery', 'event', 'inbound_request', 'tenant']);

/** All tables whose rows name their tenant. */
export function tablesOfTenants(connection: Connection): readonly Table[] {
  const rows = connection
    .prepare(
      `select t.name, group_concat('"' || c.name || '"') as key
       from sqlite_schema t join pragma_table_info(t.name) c on c.pk > 0
       where t.type = 'table'
         and exists (select 1 from pragma_table_info(t.name) where name = 'tenant')
       group by t.name`,
    )
    .all();
  return rows.map((row) => ({ name: String(row['name']), key: String(row['key']) }));
}

function eraseRows(connection: Connection, { name, key }: Table): EraseSome {
  const erase = connection.prepare(`
    delete from "${name}" where (${key}) in (
      select ${key} from "${name}" where tenant = ? limit ?)`);
  return (tenant, limit) => Number(erase.run(tenant, limit).changes);
}

/** Their sequences are never given again. */
function eraseInbound(connection: Connection): EraseSome {
  const erase = connection.prepare(`
    delete from inbound_request where sequence in (
      select sequence from inbound_request where tenant = ? limit ?) returning sequence`);
  const remember = prepareRemember(connection);
  return (tenant, limit) => {
    const sequences = erase.all(tenant, limit).map((row) => Number(row['sequence']));
    remember.run(Math.max(0, ...sequences));
    return sequences.length;
  };
}

function prepareRemember(connection: Connection) {
  return connection.prepare(
    'update journal_state set highest_erased = max(highest_erased, ?) where id = 1',
  );
}

/** Events with their attempts, of which one event may have any number. */
function eraseEvents(connection: Connection): EraseSome {
  const select = connection.prepare(
    'select sequence, length(body) as bytes from event where tenant = ? limit ?',
  );
  const eraseAttempts = connection.prepare(`
    delete from attempt where (sequence, subscription, number) in (
      select sequence, subscription, number from attempt
      where sequence in (select value from json_each(?)) limit ?)`);
  const erase = connection.prepare(
    'delete from event where sequence in (select value from json_each(?))',
  );
  const remember = prepareRemember(connection);
  return (tenant, limit) => {
    let bytes = 0;
    const sequences: number[] = [];
    for (const row of select.all(tenant, limit)) {
      sequences.push(Number(row['sequence']));
      bytes += Number(row['bytes']);
      if (bytes >= CHUNK_BYTES) break;
    }
    const chosen = JSON.stringify(sequences);
    const most = Math.min(limit, CHUNK_ATTEMPTS);
    const attempts = Number(eraseAttempts.run(chosen, most).changes);
    // There may be more of them; their events stay until there are not.
    if (attempts === most) return attempts;
    remember.run(Math.max(0, ...sequences));
    return attempts + Number(erase.run(chosen).changes);
  };
}
