import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TelemetryEvent } from '../runtime/telemetry.ts';
import { OK } from '../testing/simulated-network.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';
import { inboundRecord } from './contract/factories.ts';
import { createMemoryStorage } from './memory/store.ts';
import { RetentionKeeper } from './retention-keeper.ts';
import type { RetentionStore } from './retention.ts';
import { StorageError } from './storage.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Parts {
  readonly days?: number;
  readonly tenants?: () => { tenant: number; days: number | null }[];
  readonly wrap?: (store: RetentionStore) => RetentionStore;
}

/** A keeper over what a simulated world has on its disk. */
function keeperOf(world: SimulatedWorld, parts: Parts = {}) {
  const telemetry: TelemetryEvent[] = [];
  const errors: unknown[] = [];
  const store = createMemoryStorage(world.data).retention;
  const keeper = new RetentionKeeper({
    store: parts.wrap?.(store) ?? store,
    days: parts.days ?? 1,
    tenants: parts.tenants ?? (() => []),
    clock: world.clock,
    telemetry: { emit: (event) => telemetry.push(event) },
    onError: (error) => errors.push(error),
  });
  return { keeper, telemetry, errors };
}

const stored = (world: SimulatedWorld) => [...world.data.journal.eventsAfter(0)].length;

test('what is past its retention goes at the start, the rest when its time has come', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe();
  await world.publishMany(250);
  await world.advance(60 * MINUTE_MS);
  await world.publishMany(5);
  await world.advance(DAY_MS - 30 * MINUTE_MS);
  const { keeper, telemetry } = keeperOf(world);
  await keeper.start();
  await world.advance(MINUTE_MS);
  assert.equal(stored(world), 5);
  await world.advance(25 * MINUTE_MS);
  assert.equal(stored(world), 5);
  await world.advance(10 * MINUTE_MS);
  assert.equal(stored(world), 0);
  await keeper.stop();
  const told = telemetry.flatMap((event) =>
    event.event === 'retention.removed' ? [[event.tenant, event.events, event.bytes > 0]] : [],
  );
  assert.deepEqual(told, [
    [null, 250, true],
    [null, 5, true],
  ]);
});

test('an event with a retry to come stays, is delivered, and then goes', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  // Without jitter, the retry comes after exactly 36 hours.
  await world.subscribe({ retryScheduleSeconds: [(36 * HOUR_MS) / 1000] });
  world.network.react = () => ({ status: 500 });
  await world.publish();
  await world.advance(35 * HOUR_MS);
  assert.equal(world.network.attempts.length, 1);
  const { keeper } = keeperOf(world);
  await keeper.start();
  await world.advance(30 * MINUTE_MS);
  assert.equal(stored(world), 1);
  world.network.react = () => OK;
  await world.advance(90 * MINUTE_MS);
  assert.equal(stored(world), 0);
  assert.equal(world.network.attempts.length, 2);
  assert.deepEqual(world.engine.errors, []);
  await keeper.stop();
});

test('a tenant that keeps less loses its own; a change holds for the next pass', async () => {
  const world = await SimulatedWorld.create();
  await world.publishMany(4);
  await world.publishMany(3, { tenant: 2 });
  await world.advance(2 * DAY_MS);
  let days: number | null = null;
  const { keeper, telemetry } = keeperOf(world, {
    days: 30,
    tenants: () => [{ tenant: 2, days }],
  });
  await keeper.start();
  await world.advance(MINUTE_MS);
  assert.equal(stored(world), 7);
  days = 1;
  await world.advance(6 * MINUTE_MS);
  assert.equal(stored(world), 4);
  assert.equal(telemetry.length, 1);
  await keeper.stop();
});

test('0 days keeps for ever', async () => {
  const world = await SimulatedWorld.create();
  await world.publishMany(2);
  const { keeper } = keeperOf(world, { days: 0 });
  await world.advance(3 * DAY_MS);
  await keeper.start();
  await world.advance(10 * MINUTE_MS);
  assert.equal(stored(world), 2);
  await keeper.stop();
});

test('a store that refuses is asked again, and what was done until then is told', async () => {
  const world = await SimulatedWorld.create();
  await world.publishMany(350);
  await world.advance(25 * HOUR_MS);
  let calls = 0;
  const wrap = (store: RetentionStore): RetentionStore => ({
    removeOld(order) {
      calls += 1;
      if (calls === 3) throw new StorageError('busy', 'not now');
      return store.removeOld(order);
    },
    removeOldInbound: (order) => store.removeOldInbound(order),
  });
  const { keeper, telemetry, errors } = keeperOf(world, { wrap });
  await keeper.start();
  await world.advance(MINUTE_MS);
  assert.equal(stored(world), 150);
  assert.equal(errors.length, 1);
  await world.advance(5 * MINUTE_MS);
  assert.equal(stored(world), 0);
  const counts = telemetry.map((event) => (event.event === 'retention.removed' ? event.events : 0));
  assert.deepEqual(counts, [200, 150]);
  await keeper.stop();
});

test('stop ends between two chunks, leaves no timer, and starting anew goes on', async () => {
  const world = await SimulatedWorld.create();
  await world.publishMany(350);
  await world.advance(25 * HOUR_MS);
  const timers = world.clock.pendingTimers;
  const { keeper } = keeperOf(world);
  await keeper.start();
  await world.advance(0);
  await keeper.stop();
  await keeper.stop();
  assert.equal(stored(world), 250);
  assert.equal(world.clock.pendingTimers, timers);
  const other = keeperOf(world).keeper;
  await other.start();
  await world.advance(MINUTE_MS);
  assert.equal(stored(world), 0);
  await other.stop();
});

test('stopping before the start is fine, and then it does not start', async () => {
  const world = await SimulatedWorld.create();
  await world.publishMany(1);
  await world.advance(25 * HOUR_MS);
  const { keeper } = keeperOf(world);
  await keeper.stop();
  await keeper.start();
  await world.advance(MINUTE_MS);
  assert.equal(stored(world), 1);
});

test('inbound requests go with the days of their tenant, keys of sources in a week', async () => {
  const world = await SimulatedWorld.create();
  const inbound = (dedupe: string) =>
    ({ source: 4, sourceId: 'src_4', providerEventId: null, dedupe }) as const;
  const { sequence: _sequence, ...noted } = inboundRecord({ receivedAt: world.clock.now() });
  for (const tenant of [1, 2]) world.engine.writer.noteInbound({ ...noted, tenant });
  await world.publish({ inbound: inbound('a') });
  const { keeper } = keeperOf(world, { days: 30, tenants: () => [{ tenant: 1, days: 1 }] });
  await world.advance(25 * HOUR_MS);
  await keeper.start();
  await world.advance(MINUTE_MS);
  const left = async (tenant: number) => {
    const { items } = await createMemoryStorage(world.data).inbound.list(tenant, { limit: 9 });
    return items.length;
  };
  assert.equal(stored(world), 0);
  assert.deepEqual([await left(1), await left(2)], [0, 1]);
  assert.equal((await world.publish({ inbound: inbound('a') })).kind, 'duplicate');
  await world.advance(6 * DAY_MS);
  assert.equal((await world.publish({ inbound: inbound('a') })).kind, 'accepted');
  assert.equal(await left(2), 1);
  await keeper.stop();
});
