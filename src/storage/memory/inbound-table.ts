/** Rows of inbound requests in memory: those without an event, each source's bounded in number. */
import { MAX_RECORDED_INBOUND_PER_SOURCE } from '../../domain/limits-sources.ts';
import type { InboundQuery, InboundRecord, InboundView } from '../inbound.ts';
import type { Page } from '../journal.ts';

export class InboundTable {
  readonly #rows = new Map<number, InboundRecord>();
  /** Sequences by source, in order of arrival. */
  readonly #bySource = new Map<number, Set<number>>();

  get(sequence: number): InboundRecord | undefined {
    return this.#rows.get(sequence);
  }

  add(record: InboundRecord): void {
    if (this.#rows.has(record.sequence)) return;
    this.#rows.set(record.sequence, { ...record, body: record.body?.slice() ?? null });
    const ofSource = this.#bySource.get(record.source) ?? new Set();
    this.#bySource.set(record.source, ofSource.add(record.sequence));
    while (ofSource.size > MAX_RECORDED_INBOUND_PER_SOURCE) {
      const [oldest = 0] = ofSource;
      this.#remove(oldest);
    }
  }

  #remove(sequence: number): void {
    const record = this.#rows.get(sequence);
    if (record !== undefined) this.#bySource.get(record.source)?.delete(sequence);
    this.#rows.delete(sequence);
  }

  page(tenant: number, query: InboundQuery): Page<InboundView, number> {
    const { source, status, since = 0, until = Infinity, before = Infinity, limit } = query;
    const rows = [...this.#rows.values()]
      .filter((row) => row.tenant === tenant && row.sequence < before)
      .filter((row) => source === undefined || row.source === source)
      .filter((row) => status === undefined || row.status === status)
      .filter(({ receivedAt }) => receivedAt >= since && receivedAt < until)
      .toSorted((a, b) => b.sequence - a.sequence)
      .slice(0, limit + 1);
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? items.at(-1)?.sequence : undefined };
  }

  /** Takes out those that came before an instant. @returns how many, at most `limit`. */
  removeOld(tenant: number | null, before: number, limit: number): number {
    return this.#take(
      (row) => row.receivedAt < before && (tenant === null || row.tenant === tenant),
      limit,
    );
  }

  erase(tenant: number, limit: number): number {
    return this.#take((row) => row.tenant === tenant, limit);
  }

  #take(isWanted: (row: InboundRecord) => boolean, limit: number): number {
    const wanted = [...this.#rows.values()].filter(isWanted).slice(0, limit);
    for (const { sequence } of wanted) this.#remove(sequence);
    return wanted.length;
  }
}
