/** What poll sources remember. Written between two commits of the journal, read here. */
import type { PollStateRow, PollStateStore } from '../poll-state.ts';
import type { Connection } from './connection.ts';
import { query } from './tables.ts';
import type { Writer } from './writer.ts';

const SAVE = `
  insert into poll_state (source, resource, tenant, state, updated_at)
  select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?)
  where true
  on conflict (source, resource) do update set
    state = excluded.state, updated_at = excluded.updated_at`;

export class SqlitePollStateStore implements PollStateStore {
  readonly #connection: Connection;
  readonly #writer: Writer;

  constructor(connection: Connection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
  }

  async load(source: number): Promise<readonly PollStateRow[]> {
    const select = query.selectFrom('poll_state').selectAll().where('source', '=', source);
    return this.#connection.all(select.compile()).map(({ updated_at: updatedAt, ...row }) => ({
      ...row,
      updatedAt,
    }));
  }

  async save(rows: readonly PollStateRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = rows.map((row) => [
      row.source,
      row.resource,
      row.tenant,
      row.state,
      row.updatedAt,
    ]);
    await this.#writer.write(SAVE, [JSON.stringify(values)]);
  }

  async remove(source: number): Promise<void> {
    await this.#writer.write('delete from poll_state where source = ?', [source]);
  }
}
