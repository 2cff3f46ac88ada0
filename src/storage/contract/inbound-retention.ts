/** Old inbound requests go, with the days that their tenant keeps. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { batch, createdAtOf, inboundRecord } from './factories.ts';
import type { StoreUnderTest } from './harness.ts';

/** More than any chunk holds. */
const ROWS = 2_500;
const MAX_CHUNKS = 200;

export function describeInboundRetention(store: StoreUnderTest): void {
  /** Removes what was received up to this sequence. @returns how many rows, in how many goes. */
  const removeTo = async (last: number, tenant: number | null) => {
    const order = { tenant, receivedBefore: createdAtOf(last + 1), keysBefore: 0 };
    let removed = 0;
    for (let chunks = 0; chunks < MAX_CHUNKS; chunks += 1) {
      const rows = await store.storage.retention.removeOldInbound(order);
      if (rows === 0) return { removed, chunks };
      removed += rows;
    }
    return assert.fail('the removal does not end');
  };
  const left = async (tenant: number) => {
    const { items } = await store.storage.inbound.list(tenant, { limit: 250 });
    return items.map(({ sequence }) => sequence);
  };

  it('of all tenants, or of one, and nothing that is younger', async () => {
    const inbound = [1, 2, 3, 4, 5, 6].map((sequence) =>
      inboundRecord({ sequence, tenant: 1 + (sequence % 2), source: 1 + (sequence % 3) }),
    );
    await store.journal.commit(batch({ inbound }));
    assert.equal((await removeTo(2, null)).removed, 2);
    assert.deepEqual(
      [await left(1), await left(2)],
      [
        [6, 4],
        [5, 3],
      ],
    );
    assert.equal((await removeTo(5, 1)).removed, 1);
    assert.deepEqual([await left(1), await left(2)], [[6], [5, 3]]);
    assert.equal((await removeTo(9, 7)).removed, 0);
  });

  it('a chunk at a time, and sequences go on rising', async () => {
    const inbound = Array.from({ length: ROWS }, (_, index) =>
      inboundRecord({ sequence: index + 1, source: 1 + (index % 2) }),
    );
    await store.journal.commit(batch({ inbound }));
    const ofTenant = await removeTo(1_200, 1);
    const rest = await removeTo(ROWS, null);
    assert.deepEqual([ofTenant.removed, rest.removed], [1_200, ROWS - 1_200]);
    assert.ok(ofTenant.chunks > 1 && rest.chunks > 1);
    await store.reopen();
    assert.equal((await store.journal.state()).lastSequence, ROWS);
  });
}
