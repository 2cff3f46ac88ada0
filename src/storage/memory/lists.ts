/** Lists of events and deliveries, newest first, each page over a bounded number of events. */
import type {
  DeliveryPosition,
  DeliveryQuery,
  DeliveryView,
  EventQuery,
  EventRecord,
  Page,
} from '../journal.ts';
import type { JournalTables } from './tables.ts';
import { deliveryViews } from './views.ts';

/**
 * Events one page may examine before it is cut short with a cursor. Small, so that whatever is
 * tested over this store meets short pages.
 */
const MAX_SCANNED_EVENTS = 1_000;

export function listEvents(
  tables: JournalTables,
  tenant: number,
  query: EventQuery,
  isWanted: (event: EventRecord) => boolean = () => true,
): Page<EventRecord, number> {
  const items: EventRecord[] = [];
  let scanned = 0;
  for (const event of tables.eventsDownFrom((query.before ?? Number.MAX_SAFE_INTEGER) - 1)) {
    if (matches(event, tenant, query) && isWanted(event)) items.push(event);
    scanned += 1;
    if (items.length === query.limit || scanned === MAX_SCANNED_EVENTS) {
      return { items, next: event.sequence };
    }
  }
  return { items, next: undefined };
}

function matches(event: EventRecord, tenant: number, query: EventQuery): boolean {
  return (
    event.tenant === tenant &&
    (query.eventType === undefined || event.eventType === query.eventType) &&
    (query.taskId === undefined || event.taskId === query.taskId) &&
    (query.runId === undefined || event.runId === query.runId) &&
    (query.source === undefined || event.source === query.source) &&
    (query.since === undefined || event.createdAt >= query.since) &&
    (query.until === undefined || event.createdAt < query.until)
  );
}

export function listDeliveries(
  tables: JournalTables,
  tenant: number,
  query: DeliveryQuery,
): Page<DeliveryView, DeliveryPosition> {
  const { before, limit } = query;
  const items: DeliveryView[] = [];
  let scanned = 0;
  for (const event of tables.eventsDownFrom(before?.sequence ?? Number.MAX_SAFE_INTEGER)) {
    for (const view of event.tenant === tenant ? deliveryViews(tables, event).toReversed() : []) {
      if (before !== undefined && !isBelow(view, before)) continue;
      if (query.status !== undefined && view.status !== query.status) continue;
      if (query.subscription !== undefined && view.subscription !== query.subscription) continue;
      items.push(view);
      if (items.length === limit) return { items, next: position(view) };
    }
    scanned += 1;
    // Subscriptions count from 1: the position is below all deliveries of this event.
    if (scanned === MAX_SCANNED_EVENTS) {
      return { items, next: { sequence: event.sequence, subscription: 0 } };
    }
  }
  return { items, next: undefined };
}

function isBelow(view: DeliveryPosition, bound: DeliveryPosition): boolean {
  if (view.sequence !== bound.sequence) return view.sequence < bound.sequence;
  return view.subscription < bound.subscription;
}

function position({ sequence, subscription }: DeliveryPosition): DeliveryPosition {
  return { sequence, subscription };
}
