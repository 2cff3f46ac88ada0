/** Takes old inbound requests, those that are too many, and keys without an event out. */
import type { ClientBase } from 'pg';
import { MAX_RECORDED_INBOUND_PER_SOURCE } from '../../domain/limits-sources.ts';
import type { InboundRecord } from '../inbound.ts';
import type { InboundRemovalOrder } from '../retention.ts';
import { int8Array } from './arrays.ts';
import type { Database } from './connection.ts';
import { REMEMBER } from './erase.ts';

/** Rows that one chunk takes out. */
const CHUNK_ROWS = 1_000;

/** Rows that one source may get from a node before the bound is seen to. */
const TRIM_EVERY_ROWS = 500;

/** Rows lie in order of time, all of them and those of a source. */
const OLD = `
  delete from inbound_request where sequence = any (array(
    select sequence from (
      select sequence, received_at from inbound_request order by sequence limit ${CHUNK_ROWS}
    ) as oldest where received_at < $1
  )) returning sequence`;

const OLD_OF_TENANT = `
  delete from inbound_request where sequence = any (array(
    with recursive own (source) as (
      (select source from inbound_request where tenant = $2 order by source limit 1)
      union all
      select (
        select source from inbound_request
        where tenant = $2 and source > own.source order by source limit 1
      ) from own where own.source is not null
    )
    select oldest.sequence from own cross join lateral (
      select sequence, received_at from inbound_request
      where tenant = $2 and source = own.source order by sequence limit ${CHUNK_ROWS}
    ) as oldest
    where oldest.received_at < $1 limit ${CHUNK_ROWS}
  )) returning sequence`;

const KEYS = `
  delete from dedupe_key where ctid = any (array(
    select ctid from dedupe_key
    where created_at is not null and created_at < $1 order by created_at limit ${CHUNK_ROWS}))`;

/** One chunk. @returns how many rows were taken. */
export async function removeOldInbound(
  client: ClientBase,
  { tenant, receivedBefore, keysBefore }: InboundRemovalOrder,
): Promise<number> {
  const keys = (await client.query(KEYS, [keysBefore])).rowCount ?? 0;
  if (receivedBefore === null) return keys;
  await client.query('begin');
  const { rows } =
    tenant === null
      ? await client.query<{ sequence: number }>(OLD, [receivedBefore])
      : await client.query<{ sequence: number }>(OLD_OF_TENANT, [receivedBefore, tenant]);
  if (rows.length > 0) {
    await client.query(REMEMBER, [int8Array(rows.map(({ sequence }) => sequence))]);
  }
  await client.query('commit');
  return keys + rows.length;
}

const TRIM = {
  name: 'inbound_trim',
  text: `
    delete from inbound_request where tenant = $1 and source = $2 and sequence <= (
      select sequence from inbound_request where tenant = $1 and source = $2
      order by tenant desc, source desc, sequence desc
      offset ${MAX_RECORDED_INBOUND_PER_SOURCE} limit 1)`,
};

/** Keeps the number of rows of each source bounded, as far as this node adds to them. */
export class InboundTrimmer {
  readonly #database: Database;
  /** Rows that a source got since the last time, by source. */
  readonly #untrimmed = new Map<number, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws StorageError; the next time does what this one did not. */
  async stored(records: readonly InboundRecord[]): Promise<void> {
    const due = new Map<number, number>();
    for (const { tenant, source } of records) {
      // The first one since the start sees to what an earlier process left.
      const rows = (this.#untrimmed.get(source) ?? TRIM_EVERY_ROWS - 1) + 1;
      this.#untrimmed.set(source, rows % TRIM_EVERY_ROWS);
      if (rows === TRIM_EVERY_ROWS) due.set(source, tenant);
    }
    for (const [source, tenant] of due) await this.#database.query(TRIM, [tenant, source]);
  }
}
