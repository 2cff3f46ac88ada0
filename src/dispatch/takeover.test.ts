import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Leftovers } from '../storage/cluster.ts';
import { batch, delivery, newEvent } from '../storage/contract/factories.ts';
import { createMemoryStorage } from '../storage/memory/store.ts';
import { StorageError } from '../storage/storage.ts';
import { SimulatedWorld, START_AT, TENANT } from '../testing/simulated-world.ts';

/** Events of the dead node: far above those of our own. */
const FIRST = 1_001;
const EVENTS = 6;
const LAST = FIRST + EVENTS - 1;

const SLOT = 9;

/** Another node has left events: the first two failed and wait, the third is held. */
async function worldWithLeftovers() {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  const { number } = await world.subscribe();
  const { journal } = createMemoryStorage(world.data);
  const sequences = Array.from({ length: EVENTS }, (_, index) => FIRST + index);
  const events = sequences.map((sequence) =>
    newEvent({ sequence, tenant: TENANT, matched: [number], createdAt: START_AT, parked: [] }),
  );
  await journal.commit(batch({ events }));
  const row = (sequence: number, more: object) =>
    delivery({ sequence, subscription: number, tenant: TENANT, attempts: 1, ...more });
  let waiting = [FIRST, FIRST + 1].map((sequence) => row(sequence, { nextAttemptAt: START_AT }));
  let held = [row(FIRST + 2, { status: 'held', nextAttemptAt: null })];
  const said: string[] = [];
  const refusals: string[] = [];
  const maybeRefuse = (what: string) => {
    said.push(what);
    if (refusals[0] !== what) return;
    refusals.shift();
    throw new StorageError('busy', `no ${what} now`);
  };
  const leftovers: Leftovers = {
    slot: SLOT,
    lowWaterMark: FIRST - 1,
    lastSequence: LAST,
    unsettled: (after, limit) => journal.unsettled(after, LAST, limit),
    async moveWaiting(dueAt) {
      maybeRefuse('moveWaiting');
      const moved = waiting.map((one) => ({ ...one, nextAttemptAt: dueAt }));
      waiting = [];
      await journal.commit(batch({ deliveries: moved }));
      return moved.length;
    },
    async moveHeld() {
      maybeRefuse('moveHeld');
      const moved = held;
      held = [];
      await journal.commit(batch({ deliveries: moved }));
      return { moved: moved.length, subscriptions: moved.length > 0 ? [number] : [] };
    },
    loaded: () => said.push('loaded'),
    raiseLowWaterMark: (sequence) => said.push(`mark ${sequence}`),
    async done() {
      maybeRefuse('done');
    },
  };
  return { world, leftovers, said, refusals };
}

const NEVER = () => 'hang' as const;

test('everything another node left is delivered, and then its slot goes back', async () => {
  const { world, leftovers, said } = await worldWithLeftovers();
  world.dispatcher.adopt(leftovers);
  await world.advance(100);
  for (let sequence = FIRST; sequence <= LAST; sequence += 1) {
    assert.equal((await world.view(sequence)).status, 'delivered', String(sequence));
  }
  assert.deepEqual(
    said.filter((word) => !word.startsWith('mark')),
    ['moveWaiting', 'moveHeld', 'loaded', 'done'],
  );
});

test('the slot is kept as long as one delivery of it is undecided', async () => {
  const { world, leftovers, said } = await worldWithLeftovers();
  world.network.react = NEVER;
  world.dispatcher.adopt(leftovers);
  await world.advance(5_000);
  assert.ok(said.includes('loaded') && !said.includes('done'));
  world.network.react = () => ({ status: 404 });
  // The attempts time out, fail again, and wait for a retry: rows of our own by now.
  await world.advance(60_000);
  assert.ok(said.includes('done'));
  assert.equal((await world.view(LAST)).status, 'waiting');
});

test('marks of an adopted slot never pass what is undecided', async () => {
  const { world, leftovers, said } = await worldWithLeftovers();
  world.network.react = NEVER;
  world.dispatcher.adopt(leftovers);
  await world.advance(2_000);
  // Commits of our own carry the marks along.
  await world.publishMany(3);
  const marks = () => said.filter((word) => word.startsWith('mark')).map((word) => word.slice(5));
  assert.ok(marks().length > 0);
  assert.ok(
    marks().every((mark) => Number(mark) <= FIRST + 2),
    marks().join(),
  );
});

test('a store that refuses is asked again until it does not', async () => {
  const { world, leftovers, said, refusals } = await worldWithLeftovers();
  refusals.push('moveWaiting', 'moveWaiting', 'moveHeld', 'done');
  world.dispatcher.adopt(leftovers);
  await world.advance(500);
  assert.ok(!said.includes('loaded'));
  await world.advance(10_000);
  assert.deepEqual(
    said.filter((word) => !word.startsWith('mark')),
    ['moveWaiting', 'moveWaiting', 'moveWaiting', 'moveHeld', 'moveHeld', 'loaded', 'done', 'done'],
  );
  assert.equal(world.engine.errors.length, 4);
});

test('a node that stops gives nothing back as finished', async () => {
  const { world, leftovers, said, refusals } = await worldWithLeftovers();
  refusals.push('moveHeld');
  world.dispatcher.adopt(leftovers);
  await world.advance(10);
  const stopped = world.dispatcher.stop();
  await world.advance(20_000);
  await stopped;
  assert.ok(!said.includes('loaded') && !said.includes('done'), said.join());
});
