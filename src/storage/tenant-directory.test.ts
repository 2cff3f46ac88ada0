import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT_SETTINGS, type Tenant, type TenantSettings } from '../domain/tenant.ts';
import { createMemoryStorage, MemoryData } from './memory/store.ts';
import { StorageError } from './storage.ts';
import { TenantDirectory } from './tenant-directory.ts';

const NOW = 1_767_225_600_000;

async function openDirectory(data = new MemoryData()) {
  const { control } = createMemoryStorage(data);
  const told: string[] = [];
  const clock = { at: NOW, now: () => clock.at };
  const directory = new TenantDirectory({ control, clock });
  await directory.load();
  directory.listen({
    changed: ({ name, status }) => told.push(`${name} ${status}`),
    removed: ({ name }) => told.push(`${name} removed`),
  });
  return { directory, control, told, clock };
}

function required(tenant: Tenant | undefined): Tenant {
  assert.ok(tenant !== undefined);
  return tenant;
}

test('a tenant comes into being when it is asked for, once', async () => {
  const { directory, told } = await openDirectory();
  const [first, second] = await Promise.all([directory.ensure('acme'), directory.ensure('acme')]);
  assert.equal(first, second);
  assert.equal(await directory.ensure('acme'), first);
  assert.deepEqual(told, ['acme active']);
  assert.match(first.id, /^ten_/);
  assert.equal(directory.find('acme'), first);
  assert.equal(directory.byNumber(first.number), first);
  assert.deepEqual(directory.settings(first.number).quotas, DEFAULT_TENANT_SETTINGS.quotas);
  assert.deepEqual(directory.settings(99), DEFAULT_TENANT_SETTINGS);
});

test('settings survive a restart, and one that a row does not name has its default', async () => {
  const data = new MemoryData();
  const { directory, clock, control } = await openDirectory(data);
  const quotas = { eventsPerSecond: 5, maxSubscriptions: null, maxStorageBytes: 10 };
  const wanted = { ...DEFAULT_TENANT_SETTINGS, quotas, redact: ['data.a'] };
  const created = required(await directory.create('acme', wanted));
  assert.equal(await directory.create('acme', wanted), undefined);
  clock.at += 5;
  const weekly = () => ({ ...wanted, retentionDays: 7 });
  const changed = required(await directory.change(created.number, weekly));
  assert.deepEqual(changed, { ...created, retentionDays: 7, updatedAt: NOW + 5 });
  const partial = { settings: '{"quotas":{"eventsPerSecond":1}}', createdAt: NOW, updatedAt: NOW };
  await control.insertTenant({ name: 'old', status: 'active', ...partial });
  const again = await openDirectory(data);
  assert.deepEqual(again.directory.find('acme'), changed);
  assert.deepEqual(again.directory.find('old')?.quotas, {
    ...DEFAULT_TENANT_SETTINGS.quotas,
    eventsPerSecond: 1,
  });
  assert.deepEqual(again.told, ['acme active', 'old active']);
});

test('a deletion is stored before it begins, and frees the name when it ends', async () => {
  const data = new MemoryData();
  const { directory, told } = await openDirectory(data);
  const { number } = await directory.ensure('acme');
  assert.equal(directory.isLeaving(number), false);
  await directory.startDeletion(number);
  await directory.startDeletion(number);
  assert.equal(directory.isLeaving(number), true);
  assert.equal(directory.find('acme')?.status, 'deleting');
  const again = await openDirectory(data);
  assert.equal(again.directory.isLeaving(number), true);
  directory.forget(number);
  assert.equal(directory.find('acme'), undefined);
  assert.equal(directory.isLeaving(number), true, 'requests of it may still be on their way');
  assert.deepEqual(told, ['acme active', 'acme deleting', 'acme removed']);
});

test('changes at the same time build on each other', async () => {
  const { directory, control } = await openDirectory();
  const { number } = await directory.ensure('acme');
  const update = control.updateTenant.bind(control);
  control.updateTenant = async (record) => {
    await new Promise((resolve) => setImmediate(resolve));
    return update(record);
  };
  await Promise.all([
    directory.change(number, (current) => ({ ...current, retentionDays: 7 })),
    directory.change(number, (current) => ({ ...current, redact: ['data.a'] })),
    directory.startDeletion(number),
  ]);
  const { retentionDays, redact, status } = required(directory.byNumber(number));
  assert.deepEqual([retentionDays, redact, status], [7, ['data.a'], 'deleting']);
});

test('a change that can not be stored does not happen', async () => {
  const { directory, control, told } = await openDirectory();
  const { number } = await directory.ensure('acme');
  control.updateTenant = () => Promise.reject(new StorageError('full', 'no space'));
  const weekly = (current: TenantSettings) => ({ ...current, retentionDays: 7 });
  await assert.rejects(directory.change(number, weekly), StorageError);
  assert.equal(directory.byNumber(number)?.retentionDays, null);
  assert.deepEqual(told, ['acme active']);
});

test('what another node wrote is taken over: new, changed and removed tenants', async () => {
  const data = new MemoryData();
  const here = await openDirectory(data);
  const there = await openDirectory(data);
  const one = await there.directory.ensure('one');
  const two = await there.directory.ensure('two');
  await here.directory.refresh([one.number, two.number, 99]);
  assert.deepEqual(here.told, ['one active', 'two active']);
  await there.directory.change(one.number, (current) => ({ ...current, retentionDays: 7 }));
  await there.directory.startDeletion(two.number);
  await here.directory.refresh([one.number, two.number]);
  assert.equal(here.directory.settings(one.number).retentionDays, 7);
  assert.equal(here.directory.isLeaving(two.number), true);
  const told = here.told.length;
  await here.directory.refresh([one.number, two.number]);
  assert.equal(here.told.length, told, 'what is as known is not told again');
  await createMemoryStorage(data).tenantData.remove(two.number);
  await here.directory.refresh([two.number]);
  assert.equal(here.directory.find('two'), undefined);
  assert.equal(here.told.at(-1), 'two removed');
});

test('a refresh never puts something older over something newer', async () => {
  const { directory, control } = await openDirectory();
  const { number } = await directory.ensure('acme');
  const read = control.tenants.bind(control);
  const gate = Promise.withResolvers<void>();
  control.tenants = async (numbers) => {
    const rows = await read(numbers);
    await gate.promise;
    return rows;
  };
  const refreshed = directory.refresh([number]);
  await directory.change(number, (current) => ({ ...current, retentionDays: 7 }));
  const other = await directory.ensure('other');
  gate.resolve();
  await refreshed;
  assert.equal(directory.settings(number).retentionDays, 7);
  assert.equal(directory.find('other'), other);
});

test('a deletion that can not be stored does not begin', async () => {
  const { directory, control, told } = await openDirectory();
  const { number } = await directory.ensure('acme');
  control.updateTenant = () => Promise.reject(new StorageError('full', 'no space'));
  await assert.rejects(directory.startDeletion(number), StorageError);
  assert.equal(directory.isLeaving(number), false);
  assert.deepEqual(told, ['acme active']);
});

test('tenants that are not there can be neither changed nor deleted', async () => {
  const { directory } = await openDirectory();
  assert.equal(await directory.change(7, (current) => current), undefined);
  assert.equal(await directory.startDeletion(7), undefined);
  directory.forget(7);
  assert.deepEqual(directory.list(), []);
});
