/**
 * Takes old inbound requests and keys without an event out of the database, a chunk at a time.
 * Runs in the writer thread between two commits.
 */
import type { InboundRemovalOrder } from '../retention.ts';
import type { Connection } from './connection.ts';

/** Rows that one chunk takes out, with some kilobytes each. */
const CHUNK_ROWS = 200;

export class InboundRemover {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(connection: Connection) {
    this.#statements = prepare(connection);
  }

  /** Inside a transaction that the caller opened. @returns how many rows were taken. */
  remove({ tenant, receivedBefore, keysBefore }: InboundRemovalOrder): number {
    const keys = Number(this.#statements.keys.run(keysBefore, CHUNK_ROWS).changes);
    if (receivedBefore === null || keys === CHUNK_ROWS) return keys;
    return (
      keys + (tenant === null ? this.#ofAll(receivedBefore) : this.#of(tenant, receivedBefore))
    );
  }

  #ofAll(receivedBefore: number): number {
    return this.#take(this.#statements.oldest.all(CHUNK_ROWS), receivedBefore);
  }

  #of(tenant: number, receivedBefore: number): number {
    let rows = 0;
    let source = 0;
    while (rows < CHUNK_ROWS) {
      const found = this.#statements.nextSource.get(tenant, source);
      if (found === undefined) return rows;
      source = Number(found['source']);
      const oldest = this.#statements.oldestOfSource.all(tenant, source, CHUNK_ROWS - rows);
      rows += this.#take(oldest, receivedBefore);
    }
    return rows;
  }

  /** Rows lie in order of time: the first that stays ends it. */
  #take(oldest: readonly Record<string, unknown>[], receivedBefore: number): number {
    const { take, remember } = this.#statements;
    const end = oldest.findIndex((row) => Number(row['received_at']) >= receivedBefore);
    const old = end === -1 ? oldest : oldest.slice(0, end);
    if (old.length === 0) return 0;
    const sequences = old.map((row) => Number(row['sequence']));
    for (const sequence of sequences) take.run(sequence);
    remember.run(Math.max(...sequences));
    return old.length;
  }
}

function prepare(connection: Connection) {
  return {
    oldest: connection.prepare(
      'select sequence, received_at from inbound_request order by sequence limit ?',
    ),
    nextSource: connection.prepare(`
      select source from inbound_request where tenant = ? and source > ? order by source limit 1`),
    oldestOfSource: connection.prepare(`
      select sequence, received_at from inbound_request
      where tenant = ? and source = ? order by sequence limit ?`),
    take: connection.prepare('delete from inbound_request where sequence = ?'),
    remember: connection.prepare(
      'update journal_state set highest_erased = max(highest_erased, ?) where id = 1',
    ),
    keys: connection.prepare(`
      delete from dedupe_key where (tenant, hash) in (
        select tenant, hash from dedupe_key
        where created_at is not null and created_at < ? order by created_at limit ?)`),
  };
}
