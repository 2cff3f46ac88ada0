/** Both kinds of inbound requests in one list. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { InboundQuery, InboundRecord, InboundView } from '../inbound.ts';
import { allPages, assertSame } from './checks.ts';
import { batch, createdAtOf, inboundRecord, newEvent } from './factories.ts';
import type { StoreUnderTest } from './harness.ts';

export function describeInboundLists(store: StoreUnderTest): void {
  describeQueries(store);
  describeAccepted(store);
  describeShortPages(store);
}

function describeQueries(store: StoreUnderTest): void {
  it('hold both kinds, newest first, whatever is asked for on whatever size of page', async () => {
    const all = await fill(store);
    for (const query of QUERIES) {
      const wanted = all.filter((one) => isWanted(one, query)).map(({ sequence }) => sequence);
      for (const limit of [1, 4, 100]) {
        const found = await allPages(limit, (before: number | undefined) =>
          store.storage.inbound.list(1, { ...query, before, limit }),
        );
        assert.deepEqual(sequencesOf(found), wanted, JSON.stringify({ query, limit }));
      }
    }
    assertSame((await store.storage.inbound.list(3, { limit: 10 })).items, []);
  });
}

function describeAccepted(store: StoreUnderTest): void {
  it('tell of one that was accepted what its event tells', async () => {
    const event = newEvent({ sequence: 3, source: 5, providerEventId: 'p3' });
    await store.journal.commit(batch({ events: [event, newEvent({ sequence: 4 })] }));
    const { items } = await store.storage.inbound.list(1, { limit: 10 });
    const [view] = items;
    assert.ok(view !== undefined && items.length === 1);
    assert.match(view.eventId ?? '', /^evt_/);
    assertSame(
      { ...view, eventId: null },
      {
        ...inboundRecord({ sequence: 3, source: 5, providerEventId: 'p3', body: null }),
        status: 'accepted',
        reason: null,
        detail: null,
        receivedAt: event.createdAt,
        eventSequence: 3,
        method: null,
        headers: null,
        bodyBytes: event.body.length,
        remoteAddress: null,
      },
    );
    assertSame(await store.storage.inbound.find(1, 3), view);
    assert.equal(await store.storage.inbound.find(2, 3), undefined);
    assert.equal(await store.storage.inbound.find(1, 4), undefined, 'a publisher’s');
  });
}

function describeShortPages(store: StoreUnderTest): void {
  it('may be cut short by much of somebody else’s, and go on', async () => {
    for (let first = 1; first <= 30_000; first += 1_000) {
      const events = Array.from({ length: 1_000 }, (_, index) =>
        newEvent({ sequence: first + index, tenant: 2, matched: [] }),
      );
      const mine = first === 1 ? events.with(0, newEvent({ sequence: 1, source: 6 })) : events;
      await store.journal.commit(batch({ events: mine }));
    }
    const inbound = [inboundRecord({ sequence: 30_001 }), inboundRecord({ sequence: 30_002 })];
    await store.journal.commit(batch({ inbound }));
    const found = await allPages(10, (before: number | undefined) =>
      store.storage.inbound.list(1, { before, limit: 10 }),
    );
    assert.deepEqual(sequencesOf(found), [30_002, 30_001, 1]);
    const ofSource = await allPages(10, (before: number | undefined) =>
      store.storage.inbound.list(1, { source: 6, before, limit: 10 }),
    );
    assert.deepEqual(sequencesOf(ofSource), [1]);
  });
}

function sequencesOf(items: readonly { readonly sequence: number }[]): number[] {
  return items.map(({ sequence }) => sequence);
}

/** Of two tenants and three sources, events and rows of every status in turn. */
async function fill(store: StoreUnderTest): Promise<readonly InboundRecord[]> {
  const statuses = ['duplicate', 'rejected', 'handshake'] as const;
  const records: InboundRecord[] = [];
  for (let sequence = 1; sequence <= 60; sequence += 1) {
    const tenant = sequence % 7 === 0 ? 2 : 1;
    const source = tenant === 2 ? 9 : 3 + (sequence % 2);
    const status = statuses[sequence % 3] ?? 'rejected';
    if (sequence % 4 < 2) records.push(inboundRecord({ sequence, tenant, source, status }));
  }
  const taken = new Set(sequencesOf(records));
  const events = Array.from({ length: 60 }, (_, index) => index + 1)
    .filter((sequence) => !taken.has(sequence))
    .map((sequence) => {
      const tenant = sequence % 7 === 0 ? 2 : 1;
      const own = tenant === 2 ? 9 : 3 + (sequence % 2);
      const source = sequence % 5 === 0 ? null : own;
      return newEvent({ sequence, tenant, source });
    });
  await store.journal.commit(batch({ events, inbound: records }));
  const accepted = events.flatMap(({ sequence, tenant, source }) =>
    source === null
      ? []
      : [{ ...inboundRecord({ sequence, tenant, source }), status: 'accepted' as never }],
  );
  return [...records, ...accepted].toSorted((a, b) => b.sequence - a.sequence);
}

const QUERIES: readonly Omit<InboundQuery, 'limit'>[] = [
  {},
  { source: 3 },
  { source: 4, status: 'rejected' },
  { status: 'accepted' },
  { status: 'duplicate' },
  { source: 3, status: 'accepted' },
  { status: 'handshake', since: createdAtOf(10), until: createdAtOf(40) },
  { since: createdAtOf(20), until: createdAtOf(50), source: 4 },
  { source: 99 },
];

function isWanted(one: InboundView | InboundRecord, query: Omit<InboundQuery, 'limit'>): boolean {
  const { source = one.source, status = one.status, since = 0, until = Infinity } = query;
  const isOf = one.tenant === 1 && one.source === source && one.status === status;
  return isOf && one.receivedAt >= since && one.receivedAt < until;
}
