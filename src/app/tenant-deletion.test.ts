/** Deletion against time, restarts and a store that refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batch, newEvent } from '../storage/contract/factories.ts';
import { createMemoryStorage, MemoryData } from '../storage/memory/store.ts';
import { StorageError } from '../storage/storage.ts';
import { TenantDirectory } from '../storage/tenant-directory.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT } from '../testing/simulated-world.ts';
import { TenantDeletion } from './tenant-deletion.ts';

type Cluster = { readonly random: { unit(): number } } | undefined;

async function start(data: MemoryData, clock: SimulatedClock, cluster?: Cluster) {
  const storage = createMemoryStorage(data);
  const tenants = new TenantDirectory({ control: storage.control, clock });
  await tenants.load();
  const ended: number[] = [];
  const state = { sending: false, ended, deleted: [] as string[], errors: [] as unknown[] };
  const dropped: number[] = [];
  const all = () => (dropped.length > 0 ? [] : [1, 2].map((n) => ({ number: n, tenant: n })));
  const deletion = new TenantDeletion({
    tenants,
    registry: { all: all as never, delete: async (number) => void dropped.push(number) },
    sources: { list: () => [], remove: () => Promise.resolve() },
    tenantData: storage.tenantData,
    writer: { flushed: async () => {} },
    dispatcher: { isSendingFor: () => state.sending },
    replays: { endAll: async (tenant) => void state.ended.push(tenant) },
    cluster,
    clock,
    onDeleted: ({ name }, rows) => state.deleted.push(`${name} ${rows}`),
    onError: (error) => state.errors.push(error),
  });
  return { storage, tenants, deletion, state, dropped };
}

async function withEvents(count: number, cluster?: Cluster) {
  const data = new MemoryData();
  const clock = new SimulatedClock(START_AT);
  const world = await start(data, clock, cluster);
  const { number: tenant } = await world.tenants.ensure('acme');
  const events = Array.from({ length: count }, (_, n) => newEvent({ sequence: n + 1, tenant }));
  await world.storage.journal.commit(batch({ events }));
  return { ...world, data, clock, tenant };
}

test('it ends once nothing turned up for a while', async () => {
  const { tenants, deletion, state, clock, tenant, storage } = await withEvents(10);
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(500);
  assert.deepEqual((await storage.journal.listEvents(tenant, { limit: 99 })).items, []);
  assert.equal(tenants.find('acme')?.status, 'deleting');
  // Somebody was late.
  await storage.journal.commit(batch({ events: [newEvent({ sequence: 11, tenant })] }));
  await clock.advance(1_200);
  assert.equal(tenants.find('acme')?.status, 'deleting');
  await clock.advance(1_200);
  assert.equal(tenants.find('acme'), undefined);
  assert.deepEqual((await storage.journal.listEvents(tenant, { limit: 99 })).items, []);
  assert.deepEqual(state.deleted, ['acme 13'], 'events and the rows that counted them');
  await deletion.stop();
});

test('it waits for attempts in flight, however long they take', async () => {
  const { tenants, deletion, state, clock, tenant } = await withEvents(3);
  state.sending = true;
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(60_000);
  assert.deepEqual(state.deleted, []);
  state.sending = false;
  await clock.advance(2_000);
  assert.equal(state.deleted.length, 1);
  await deletion.stop();
});

test('subscriptions go before dispatch starts, and the rest goes on after a restart', async () => {
  const { tenants, deletion, clock, tenant, data } = await withEvents(5_000);
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(7);
  await deletion.stop();
  const second = await start(data, clock);
  const left = async () =>
    (await second.storage.tenantData.usage(tenant)).length > 0 ||
    (await second.storage.journal.listEvents(tenant, { limit: 1 })).items.length > 0;
  assert.equal(await left(), true, 'it was stopped on the way');
  await second.deletion.start();
  assert.deepEqual(second.dropped, [tenant]);
  await clock.advance(3_000);
  assert.equal(await left(), false);
  assert.equal(second.tenants.find('acme'), undefined);
  await second.deletion.stop();
});

test('replays of the tenant end first', async () => {
  const { tenants, deletion, state, clock, tenant } = await withEvents(1);
  state.sending = true;
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(1);
  assert.deepEqual(state.ended, [tenant]);
  await deletion.stop();
});

test('in a cluster nothing is erased while another node may have attempts in flight', async () => {
  const { tenants, deletion, state, clock, tenant, storage, dropped } = await withEvents(3, {
    random: { unit: () => 0.5 },
  });
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(94_000);
  assert.deepEqual(dropped, [tenant], 'at once, so that nobody begins another attempt');
  assert.equal((await storage.journal.listEvents(tenant, { limit: 9 })).items.length, 3);
  await clock.advance(3_000);
  assert.equal(state.deleted.length, 1);
  await deletion.stop();
});

test('of two nodes that erase, the slower one stops when the tenant is gone', async () => {
  const data = new MemoryData();
  const clock = new SimulatedClock(START_AT);
  const [fast, slow] = await Promise.all(
    [0, 1].map((unit) => start(data, clock, { random: { unit: () => unit } })),
  );
  assert.ok(fast !== undefined && slow !== undefined);
  const { number } = await fast.tenants.ensure('acme');
  await slow.tenants.refresh([number]);
  for (const { deletion } of [fast, slow]) await deletion.start();
  await fast.tenants.startDeletion(number);
  await slow.tenants.refresh([number]);
  await clock.advance(90_000);
  assert.equal(fast.state.deleted.length, 1);
  await slow.tenants.refresh([number]);
  await clock.advance(60_000);
  assert.deepEqual([slow.state.deleted, slow.state.errors], [[], []]);
  assert.equal(slow.tenants.find('acme'), undefined);
  for (const { deletion } of [fast, slow]) await deletion.stop();
});

test('a store that refuses is asked again', async () => {
  const { tenants, deletion, state, clock, tenant, storage } = await withEvents(3);
  const { tenantData } = storage;
  const erase = tenantData.erase.bind(tenantData);
  tenantData.erase = () => Promise.reject(new StorageError('busy', 'later'));
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(4_000);
  assert.equal(state.errors.length, 1);
  tenantData.erase = erase;
  await clock.advance(10_000);
  assert.equal(state.deleted.length, 1);
  await deletion.stop();
});

test('tenants are erased one after the other, later ones included', async () => {
  const { tenants, deletion, state, clock, tenant } = await withEvents(3);
  const { number: other } = await tenants.ensure('other');
  await deletion.start();
  await tenants.startDeletion(tenant);
  await clock.advance(500);
  await tenants.startDeletion(other);
  await clock.advance(5_000);
  assert.deepEqual(
    state.deleted.map((text) => text.split(' ')[0]),
    ['acme', 'other'],
  );
  await deletion.stop();
  await deletion.idle();
});
