/** Rows of inbound requests on their way in; each source's are bounded in number. */
import type { SQLInputValue } from 'node:sqlite';
import { MAX_RECORDED_INBOUND_PER_SOURCE } from '../../domain/limits-sources.ts';
import {
  INBOUND_SOURCE,
  INBOUND_TENANT,
  INBOUND_VALUES,
  NO_BODY,
  type Unpacker,
  type Value,
} from './batch-message.ts';
import type { Connection } from './connection.ts';

/** Rows that one source may get before the bound is seen to. The bound is exceeded by as many. */
const TRIM_EVERY_ROWS = 500;

export interface InboundWrites {
  readonly insert: (values: readonly SQLInputValue[]) => void;
  readonly trim: (tenant: number, source: number) => void;
  /** Rows that a source got since the last time, by source. */
  readonly untrimmed: Map<number, number>;
}

export function prepareInboundWrites(connection: Connection): InboundWrites {
  // What is sent again because the answer of a commit was lost is one request.
  const insert = connection.prepare(`
    insert into inbound_request (sequence, tenant, source, received_at, status, reason, detail,
                                 event_sequence, event_id, provider_event_id, method, headers,
                                 body_bytes, remote_address, body)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do nothing`);
  // The oldest beyond the bound.
  const trim = connection.prepare(`
    delete from inbound_request where tenant = ?1 and source = ?2 and sequence <= (
      select sequence from inbound_request where tenant = ?1 and source = ?2
      order by sequence desc limit 1 offset ${MAX_RECORDED_INBOUND_PER_SOURCE})`);
  return {
    insert: (values) => insert.run(...values),
    trim: (tenant, source) => trim.run(tenant, source),
    untrimmed: new Map(),
  };
}

export function storeInbound(
  values: readonly Value[],
  { insert, trim, untrimmed }: InboundWrites,
  unpacker: Unpacker,
): void {
  for (let at = 0; at < values.length; at += INBOUND_VALUES) {
    const end = Number(values[at + INBOUND_VALUES - 1]);
    const body = end === NO_BODY ? null : unpacker.next(end);
    insert([...values.slice(at, at + INBOUND_VALUES - 1), body]);
    const source = Number(values[at + INBOUND_SOURCE]);
    // The first one since the start sees to what an earlier process left.
    const rows = (untrimmed.get(source) ?? TRIM_EVERY_ROWS - 1) + 1;
    untrimmed.set(source, rows % TRIM_EVERY_ROWS);
    if (rows === TRIM_EVERY_ROWS) trim(Number(values[at + INBOUND_TENANT]), source);
  }
}
