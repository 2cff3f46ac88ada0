/** Puts the two kinds of inbound requests, rows and events, into one list. */
import { eventId } from '../domain/ids.ts';
import type { InboundQuery, InboundView } from './inbound.ts';
import type { EventRecord, Page } from './journal.ts';

/** What of an event tells about the request that brought it. */
export type AcceptedEvent = Pick<
  EventRecord,
  'sequence' | 'tenant' | 'createdAt' | 'customId' | 'source' | 'providerEventId'
> & {
  /** Of its envelope. */
  readonly bodyBytes: number;
};

/** The request that an event came in with; undefined for one from a publisher. */
export function acceptedView(event: AcceptedEvent): InboundView | undefined {
  const { sequence, tenant, createdAt, customId, source, providerEventId, bodyBytes } = event;
  if (source === null) return undefined;
  return {
    sequence,
    tenant,
    source,
    receivedAt: createdAt,
    status: 'accepted',
    reason: null,
    detail: null,
    eventSequence: sequence,
    eventId: customId ?? eventId(createdAt, sequence),
    providerEventId,
    method: null,
    headers: null,
    body: null,
    bodyBytes,
    remoteAddress: null,
  };
}

/** Which kinds a query asks for. */
export function wantedKinds({ status }: InboundQuery) {
  return {
    accepted: status === undefined || status === 'accepted',
    recorded: status !== 'accepted',
  };
}

/**
 * One page of several, each newest first. Where one was cut short, nothing below its end is known
 * of it, so the merged page ends there too.
 */
export function mergePages(
  limit: number,
  pages: readonly Page<InboundView, number>[],
): Page<InboundView, number> {
  const floor = Math.max(...pages.map(({ next }) => next ?? 0));
  const known = pages
    .flatMap(({ items }) => items)
    .filter(({ sequence }) => sequence >= floor)
    .toSorted((a, b) => b.sequence - a.sequence);
  const items = known.slice(0, limit);
  if (known.length > limit) return { items, next: items.at(-1)?.sequence };
  return { items, next: floor === 0 ? undefined : floor };
}
