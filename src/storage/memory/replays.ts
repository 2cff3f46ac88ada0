/** Replays in memory, and what they read of the journal. */
import { isFinal } from '../../domain/delivery-state.ts';
import type { DeliveryPosition, DeliveryRecord, EventRecord, Page } from '../journal.ts';
import type {
  Candidate,
  CandidateScan,
  DeliveryStanding,
  ReplayProgress,
  ReplayRecord,
  ReplayStore,
} from '../replays.ts';
import type { JournalTables, MemoryData } from './tables.ts';
import { deliveryViews } from './views.ts';

export class MemoryReplayStore implements ReplayStore {
  readonly #open: () => MemoryData;

  /** @param open gives the tables, or throws once the store is closed. */
  constructor(open: () => MemoryData) {
    this.#open = open;
  }

  async insert(record: Omit<ReplayRecord, 'number'>): Promise<ReplayRecord> {
    const data = this.#open();
    data.lastReplayNumber += 1;
    const stored = { ...record, number: data.lastReplayNumber };
    data.replays.set(stored.number, stored);
    return stored;
  }

  async find(tenant: number, number: number): Promise<ReplayRecord | undefined> {
    const found = this.#open().replays.get(number);
    return found?.tenant === tenant ? found : undefined;
  }

  async list(
    tenant: number,
    {
      before = Number.MAX_SAFE_INTEGER,
      limit,
    }: { readonly before?: number; readonly limit: number },
  ): Promise<Page<ReplayRecord, number>> {
    const items = [...this.#open().replays.values()]
      .filter((record) => record.tenant === tenant && record.number < before)
      .toReversed()
      .slice(0, limit);
    return { items, next: items.length === limit ? items.at(-1)?.number : undefined };
  }

  async unfinished(): Promise<readonly ReplayRecord[]> {
    return [...this.#open().replays.values()].filter(isUnfinished);
  }

  async hold(): Promise<boolean> {
    this.#open();
    return true;
  }

  async progress(number: number, progress: ReplayProgress): Promise<string | null> {
    const { replays } = this.#open();
    const known = replays.get(number);
    if (known === undefined) return null;
    const { status, cursor, total, counts, updatedAt } = progress;
    replays.set(number, { ...known, status, cursor, total, counts: { ...counts }, updatedAt });
    return known.reason;
  }

  async end(number: number, reason: string, now: number): Promise<void> {
    const { replays } = this.#open();
    const known = replays.get(number);
    if (known === undefined || known.reason !== null || !isUnfinished(known)) return;
    replays.set(number, { ...known, reason, updatedAt: now });
  }

  // What they read of the journal

  async range(since: number, until: number): Promise<{ after: number; upTo: number }> {
    const { journal } = this.#open();
    const within = [...journal.eventsAfter(0)].filter(
      ({ createdAt }) => createdAt >= since && createdAt < until,
    );
    const [first] = within;
    const last = within.at(-1);
    if (first === undefined || last === undefined) return { after: 0, upTo: 0 };
    return { after: first.sequence - 1, upTo: last.sequence };
  }

  async candidates(tenant: number, scan: CandidateScan) {
    const { journal } = this.#open();
    const events: Candidate[] = [];
    let scanned = 0;
    for (const event of journal.eventsAfter(scan.after)) {
      if (event.sequence > scan.upTo) break;
      if (event.tenant === tenant) events.push(...candidate(journal, event, scan));
      scanned += 1;
      if (scanned === scan.limit) return { events, scannedTo: event.sequence };
    }
    return { events, scannedTo: scan.upTo };
  }

  async standings(
    positions: readonly DeliveryPosition[],
  ): Promise<readonly (DeliveryStanding | undefined)[]> {
    const { journal } = this.#open();
    return positions.map((position) => standing(journal, position));
  }

  async deliveries(
    replay: number,
    after: DeliveryPosition,
    limit: number,
  ): Promise<readonly DeliveryRecord[]> {
    return [...this.#open().journal.deliveries()]
      .filter((row) => row.replay === replay && byPosition(row, after) > 0)
      .toSorted(byPosition)
      .slice(0, limit);
  }
}

function isUnfinished({ status, dryRun }: ReplayRecord): boolean {
  return !dryRun && (status === 'planned' || status === 'running');
}

/** One or none. */
function candidate(
  journal: JournalTables,
  event: EventRecord,
  { deliveries }: CandidateScan,
): Candidate[] {
  const { sequence, createdAt, eventType, taskId, orderingKey, source, metadata } = event;
  const fields = { sequence, createdAt, eventType, taskId, orderingKey, source, metadata };
  if (deliveries === null) return [{ ...fields, subscriptions: [] }];
  const { statuses, subscription } = deliveries;
  const subscriptions = deliveryViews(journal, event)
    .filter((view) => subscription === null || view.subscription === subscription)
    .filter(({ status }) => isFinal(status) && statuses.includes(status))
    .map((view) => view.subscription);
  return subscriptions.length === 0 ? [] : [{ ...fields, subscriptions }];
}

function standing(
  journal: JournalTables,
  { sequence, subscription }: DeliveryPosition,
): DeliveryStanding | undefined {
  const row = journal.delivery(sequence, subscription);
  if (row !== undefined) {
    const { status, attempts, attemptsBefore, replay } = row;
    return { sequence, subscription, status, attempts, attemptsBefore, replay };
  }
  const event = journal.event(sequence);
  if (event === undefined || !event.matched.includes(subscription)) return undefined;
  const attempts = journal.attempts(sequence, subscription).length > 0 ? 1 : 0;
  const status = attempts === 0 ? 'pending' : 'delivered';
  return { sequence, subscription, status, attempts, attemptsBefore: 0, replay: null };
}

function byPosition(a: DeliveryPosition, b: DeliveryPosition): number {
  return a.sequence - b.sequence || a.subscription - b.subscription;
}
