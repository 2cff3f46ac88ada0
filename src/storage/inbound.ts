/**
 * Inbound requests: what came in at the door of a source, and what became of it. A part of the
 * storage port.
 *
 * A request that was accepted has no row: its event, which names the source, stands for it. What
 * was refused, was a repeat or a handshake has one, bounded in number for each source.
 */
import type { Page } from './page.ts';

/** Those that have a row. */
export const RECORDED_INBOUND_STATUSES = ['duplicate', 'rejected', 'handshake'] as const;
export type RecordedInboundStatus = (typeof RECORDED_INBOUND_STATUSES)[number];

export const INBOUND_STATUSES = ['accepted', ...RECORDED_INBOUND_STATUSES] as const;
export type InboundStatus = (typeof INBOUND_STATUSES)[number];

/** One call to a source that stored no event. */
export interface InboundRecord {
  /** From the same source as those of events, so that both sort by it. */
  readonly sequence: number;
  readonly tenant: number;
  /** Number of the source. */
  readonly source: number;
  readonly receivedAt: number;
  readonly status: RecordedInboundStatus;
  /** A code: `wrong_signature`, `rate_limited` … */
  readonly reason: string | null;
  /** A sentence for a person. */
  readonly detail: string | null;
  /** The event that was stored before, where this one repeats it. */
  readonly eventSequence: number | null;
  /** Its public id. */
  readonly eventId: string | null;
  readonly providerEventId: string | null;
  readonly method: string;
  /** JSON object text, names in lower case, credentials stripped; bounded. */
  readonly headers: string;
  /** The first bytes, bounded; null where nothing of it was kept. */
  readonly body: Uint8Array | null;
  /** How long it really was. */
  readonly bodyBytes: number;
  readonly remoteAddress: string | null;
}

/** One that is to be noted: the journal writer gives it its sequence. */
export type NewInbound = Omit<InboundRecord, 'sequence'>;

/** An inbound request as a reader sees it, whether it has a row or is implied by its event. */
export interface InboundView extends Omit<InboundRecord, 'status' | 'method' | 'headers'> {
  readonly status: InboundStatus;
  /** Null for those that were accepted: the event has the content. */
  readonly method: string | null;
  readonly headers: string | null;
}

export interface InboundQuery {
  /** Number of the source. */
  readonly source?: number | undefined;
  readonly status?: InboundStatus | undefined;
  /** Inclusive and exclusive bounds on receivedAt, milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only those below this sequence (exclusive): the cursor. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface InboundStore {
  /** Newest first, both kinds in one order. A page examines a bounded number of rows. */
  list(tenant: number, query: InboundQuery): Promise<Page<InboundView, number>>;
  find(tenant: number, sequence: number): Promise<InboundView | undefined>;
}
