/** Inboxes in memory. */
import type {
  AppendOutcome,
  InboxAppend,
  InboxMessage,
  InboxStore,
  InboxView,
  OldMessages,
} from '../inbox.ts';
import type { Page } from '../journal.ts';

interface Inbox {
  readonly tenant: number;
  readonly name: string;
  readonly createdAt: number;
  readonly messages: Map<number, InboxMessage>;
  updatedAt: number;
  lastPosition: number;
}

/** What outlives the store opened over it. */
export class InboxTables {
  readonly #inboxes: Inbox[] = [];

  of(tenant: number): readonly Inbox[] {
    return this.#inboxes.filter((inbox) => inbox.tenant === tenant);
  }

  all(): readonly Inbox[] {
    return this.#inboxes;
  }

  find(tenant: number, name: string): Inbox | undefined {
    return this.#inboxes.find((inbox) => inbox.tenant === tenant && inbox.name === name);
  }

  ensure(tenant: number, name: string, now: number): Inbox {
    const known = this.find(tenant, name);
    if (known !== undefined) return known;
    const inbox: Inbox = {
      tenant,
      name,
      createdAt: now,
      messages: new Map(),
      updatedAt: now,
      lastPosition: 0,
    };
    this.#inboxes.push(inbox);
    return inbox;
  }

  /** @returns how many rows were taken. */
  erase(tenant: number): number {
    const own = this.of(tenant);
    for (const inbox of own) this.#inboxes.splice(this.#inboxes.indexOf(inbox), 1);
    return own.reduce((rows, inbox) => rows + 1 + inbox.messages.size, 0);
  }
}

export class MemoryInboxStore implements InboxStore {
  readonly #open: () => InboxTables;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => InboxTables) {
    this.#open = open;
  }

  async append({ tenant, inbox, messages, limits, now }: InboxAppend) {
    const held = this.#open().ensure(tenant, inbox, now);
    held.updatedAt = now;
    let isFull = false;
    return messages.map((message): AppendOutcome => {
      for (const { sequence, subscription } of held.messages.values()) {
        if (sequence === message.sequence && subscription === message.subscription) return 'known';
      }
      isFull ||= held.messages.size >= limits.messages;
      isFull ||= bytesOf(held) + message.bytes > limits.bytes;
      if (isFull) return 'full';
      held.lastPosition += 1;
      const position = held.lastPosition;
      const waiting = { position, enqueuedAt: now, leasedUntil: null, lease: null, pulls: 0 };
      held.messages.set(position, { ...message, ...waiting });
      return 'stored';
    });
  }

  async list(
    tenant: number,
    { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Page<InboxView, string>> {
    const items = this.#open()
      .of(tenant)
      .filter(({ name }) => name > after)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit)
      .map(view);
    return { items, next: items.length === limit ? items.at(-1)?.name : undefined };
  }

  async find(tenant: number, name: string): Promise<InboxView | undefined> {
    const found = this.#open().find(tenant, name);
    return found && view(found);
  }

  async messages(
    tenant: number,
    name: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<Page<InboxMessage, number>> {
    const all = this.#open().find(tenant, name)?.messages.values() ?? [];
    const items = [...all].filter(({ position }) => position > after).slice(0, limit);
    return { items, next: items.length === limit ? items.at(-1)?.position : undefined };
  }

  async removeOld({ tenant, createdBefore, limit }: OldMessages): Promise<number> {
    const tables = this.#open();
    const inboxes = tenant === null ? tables.all() : tables.of(tenant);
    const old = inboxes
      .flatMap((inbox) => [...inbox.messages.values()].map((message) => ({ inbox, message })))
      .filter(({ message }) => message.createdAt < createdBefore)
      .toSorted((a, b) => a.message.sequence - b.message.sequence)
      .slice(0, limit);
    for (const { inbox, message } of old) inbox.messages.delete(message.position);
    return old.length;
  }
}

function bytesOf(inbox: Inbox): number {
  return [...inbox.messages.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}

function view(inbox: Inbox): InboxView {
  const { name, messages, lastPosition, createdAt, updatedAt } = inbox;
  return {
    name,
    messages: messages.size,
    bytes: bytesOf(inbox),
    lastPosition,
    createdAt,
    updatedAt,
  };
}
