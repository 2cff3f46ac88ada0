/** A tenant is taken out of the store, and nobody else loses anything. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TenantRecord } from '../control.ts';
import type { Storage } from '../storage.ts';
import { assertSame } from './checks.ts';
import {
  attempt,
  batch,
  dedupeKey,
  delivery,
  inboundRecord,
  FIRST_DUE,
  newApiKey,
  newEvent,
  newReplay,
  pollState,
  sourceRecord,
  START_AT,
  subscriptionRecord,
} from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

const EVENTS = 40;

export function describeTenantErasure(harness: StorageHarness): void {
  describe('erasing a tenant', () => {
    const store = freshStore(harness);
    describe('among others', () => describeOneOfTwo(store));
    describe('to the end', () => describeTheEnd(store));
  });
}

function describeOneOfTwo(store: StoreUnderTest): void {
  it('leaves nothing of it, and everything of the others', async () => {
    const [gone, stays] = await twoTenants(store.storage);
    const before = await everything(store.storage, stays);
    assert.notDeepEqual(await everything(store.storage, gone), NOTHING);
    await eraseAll(store.storage, gone, 1_000);
    assert.deepEqual(await everything(store.storage, gone), NOTHING);
    assert.deepEqual(await everything(store.storage, stays), before);
    await store.reopen();
    assert.deepEqual(await everything(store.storage, gone), NOTHING);
    assert.deepEqual(await everything(store.storage, stays), before);
  });

  it('never gives a sequence again', async () => {
    const [gone, stays] = await twoTenants(store.storage);
    const before = await store.journal.state();
    for (const tenant of [gone, stays]) await eraseAll(store.storage, tenant, 1_000);
    await store.reopen();
    assertSame(await store.journal.state(), before);
  });

  it('goes in chunks of about the size that is asked for, and on after a restart', async () => {
    const [gone, stays] = await twoTenants(store.storage);
    const before = await everything(store.storage, stays);
    const first = await store.tenantData.erase(gone, 5);
    assert.ok(first >= 5 && first <= 20, String(first));
    assert.notDeepEqual(await everything(store.storage, gone), NOTHING);
    await store.reopen();
    await eraseAll(store.storage, gone, 7);
    assert.deepEqual(await everything(store.storage, gone), NOTHING);
    assert.deepEqual(await everything(store.storage, stays), before);
  });

  it('frees the keys of its events', async () => {
    const [gone] = await twoTenants(store.storage);
    await eraseAll(store.storage, gone, 1_000);
    const again = newEvent({ sequence: 900, tenant: gone, dedupe: [dedupeKey('1')] });
    assert.deepEqual(await store.journal.commit(batch({ events: [again] })), []);
  });
}

function describeTheEnd(store: StoreUnderTest): void {
  it('finds deliveries of events that are not there', async () => {
    const orphan = delivery({ sequence: 77, tenant: 4 });
    await store.journal.commit(batch({ deliveries: [orphan] }));
    await eraseAll(store.storage, 4, 1_000);
    assertSame(await store.journal.due(FIRST_DUE, Number.MAX_SAFE_INTEGER, 10), []);
  });

  it('erases nothing of a tenant that has nothing', async () => {
    assert.equal(await store.tenantData.erase(99, 1_000), 0);
    await store.tenantData.shred();
    await store.tenantData.remove(99);
  });

  it('frees the name, and never gives the number again', async () => {
    const { control, tenantData } = store;
    const first = await control.ensureTenant('acme', START_AT);
    const key = await control.insertApiKey(newApiKey({ tenant: first.number }));
    await eraseAll(store.storage, first.number, 1_000);
    await tenantData.remove(first.number);
    assertSame(await store.control.tenants(), []);
    await store.reopen();
    const second = await store.control.ensureTenant('acme', START_AT + 1);
    assert.notEqual(second.number, first.number);
    const other = await store.control.insertApiKey(newApiKey({ name: 'other' }));
    assert.notEqual(other.number, key.number);
  });
}

async function eraseAll({ tenantData }: Storage, tenant: number, limit: number): Promise<void> {
  while ((await tenantData.erase(tenant, limit)) > 0);
  await tenantData.shred();
}

/** Two tenants whose events, deliveries and attempts lie mixed in the journal. */
async function twoTenants({
  control,
  journal,
  replays,
  pollStates,
}: Storage): Promise<[number, number]> {
  const tenants: number[] = [];
  for (const name of ['gone', 'stays']) {
    const { number: tenant } = await control.ensureTenant(name, START_AT);
    tenants.push(tenant);
    const number = await control.nextSubscriptionNumber();
    await control.insertSubscription(subscriptionRecord({ number, tenant }));
    await control.insertApiKey(newApiKey({ name, tenant }));
    await replays.insert(newReplay({ tenant }));
    await control.insertSource(sourceRecord({ number: tenant, tenant }));
    await pollStates.save([pollState({ tenant, source: tenant })]);
  }
  const [gone = 0, stays = 0] = tenants;
  for (let sequence = 1; sequence <= EVENTS; sequence += 1) {
    const tenant = sequence % 2 === 0 ? gone : stays;
    const subscription = sequence % 2 === 0 ? 1 : 2;
    const event = newEvent({
      sequence,
      tenant,
      matched: [subscription],
      dedupe: [dedupeKey(String(sequence))],
      source: tenant,
      parked: sequence % 5 === 0 ? [delivery({ sequence, subscription, tenant })] : [],
    });
    const same = { sequence, subscription };
    const attempts = [1, 2].map((number) => attempt({ ...same, number, outcome: 'failed' }));
    const deliveries = [delivery({ ...same, tenant, attempts: 2 })];
    const inbound = [inboundRecord({ sequence: EVENTS + sequence, tenant, source: tenant })];
    await journal.commit(batch({ events: [event], attempts, deliveries, inbound }));
  }
  return [gone, stays];
}

const NOTHING = {
  events: [],
  types: [],
  deliveries: [],
  attempts: [],
  contents: [],
  due: [],
  keys: [],
  subscriptions: [],
  apiKeys: [],
  replays: [],
  usage: [],
  sources: [],
  inbound: [],
  pollStates: [],
};

/** All that the port shows of a tenant, in a form that can be compared. */
async function everything(storage: Storage, tenant: number) {
  const { journal, control, tenantData, replays } = storage;
  const sequences = Array.from({ length: EVENTS }, (_, index) => index + 1);
  const isGone = ({ name, number }: TenantRecord) => name === 'gone' && number === tenant;
  const mine = (await control.tenants()).some(isGone) ? 0 : 1;
  const own = sequences.filter((sequence) => sequence % 2 === mine);
  const page = await journal.listEvents(tenant, { limit: 100 });
  const typed = { eventType: 'task.completed', limit: 100 };
  const byType = await journal.listEvents(tenant, typed);
  const deliveries = await journal.listDeliveries(tenant, { limit: 100 });
  const subscription = mine === 0 ? 1 : 2;
  const attempts = await Promise.all(own.map((s) => journal.attempts(s, subscription)));
  const contents = await journal.contents(own);
  const due = await journal.due(FIRST_DUE, Number.MAX_SAFE_INTEGER, 100);
  const keys = await Promise.all(
    sequences.map((s) => journal.sequenceOfKey(tenant, dedupeKey(String(s)).hash)),
  );
  const found = {
    events: page.items,
    types: byType.items,
    deliveries: deliveries.items,
    attempts: attempts.flat(),
    contents,
    due: due.filter((row) => row.tenant === tenant),
    keys: keys.filter((key) => key !== undefined),
    subscriptions: (await control.subscriptions()).filter((row) => row.tenant === tenant),
    apiKeys: (await control.apiKeys()).filter((row) => row.tenant === tenant),
    replays: (await replays.list(tenant, { limit: 9 })).items,
    usage: await tenantData.usage(tenant),
    sources: (await control.sources()).filter((row) => row.tenant === tenant),
    inbound: (await storage.inbound.list(tenant, { limit: 200 })).items,
    pollStates: await storage.pollStates.load(tenant),
  };
  return JSON.parse(JSON.stringify(found)) as unknown;
}
