/** Inbound requests in memory: rows of those without an event, and the events of sources. */
import { acceptedView, mergePages, wantedKinds } from '../inbound-pages.ts';
import type { InboundQuery, InboundStore, InboundView } from '../inbound.ts';
import type { EventRecord, Page } from '../journal.ts';
import { listEvents } from './lists.ts';
import type { JournalTables } from './tables.ts';

export class MemoryInboundStore implements InboundStore {
  readonly #open: () => JournalTables;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => JournalTables) {
    this.#open = open;
  }

  async list(tenant: number, query: InboundQuery): Promise<Page<InboundView, number>> {
    const tables = this.#open();
    const { accepted, recorded } = wantedKinds(query);
    return mergePages(query.limit, [
      accepted ? acceptedPage(tables, tenant, query) : NOTHING,
      recorded ? tables.inbound.page(tenant, query) : NOTHING,
    ]);
  }

  async find(tenant: number, sequence: number): Promise<InboundView | undefined> {
    const tables = this.#open();
    const record = tables.inbound.get(sequence);
    if (record?.tenant === tenant) return record;
    const event = tables.event(sequence);
    return event?.tenant === tenant ? viewOf(event) : undefined;
  }
}

const NOTHING: Page<InboundView, number> = { items: [], next: undefined };

function acceptedPage(tables: JournalTables, tenant: number, query: InboundQuery) {
  const { source, since, until, before, limit } = query;
  const wanted = { source, since, until, before, limit };
  const page = listEvents(tables, tenant, wanted, (event) => event.source !== null);
  return { ...page, items: page.items.flatMap((event) => viewOf(event) ?? []) };
}

function viewOf(event: EventRecord): InboundView | undefined {
  return acceptedView({ ...event, bodyBytes: event.body.length });
}
