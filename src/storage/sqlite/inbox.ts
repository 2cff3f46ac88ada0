/** Inboxes on SQLite: read here, written by the writer thread. */
import type { Page } from '../journal.ts';
import type {
  AppendOutcome,
  InboxAppend,
  InboxMessage,
  InboxStore,
  InboxView,
  NewInboxMessage,
  OldMessages,
} from '../inbox.ts';
import type { Connection } from './connection.ts';
import { query, type InboxMessageRow, type InboxRow } from './tables.ts';
import type { Writer } from './writer.ts';

type StoredInbox = Omit<InboxRow, 'number'> & { readonly number: number };

export class SqliteInboxStore implements InboxStore {
  readonly #connection: Connection;
  readonly #writer: Writer;

  constructor(connection: Connection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
  }

  append(append: InboxAppend): Promise<readonly AppendOutcome[]> {
    return this.#writer.append({ ...append, messages: append.messages.map(portable) });
  }

  async list(
    tenant: number,
    { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Page<InboxView, string>> {
    const select = query
      .selectFrom('inbox')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('name', '>', after)
      .orderBy('name')
      .limit(limit);
    const items = this.#connection.all(select.compile()).map(toInbox);
    return { items, next: items.length === limit ? items.at(-1)?.name : undefined };
  }

  async find(tenant: number, name: string): Promise<InboxView | undefined> {
    const row = this.#row(tenant, name);
    return row && toInbox(row);
  }

  async messages(
    tenant: number,
    name: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<Page<InboxMessage, number>> {
    const inbox = this.#row(tenant, name);
    if (inbox === undefined) return { items: [], next: undefined };
    const select = query
      .selectFrom('inbox_message')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('inbox', '=', inbox.number)
      .where('position', '>', after)
      .orderBy('position')
      .limit(limit);
    const items = this.#connection.all(select.compile()).map(toMessage);
    return { items, next: items.length === limit ? items.at(-1)?.position : undefined };
  }

  removeOld(old: OldMessages): Promise<number> {
    return this.#writer.run({ chore: 'removeOldMessages', old });
  }

  #row(tenant: number, name: string): StoredInbox | undefined {
    const select = query
      .selectFrom('inbox')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('name', '=', name);
    return this.#connection.first(select.compile());
  }
}

/** A view into a larger buffer would be sent with all of that. */
function portable(message: NewInboxMessage): NewInboxMessage {
  const { body } = message;
  if (body === null || body.byteLength === body.buffer.byteLength) return message;
  return { ...message, body: new Uint8Array(body) };
}

function toInbox(row: StoredInbox): InboxView {
  return {
    name: row.name,
    messages: row.messages,
    bytes: row.bytes,
    lastPosition: row.last_position,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toMessage(row: InboxMessageRow): InboxMessage {
  return {
    position: row.position,
    sequence: row.sequence,
    createdAt: row.created_at,
    subscription: row.subscription,
    attempt: row.attempt,
    orderingKey: row.ordering_key,
    contentType: row.content_type,
    bytes: row.bytes,
    body: row.body,
    enqueuedAt: row.enqueued_at,
    leasedUntil: row.leased_until,
    lease: row.lease,
    pulls: row.pulls,
  };
}
