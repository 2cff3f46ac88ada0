/**
 * The inboxes' part of the storage port: messages that wait for an agent to pull them. An inbox
 * comes into being with its first message, and belongs to one tenant.
 *
 * A message mostly names an event and holds no bytes: what is pulled is then the event's envelope,
 * from the journal. It goes when its event is past retention, or earlier, once it is acknowledged.
 */
import type { Page } from './journal.ts';

export interface NewInboxMessage {
  /** The event it is about. */
  readonly sequence: number;
  /** The event's, milliseconds: ids derive from it, and retention goes by it. */
  readonly createdAt: number;
  readonly subscription: number;
  /** Number of the attempt that put it here. */
  readonly attempt: number;
  /** The messages of one key are to be handled in their order; null for none. */
  readonly orderingKey: string | null;
  /** Null where it is the envelope: `application/json`. */
  readonly contentType: string | null;
  /** What it counts for: the length of what is pulled. */
  readonly bytes: number;
  /** Null where it is the event's envelope as the journal has it. */
  readonly body: Uint8Array | null;
}

export interface InboxMessage extends NewInboxMessage {
  /** Rises within the inbox in the order in which messages become visible. 1-based; gaps. */
  readonly position: number;
  readonly enqueuedAt: number;
  /** Milliseconds: until then it belongs to who holds `lease`; null when nobody has it. */
  readonly leasedUntil: number | null;
  readonly lease: string | null;
  /** How often it was handed out. */
  readonly pulls: number;
}

/** What an inbox may hold; what is past it is refused until there is room. */
export interface InboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

export interface InboxAppend {
  readonly tenant: number;
  readonly inbox: string;
  /** They get their positions in this order. */
  readonly messages: readonly NewInboxMessage[];
  readonly limits: InboxLimits;
  readonly now: number;
}

/**
 * - `stored`: it is there, after an fsync.
 * - `known`: a message of this event and subscription waits there already; it stays as it is.
 * - `full`: it was not stored, and none of those behind it.
 */
export type AppendOutcome = 'stored' | 'known' | 'full';

export interface InboxView {
  readonly name: string;
  /** How many wait, leased ones included, and what they count for. */
  readonly messages: number;
  readonly bytes: number;
  /** Of the newest message that was ever put there. */
  readonly lastPosition: number;
  readonly createdAt: number;
  /** When something was last put there. */
  readonly updatedAt: number;
}

export interface OldMessages {
  /** Only of this tenant, or null for all. */
  readonly tenant: number | null;
  /** Messages of events accepted before this instant, milliseconds. */
  readonly createdBefore: number;
  readonly limit: number;
}

export interface InboxStore {
  /**
   * One transaction, durable when it resolves.
   * @returns an outcome for each message, in their order.
   * @throws StorageError when nothing was stored.
   */
  append(append: InboxAppend): Promise<readonly AppendOutcome[]>;
  /** Inboxes of a tenant by name. `next` is the last name of the page. */
  list(
    tenant: number,
    query: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Page<InboxView, string>>;
  find(tenant: number, name: string): Promise<InboxView | undefined>;
  /** What waits in an inbox behind a position, in order. `next` is the last position. */
  messages(
    tenant: number,
    name: string,
    query: { readonly after: number; readonly limit: number },
  ): Promise<Page<InboxMessage, number>>;
  /**
   * Takes out messages whose events are past their retention, oldest events first.
   * @returns how many there were; fewer than `limit` means none is left.
   */
  removeOld(old: OldMessages): Promise<number>;
}
