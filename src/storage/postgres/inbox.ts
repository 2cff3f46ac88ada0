/** Inboxes on PostgreSQL. */
import type { Page } from '../journal.ts';
import type {
  AppendOutcome,
  InboxAppend,
  InboxMessage,
  InboxStore,
  InboxView,
  OldMessages,
} from '../inbox.ts';
import { byteaArray, int4Array, int8Array, textArray } from './arrays.ts';
import type { Database } from './connection.ts';

interface InboxRow {
  readonly number: number;
  readonly name: string;
  readonly last_position: number;
  readonly messages: number;
  readonly bytes: number;
  readonly created_at: number;
  readonly updated_at: number;
}

interface MessageRow {
  readonly position: number;
  readonly sequence: number;
  readonly subscription: number;
  readonly attempt: number;
  readonly created_at: number;
  readonly enqueued_at: number;
  readonly ordering_key: string | null;
  readonly content_type: string | null;
  readonly bytes: number;
  readonly body: Uint8Array | null;
  readonly leased_until: number | null;
  readonly lease: string | null;
  readonly pulls: number;
}

const APPEND = {
  name: 'inbox_append',
  text: `
    select outcome from append_to_inbox(
      $1, $2, $3, $4, $5, $6::int8[], $7::int4[], $8::int4[], $9::int8[], $10::text[],
      $11::text[], $12::int8[], $13::bytea[])`,
};

const LIST = {
  name: 'inbox_list',
  text: `
    select * from inbox where (tenant, name) > ($1, $2::text) and tenant = $1
    order by tenant, name limit $3`,
};

const FIND = {
  name: 'inbox_find',
  text: 'select * from inbox where tenant = $1 and name = $2',
};

const MESSAGES = {
  name: 'inbox_messages',
  text: `
    select * from inbox_message
    where (tenant, inbox, position) > ($1, $2, $3) and tenant = $1 and inbox = $2
    order by tenant, inbox, position limit $4`,
};

const TENANTS = { name: 'inbox_tenants', text: 'select distinct on (tenant) tenant from inbox' };

/** Only the oldest are looked at: a look at all of them would cost what the inboxes hold. */
const REMOVE_OLD = {
  name: 'inbox_remove_old',
  text: `
    with oldest as (
      select tenant, inbox, position, created_at from inbox_message
      where tenant = $1 order by tenant, sequence limit $3
    ), gone as (
      delete from inbox_message m using oldest o
      where o.created_at < $2 and m.tenant = o.tenant and m.inbox = o.inbox
        and m.position = o.position
      returning m.inbox, m.bytes
    ), sums as (
      select inbox, count(*) as messages, sum(bytes)::int8 as bytes from gone group by inbox
    ), counted as (
      update inbox i set messages = i.messages - s.messages, bytes = i.bytes - s.bytes
      from sums s where i.number = s.inbox
    )
    select count(*)::int8 as removed from gone`,
};

export class PostgresInboxStore implements InboxStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async append(append: InboxAppend): Promise<readonly AppendOutcome[]> {
    const { tenant, inbox, messages, limits, now } = append;
    const rows = await this.#database.query<{ outcome: AppendOutcome }>(APPEND, [
      tenant,
      inbox,
      now,
      limits.messages,
      limits.bytes,
      int8Array(messages.map(({ sequence }) => sequence)),
      int4Array(messages.map(({ subscription }) => subscription)),
      int4Array(messages.map(({ attempt }) => attempt)),
      int8Array(messages.map(({ createdAt }) => createdAt)),
      textArray(messages.map(({ orderingKey }) => orderingKey)),
      textArray(messages.map(({ contentType }) => contentType)),
      int8Array(messages.map(({ bytes }) => bytes)),
      byteaArray(messages.map(({ body }) => body)),
    ]);
    return rows.map(({ outcome }) => outcome);
  }

  async list(
    tenant: number,
    { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Page<InboxView, string>> {
    const rows = await this.#database.query<InboxRow>(LIST, [tenant, after, limit]);
    const items = rows.map(toInbox);
    return { items, next: items.length === limit ? items.at(-1)?.name : undefined };
  }

  async find(tenant: number, name: string): Promise<InboxView | undefined> {
    const row = await this.#row(tenant, name);
    return row && toInbox(row);
  }

  async messages(
    tenant: number,
    name: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<Page<InboxMessage, number>> {
    const inbox = await this.#row(tenant, name);
    if (inbox === undefined) return { items: [], next: undefined };
    const values = [tenant, inbox.number, after, limit];
    const items = (await this.#database.query<MessageRow>(MESSAGES, values)).map(toMessage);
    return { items, next: items.length === limit ? items.at(-1)?.position : undefined };
  }

  async removeOld({ tenant, createdBefore, limit }: OldMessages): Promise<number> {
    const tenants = tenant === null ? await this.#tenants() : [tenant];
    let removed = 0;
    for (const one of tenants) {
      if (removed === limit) break;
      const values = [one, createdBefore, limit - removed];
      const [row] = await this.#database.query<{ removed: number }>(REMOVE_OLD, values);
      removed += row?.removed ?? 0;
    }
    return removed;
  }

  async #tenants(): Promise<number[]> {
    return (await this.#database.query<{ tenant: number }>(TENANTS)).map(({ tenant }) => tenant);
  }

  async #row(tenant: number, name: string): Promise<InboxRow | undefined> {
    return (await this.#database.query<InboxRow>(FIND, [tenant, name]))[0];
  }
}

function toInbox(row: InboxRow): InboxView {
  return {
    name: row.name,
    messages: row.messages,
    bytes: row.bytes,
    lastPosition: row.last_position,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toMessage(row: MessageRow): InboxMessage {
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
