import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  elapsedMs,
  estatesToTake,
  holdsLease,
  nextHeartbeatMs,
  slotToClaim,
  touched,
  type SlotView,
} from './node-lease.ts';

const LEASE_MS = 10_000;

const owners = ['me', 'ada', 'bob', 'eve'] as const;

const slots: fc.Arbitrary<readonly SlotView[]> = fc
  .array(
    fc.record({
      epoch: fc.nat(9),
      owner: fc.constantFrom(...owners, null),
      isExpired: fc.boolean(),
      leaseMs: fc.constantFrom(1_000, LEASE_MS, 60_000),
      hasLeftovers: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((views) => views.map((one, slot) => ({ ...one, slot })));

function view(overrides: Partial<SlotView>): SlotView {
  return {
    slot: 0,
    epoch: 1,
    owner: null,
    isExpired: false,
    leaseMs: LEASE_MS,
    hasLeftovers: false,
    ...overrides,
  };
}

test('a lease ends by whichever clock says more: one stands still in a sleep, one may jump', () => {
  const at = { monotonic: 500, wall: 1_000_000 };
  const slept = { monotonic: 600, wall: 1_000_000 + LEASE_MS };
  const steppedBack = { monotonic: 500 + LEASE_MS, wall: 900_000 };
  assert.equal(holdsLease(at, { monotonic: 10_499, wall: 1_009_999 }, LEASE_MS), true);
  assert.equal(holdsLease(at, slept, LEASE_MS), false);
  assert.equal(holdsLease(at, steppedBack, LEASE_MS), false);
  assert.equal(elapsedMs(at, slept), LEASE_MS);
});

test('a node is in touch as long as no silence between its heartbeats lasts a whole lease', () => {
  const beat = (at: number) => ({ monotonic: at, wall: 1_000_000 + at });
  fc.assert(
    fc.property(fc.array(fc.nat(2 * LEASE_MS), { minLength: 1 }), (gaps) => {
      let touch = touched(null, beat(0), LEASE_MS);
      let at = 0;
      let since = 0;
      for (const gap of gaps) {
        at += gap;
        if (gap >= LEASE_MS) since = at;
        touch = touched(touch, beat(at), LEASE_MS);
        assert.deepEqual(touch, { since: beat(since), last: beat(at) });
      }
    }),
  );
});

test('heartbeats keep their beat, however long one takes', () => {
  assert.equal(nextHeartbeatMs(3_000, 0), 3_000);
  assert.equal(nextHeartbeatMs(3_000, 1_200), 1_800);
  assert.equal(nextHeartbeatMs(3_000, 9_000), 0);
  assert.equal(nextHeartbeatMs(3_000, -50), 3_000);
});

test('a node takes the slots of others only after their lease, and after so long in touch', () => {
  const dead = view({ owner: 'ada', isExpired: true });
  assert.deepEqual(estatesToTake([dead], 'me', LEASE_MS), [[dead]]);
  assert.deepEqual(estatesToTake([dead], 'me', LEASE_MS - 1), []);
  assert.deepEqual(estatesToTake([{ ...dead, isExpired: false }], 'me', LEASE_MS), []);
});

test('what was given back with leftovers is taken at once, what is clean stays free', () => {
  const left = view({ slot: 3, hasLeftovers: true });
  assert.deepEqual(estatesToTake([left, view({ slot: 4 })], 'me', 0), [[left]]);
});

test('a holder loses all of its slots or none, and nobody takes from itself', () => {
  fc.assert(
    fc.property(slots, fc.nat(70_000), (views, inTouchMs) => {
      const estates = estatesToTake(views, 'me', inTouchMs);
      const taken = estates.flat();
      assert.equal(new Set(taken.map(({ slot }) => slot)).size, taken.length);
      for (const estate of estates) {
        const owner = estate[0]?.owner;
        assert.notEqual(owner, 'me');
        if (owner === null) {
          assert.ok(estate.length === 1 && estate[0]?.hasLeftovers);
          continue;
        }
        assert.equal(estate.length, views.filter((other) => other.owner === owner).length);
        assert.ok(estate.every((one) => one.isExpired && inTouchMs >= one.leaseMs));
      }
    }),
  );
});

test('whoever is in touch for long enough takes the slots of every dead holder', () => {
  fc.assert(
    fc.property(slots, (views) => {
      const taken = new Set(estatesToTake(views, 'me', 60_000).flat());
      for (const owner of owners.slice(1)) {
        const held = views.filter((one) => one.owner === owner);
        if (held.every(({ isExpired }) => isExpired))
          assert.ok(held.every((one) => taken.has(one)));
      }
      const given = views.filter((one) => one.owner === null && one.hasLeftovers);
      assert.ok(given.every((one) => taken.has(one)));
    }),
  );
});

test('a start claims a free slot, one with leftovers first, never a held one', () => {
  assert.equal(slotToClaim([view({ slot: 1 }), view({ slot: 2, hasLeftovers: true })])?.slot, 2);
  fc.assert(
    fc.property(slots, (views) => {
      const claimed = slotToClaim(views);
      const free = views.filter(({ owner }) => owner === null);
      assert.equal(claimed === undefined, free.length === 0);
      if (claimed === undefined) return;
      assert.ok(free.includes(claimed));
      assert.ok(claimed.hasLeftovers || free.every(({ hasLeftovers }) => !hasLeftovers));
    }),
  );
});
