/** What poll sources remember. */
import type { PollStateRow, PollStateStore } from '../poll-state.ts';
import { int4Array, int8Array, textArray } from './arrays.ts';
import type { Database } from './connection.ts';

const LOAD = {
  name: 'poll_state_load',
  text: `
    select tenant, source, resource, state, updated_at as "updatedAt"
    from poll_state where source = $1`,
};

const SAVE = {
  name: 'poll_state_save',
  text: `
    insert into poll_state (tenant, source, resource, state, updated_at)
    select * from unnest($1::int4[], $2::int4[], $3::text[], $4::text[], $5::int8[])
    on conflict (source, resource) do update set
      state = excluded.state, updated_at = excluded.updated_at`,
};

const REMOVE = { name: 'poll_state_remove', text: 'delete from poll_state where source = $1' };

export class PostgresPollStateStore implements PollStateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  load(source: number): Promise<readonly PollStateRow[]> {
    return this.#database.query<PollStateRow>(LOAD, [source]);
  }

  async save(rows: readonly PollStateRow[]): Promise<void> {
    if (rows.length === 0) return;
    // A statement can't write a row twice: the last one of each resource.
    const newest = [...new Map(rows.map((row) => [`${row.source}/${row.resource}`, row])).values()];
    await this.#database.query(SAVE, [
      int4Array(newest.map(({ tenant }) => tenant)),
      int4Array(newest.map(({ source }) => source)),
      textArray(newest.map(({ resource }) => resource)),
      textArray(newest.map(({ state }) => state)),
      int8Array(newest.map(({ updatedAt }) => updatedAt)),
    ]);
  }

  async remove(source: number): Promise<void> {
    await this.#database.query(REMOVE, [source]);
  }
}
