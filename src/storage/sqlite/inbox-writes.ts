/** Writes the inboxes, in the writer thread. */
import type { SQLInputValue } from 'node:sqlite';
import type { AppendOutcome, InboxAppend, NewInboxMessage, OldMessages } from '../inbox.ts';
import type { Connection } from './connection.ts';

interface Counts {
  readonly number: number;
  lastPosition: number;
  messages: number;
  bytes: number;
}

export class InboxWrites {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(connection: Connection) {
    this.#statements = prepare(connection);
  }

  /** Inside a transaction that the caller opened. */
  append({ tenant, inbox, messages, limits, now }: InboxAppend): AppendOutcome[] {
    const { create, counts, find, insert, count } = this.#statements;
    create.run(tenant, inbox, now, now);
    const held = toCounts(counts.get(tenant, inbox));
    let isFull = false;
    const outcomes = messages.map((message): AppendOutcome => {
      const { sequence, subscription, bytes } = message;
      if (find.get(tenant, sequence, subscription, held.number) !== undefined) return 'known';
      // None behind it either, however small: order counts.
      isFull ||= held.messages >= limits.messages || held.bytes + bytes > limits.bytes;
      if (isFull) return 'full';
      held.lastPosition += 1;
      held.messages += 1;
      held.bytes += bytes;
      insert.run(tenant, held.number, held.lastPosition, now, ...columns(message));
      return 'stored';
    });
    count.run(held.lastPosition, held.messages, held.bytes, now, held.number);
    return outcomes;
  }

  /** Inside a transaction that the caller opened. @returns how many messages were taken. */
  removeOld({ tenant, createdBefore, limit }: OldMessages): number {
    const tenants = tenant === null ? this.#statements.tenants.all() : [{ tenant }];
    let removed = 0;
    for (const { tenant: one } of tenants) {
      if (removed === limit) break;
      removed += this.#removeOf(Number(one), createdBefore, limit - removed);
    }
    return removed;
  }

  #removeOf(tenant: number, createdBefore: number, limit: number): number {
    const { oldest, remove, countDown } = this.#statements;
    let removed = 0;
    for (const row of oldest.all(tenant, limit)) {
      // Events lie in order of time, by their sequences.
      if (Number(row['created_at']) >= createdBefore) break;
      const { inbox = null, position = null, bytes = null } = row;
      remove.run(tenant, inbox, position);
      countDown.run(bytes, inbox);
      removed += 1;
    }
    return removed;
  }
}

function columns(message: NewInboxMessage): SQLInputValue[] {
  const { sequence, subscription, attempt, createdAt, orderingKey, contentType } = message;
  return [
    sequence,
    subscription,
    attempt,
    createdAt,
    orderingKey,
    contentType,
    message.bytes,
    message.body,
  ];
}

function toCounts(row: Record<string, unknown> | undefined): Counts {
  return {
    number: Number(row?.['number']),
    lastPosition: Number(row?.['last_position']),
    messages: Number(row?.['messages']),
    bytes: Number(row?.['bytes']),
  };
}

function prepare(connection: Connection) {
  return {
    create: connection.prepare(`
      insert into inbox (tenant, name, last_position, messages, bytes, created_at, updated_at)
      values (?, ?, 0, 0, 0, ?, ?) on conflict (tenant, name) do nothing`),
    counts: connection.prepare(`
      select number, last_position, messages, bytes from inbox where tenant = ? and name = ?`),
    find: connection.prepare(`
      select 1 from inbox_message
      where tenant = ? and sequence = ? and subscription = ? and inbox = ?`),
    insert: connection.prepare(`
      insert into inbox_message (tenant, inbox, position, enqueued_at, sequence, subscription,
                                 attempt, created_at, ordering_key, content_type, bytes, body)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    count: connection.prepare(`
      update inbox set last_position = ?, messages = ?, bytes = ?, updated_at = ?
      where number = ?`),
    tenants: connection.prepare('select distinct tenant from inbox'),
    oldest: connection.prepare(`
      select inbox, position, created_at, bytes from inbox_message
      where tenant = ? order by sequence limit ?`),
    remove: connection.prepare(
      'delete from inbox_message where tenant = ? and inbox = ? and position = ?',
    ),
    countDown: connection.prepare(
      'update inbox set messages = messages - 1, bytes = bytes - ? where number = ?',
    ),
  };
}
