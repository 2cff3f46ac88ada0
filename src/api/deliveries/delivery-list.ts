/** `GET /v1/deliveries`: which deliveries a reader asked for, and one page of them. */
import { z } from 'zod';
import { DELIVERY_STATES, type DeliveryState } from '../../domain/delivery-state.ts';
import { parseRecordId } from '../../domain/ids.ts';
import type { DeliveryPosition, DeliveryView, Page } from '../../storage/journal.ts';
import { cursorQuery } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { findEvent } from '../events/event-finder.ts';
import { strict } from '../validation.ts';
import { currentStatus } from './delivery-json.ts';

export const deliveryListQuery = strict({
  status: z.enum(DELIVERY_STATES).optional(),
  subscription_id: z.string().optional().describe('Also of a subscription that was deleted.'),
  event_id: z.string().optional(),
  ...cursorQuery,
});

type Query = z.output<typeof deliveryListQuery>;
type Sources = Pick<ApiDependencies, 'journal' | 'registry' | 'deliveries'>;

export interface DeliveryPage {
  readonly items: readonly DeliveryView[];
  readonly nextCursor: string | null;
}

const POSITION = z.strictObject({ sequence: z.int(), subscription: z.int() });

const EMPTY: Page<DeliveryView, DeliveryPosition> = { items: [], next: undefined };

export async function deliveryPage(
  sources: Sources,
  tenant: number,
  query: Query,
): Promise<DeliveryPage> {
  const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, POSITION);
  const subscription = subscriptionNumber(sources, query.subscription_id);
  const page =
    subscription === 'unknown'
      ? EMPTY
      : await readPage(sources, tenant, { ...query, before, subscription });
  const wanted = query.status;
  const items = page.items.filter(
    (item) => wanted === undefined || currentStatus(item, sources.deliveries) === wanted,
  );
  return { items, nextCursor: page.next === undefined ? null : cursorOf(page.next) };
}

function cursorOf({ sequence, subscription }: DeliveryPosition): string {
  return encodeCursor({ sequence, subscription });
}

interface PageQuery {
  readonly event_id?: string | undefined;
  readonly status?: DeliveryState | undefined;
  readonly subscription: number | undefined;
  readonly before: DeliveryPosition | undefined;
  readonly limit: number;
}

async function readPage(
  { journal }: Sources,
  tenant: number,
  query: PageQuery,
): Promise<Page<DeliveryView, DeliveryPosition>> {
  const { subscription, before, limit, status, event_id: eventId } = query;
  if (eventId === undefined) {
    // Whether it is being sent only memory knows, so the store can't choose by it.
    const stored = status === 'sending' ? undefined : status;
    return journal.listDeliveries(tenant, { status: stored, subscription, before, limit });
  }
  const event = await findEvent(journal, tenant, eventId);
  if (event === undefined) return EMPTY;
  const all = await journal.deliveriesOf(tenant, event.sequence);
  const wanted = all
    .filter((item) => subscription === undefined || item.subscription === subscription)
    .filter((item) => before === undefined || item.subscription < before.subscription)
    .toReversed();
  const items = wanted.slice(0, limit);
  return { items, next: wanted.length > items.length ? items.at(-1) : undefined };
}

/** `unknown` where no delivery can match; those of other tenants are kept out by the journal. */
function subscriptionNumber(
  { registry }: Sources,
  id: string | undefined,
): number | undefined | 'unknown' {
  if (id === undefined) return undefined;
  const number = parseRecordId('sub', id)?.number;
  return number !== undefined && registry.idOf(number) === id ? number : 'unknown';
}
