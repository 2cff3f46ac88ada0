import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT_SETTINGS, type TenantSettings } from '../domain/tenant.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import type { JournalBatch } from '../storage/journal.ts';
import { createMemoryStorage } from '../storage/memory/store.ts';
import { StorageError } from '../storage/storage.ts';
import { TenantDirectory } from '../storage/tenant-directory.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT } from '../testing/simulated-world.ts';
import type { Publication, PublishResult } from './publication.ts';
import { createPublisher } from './publisher.ts';
import { TenantRules } from './tenant-rules.ts';

const NO_QUOTAS = DEFAULT_TENANT_SETTINGS.quotas;

async function setup(settings: Partial<TenantSettings> = {}) {
  const clock = new SimulatedClock(START_AT);
  const storage = createMemoryStorage();
  const { journal, control, tenantData } = storage;
  const tenants = new TenantDirectory({ control, clock });
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const rules = new TenantRules({ tenants, tenantData, clock, onError });
  await rules.start();
  const created = await tenants.create('acme', { ...DEFAULT_TENANT_SETTINGS, ...settings });
  const tenant = created?.number ?? 0;
  const commits: JournalBatch[] = [];
  const { sequences } = storage;
  const writer = new JournalWriter({ journal, sequences, clock, onBroken: onError });
  writer.listen({ committed: (batch) => commits.push(batch) });
  const directory = { match: () => [], byNumber: () => undefined };
  const refusal = () => undefined;
  const publisher = createPublisher({ writer, directory, clock, refusal, rules });
  const publish = (overrides: Partial<Publication> = {}) =>
    new Promise<PublishResult>((resolve) => {
      const plain = { tenant, eventType: 'a.b', dataText: '{"n":1}' };
      publisher.publish({ ...plain, ...overrides }, resolve);
    });
  const outcome = async (overrides: Partial<Publication> = {}): Promise<string> => {
    const result = await publish(overrides);
    if (result.kind !== 'refused') return result.kind;
    return 'quota' in result.refusal ? result.refusal.quota : result.refusal.code;
  };
  const change = (changed: Partial<TenantSettings>) =>
    tenants.change(tenant, () => ({ ...DEFAULT_TENANT_SETTINGS, ...settings, ...changed }));
  const bodies = async () => {
    const { items } = await tenantData.events(tenant, { after: undefined, upTo: 1e9, limit: 99 });
    return items.map(({ body }) => Buffer.from(body).toString());
  };
  return { clock, storage, tenants, tenant, rules, errors, publish, outcome, change, bodies };
}

test('a tenant without rules has none', async () => {
  const { rules, tenant, outcome, tenants } = await setup();
  await tenants.ensure('other');
  assert.equal(rules.of(tenant), undefined);
  assert.equal(rules.status(tenant), undefined);
  assert.equal(rules.take(tenant, 1_000_000), undefined);
  assert.equal(await outcome(), 'accepted');
});

test('a second’s worth of events is let in at once, and then the rate', async () => {
  const { publish, outcome, clock, rules, tenant, bodies } = await setup({
    quotas: { ...NO_QUOTAS, eventsPerSecond: 10 },
  });
  assert.deepEqual(rules.status(tenant), { quota: 10, remaining: 10, fullInSeconds: 0 });
  for (let n = 0; n < 10; n += 1) assert.equal(await outcome(), 'accepted');
  assert.deepEqual(rules.status(tenant), { quota: 10, remaining: 0, fullInSeconds: 1 });
  assert.deepEqual(await publish(), {
    kind: 'refused',
    refusal: {
      code: 'quota_exceeded',
      quota: 'events_per_second',
      reason: 'the tenant may publish 10 events a second',
      retryAfterSeconds: 1,
    },
  });
  await clock.advance(100);
  assert.equal(await outcome(), 'accepted');
  assert.equal(await outcome(), 'events_per_second');
  assert.equal((await bodies()).length, 11, 'nothing of a refused event is stored');
});

test('a duplicate counts like any other event: it costs as much', async () => {
  const { outcome } = await setup({ quotas: { ...NO_QUOTAS, eventsPerSecond: 2 } });
  assert.equal(await outcome({ id: 'own' }), 'accepted');
  assert.equal(await outcome({ id: 'own' }), 'duplicate');
  assert.equal(await outcome({ id: 'own' }), 'events_per_second');
});

test('a batch is counted as a whole, and may overdraw the quota once', async () => {
  const { rules, tenant, outcome, clock } = await setup({
    quotas: { ...NO_QUOTAS, eventsPerSecond: 10 },
  });
  assert.equal(rules.take(tenant, 30), undefined);
  assert.equal(await outcome({ quota: 'counted' }), 'accepted');
  const refused = rules.take(tenant, 1);
  assert.equal(refused?.code === 'quota_exceeded' && refused.retryAfterSeconds, 3);
  assert.equal(await outcome(), 'events_per_second');
  assert.equal(await outcome({ quota: 'exempt' }), 'accepted');
  await clock.advance(2_100);
  assert.equal(await outcome(), 'accepted');
});

test('a new rate begins full; other changes leave what was used up', async () => {
  const quotas = { ...NO_QUOTAS, eventsPerSecond: 1 };
  const { outcome, change } = await setup({ quotas });
  assert.equal(await outcome(), 'accepted');
  await change({ retentionDays: 3 });
  assert.equal(await outcome(), 'events_per_second');
  await change({ quotas: { ...quotas, eventsPerSecond: 2 } });
  assert.equal(await outcome(), 'accepted');
  await change({ quotas: NO_QUOTAS });
  for (let n = 0; n < 5; n += 1) assert.equal(await outcome(), 'accepted');
});

test('a full store refuses, also when many come at once', async () => {
  const { outcome, storage, tenant } = await setup({
    quotas: { ...NO_QUOTAS, maxStorageBytes: 1_000 },
  });
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome()));
  const accepted = outcomes.filter((kind) => kind === 'accepted').length;
  assert.equal(outcomes.filter((kind) => kind === 'max_storage_bytes').length, 50 - accepted);
  const [day] = await storage.tenantData.usage(tenant);
  const size = (day?.bytes ?? 0) / (day?.events ?? 1);
  assert.equal(accepted, Math.floor(1_000 / size), 'exactly as many as fit');
  assert.equal(await outcome({ quota: 'counted' }), 'max_storage_bytes');
  assert.equal(await outcome({ quota: 'exempt' }), 'accepted');
});

test('what is refused as a duplicate or not stored at all gives its room back', async () => {
  const { outcome, storage } = await setup({ quotas: { ...NO_QUOTAS, maxStorageBytes: 350 } });
  assert.equal(await outcome({ id: 'own' }), 'accepted');
  for (let n = 0; n < 20; n += 1) assert.equal(await outcome({ id: 'own' }), 'duplicate');
  const commit = storage.journal.commit.bind(storage.journal);
  storage.journal.commit = () => Promise.reject(new StorageError('full', 'no space'));
  for (let n = 0; n < 20; n += 1) assert.equal(await outcome(), 'unavailable');
  storage.journal.commit = commit;
  assert.equal(await outcome(), 'accepted');
});

test('room that retention made is found within seconds once the quota is exceeded', async () => {
  const { outcome, storage, tenant, clock } = await setup({
    quotas: { ...NO_QUOTAS, maxStorageBytes: 300 },
  });
  while ((await outcome()) === 'accepted');
  while ((await storage.tenantData.erase(tenant, 100)) > 0);
  await clock.advance(2_000);
  assert.equal(await outcome(), 'max_storage_bytes', 'this one makes it look again');
  assert.equal(await outcome(), 'accepted');
});

test('a quota on what was stored before counts what was stored before', async () => {
  const { outcome, change, storage, tenants, tenant, clock } = await setup();
  for (let n = 0; n < 3; n += 1) assert.equal(await outcome(), 'accepted');
  await change({ quotas: { ...NO_QUOTAS, maxStorageBytes: 250 } });
  await clock.advance(0);
  assert.equal(await outcome(), 'max_storage_bytes');
  // As after a restart.
  const { tenantData } = storage;
  const again = new TenantRules({ tenants, tenantData, clock, onError: () => assert.fail() });
  await again.start();
  assert.equal(again.of(tenant)?.storage?.reserve(1), false);
});

test('without an answer of the store the last total holds', async () => {
  const { outcome, storage, clock, errors } = await setup({
    quotas: { ...NO_QUOTAS, maxStorageBytes: 300 },
  });
  while ((await outcome()) === 'accepted');
  storage.tenantData.usage = () => Promise.reject(new StorageError('busy', 'later'));
  await clock.advance(2_000);
  assert.equal(await outcome(), 'max_storage_bytes');
  assert.equal(await outcome(), 'max_storage_bytes');
  assert.equal(errors.length, 1);
});

test('redacted values are neither stored nor hashed', async () => {
  const { outcome, bodies, storage, tenant, change } = await setup({
    redact: ['data.card.number', 'metadata.ip'],
  });
  const of = (digits: string) => ({
    id: 'own',
    dataText: `{ "card": {"number": "${digits}", "name": "x"} }`,
    metadataText: `{"ip":"${digits}"}`,
  });
  assert.equal(await outcome(of('4111')), 'accepted');
  const [body = ''] = await bodies();
  assert.ok(body.endsWith('"data":{ "card": {"number": "[redacted]", "name": "x"} }}'));
  const stored = await storage.journal.event(tenant, 1);
  assert.equal(stored?.metadata, '{"ip":"[redacted]"}');
  assert.equal(await outcome(of('4111')), 'duplicate');
  assert.equal(await outcome(of('5500')), 'duplicate', 'a hash would tell which number it was');
  assert.equal(await outcome({ ...of('4111'), eventType: 'other' }), 'conflict');
  await change({ redact: [] });
  assert.equal(await outcome({ dataText: '{"card":{"number":"1"}}' }), 'accepted');
  assert.ok((await bodies())[1]?.includes('"number":"1"'));
});

test('data that redaction makes too large is refused, and broken data is not stored', async () => {
  const { outcome, bodies, errors } = await setup({ redact: ['data[*]'] });
  const digits = Array.from({ length: 200_000 }, () => '1').join(',');
  assert.equal(await outcome({ dataText: `[${digits}]` }), 'payload_too_large');
  assert.equal(await outcome({ dataText: '[1,' }), 'redaction_failed');
  assert.ok(errors[0] instanceof SyntaxError);
  assert.deepEqual(await bodies(), []);
});

test('a tenant that is being deleted takes nothing, also not once it is gone', async () => {
  const { outcome, tenants, tenant, rules } = await setup();
  await tenants.startDeletion(tenant);
  assert.equal(await outcome(), 'tenant_is_deleting');
  assert.equal(await outcome({ quota: 'exempt' }), 'tenant_is_deleting');
  tenants.forget(tenant);
  assert.equal(await outcome(), 'tenant_is_deleting');
  assert.ok(rules.of(tenant) !== undefined);
});
