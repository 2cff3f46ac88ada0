/** The other parts of the storage port, seen with the small sequences of `DenseJournal`. */
import type { InboundStore, InboundView } from '../../inbound.ts';
import type { DeliveryPosition } from '../../journal.ts';
import type { CandidateScan, ReplayRecord, ReplayStore } from '../../replays.ts';
import type { TenantData, TenantEventQuery } from '../../tenant-data.ts';
import type { DenseJournal } from './dense-journal.ts';

export function denseReplays(inner: ReplayStore, dense: DenseJournal): ReplayStore {
  return {
    insert: (record: Omit<ReplayRecord, 'number'>) => inner.insert(record),
    find: (tenant, number) => inner.find(tenant, number),
    list: (tenant, query) => inner.list(tenant, query),
    unfinished: () => inner.unfinished(),
    hold: (number) => inner.hold(number),
    progress: (number, progress) => inner.progress(number, progress),
    end: (number, reason, now) => inner.end(number, reason, now),
    async range(since, until) {
      const { after, upTo } = await inner.range(since, until);
      return { after: dense.small(after), upTo: dense.small(upTo) };
    },
    async candidates(tenant, scan: CandidateScan) {
      const bounds = { after: dense.large(scan.after), upTo: dense.large(scan.upTo) };
      const { events, scannedTo } = await inner.candidates(tenant, { ...scan, ...bounds });
      const small = events.map((event) => dense.out(event));
      return { events: small, scannedTo: dense.small(scannedTo) };
    },
    async standings(positions: readonly DeliveryPosition[]) {
      const found = await inner.standings(positions.map((position) => dense.in(position)));
      return found.map((standing) => standing && dense.out(standing));
    },
    async deliveries(replay, after, limit) {
      const rows = await inner.deliveries(replay, dense.in(after), limit);
      return rows.map((row) => dense.out(row));
    },
  };
}

export function denseInbound(inner: InboundStore, dense: DenseJournal): InboundStore {
  const out = (view: InboundView): InboundView => ({
    ...dense.out(view),
    eventSequence: view.eventSequence === null ? null : dense.small(view.eventSequence),
  });
  return {
    async list(tenant, query) {
      const before = query.before === undefined ? undefined : dense.large(query.before);
      const { items, next } = await inner.list(tenant, { ...query, before });
      return { items: items.map(out), next: next === undefined ? undefined : dense.small(next) };
    },
    async find(tenant, sequence) {
      const found = await inner.find(tenant, dense.large(sequence));
      return found && out(found);
    },
  };
}

export function denseTenantData(inner: TenantData, dense: DenseJournal): TenantData {
  return {
    usage: (tenant) => inner.usage(tenant),
    async events(tenant, { after, upTo, limit }: TenantEventQuery) {
      const bounds = { after: after && dense.in(after), upTo: dense.large(upTo) };
      const { items, next } = await inner.events(tenant, { ...bounds, limit });
      return { items: items.map((event) => dense.out(event)), next: next && dense.out(next) };
    },
    erase: (tenant, limit) => inner.erase(tenant, limit),
    shred: () => inner.shred(),
    remove: (tenant) => inner.remove(tenant),
  };
}
