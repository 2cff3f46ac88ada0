import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSame } from './checks.ts';
import type { SubscriptionRecord } from '../control.ts';
import { newApiKey, START_AT, subscriptionRecord, tenantRecord } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeControl(harness: StorageHarness): void {
  describe('control', () => {
    const store = sharedStore(harness);
    describe('tenants', () => describeTenants(store));
    describe('tenants with settings', () => describeTenantSettings(store));
    describe('subscriptions', () => describeSubscriptions(store));
    describe('subscriptions that others write', () => describeSharedSubscriptions(store));
    describe('subscription numbers', () => describeNumbers(store));
    describe('API keys', () => describeApiKeys(store));
  });
}

function describeTenants(store: StoreUnderTest): void {
  it('creates a tenant once and finds it ever after', async () => {
    const created = await store.control.ensureTenant('acme', START_AT);
    const { number } = created;
    const since = { createdAt: START_AT, updatedAt: START_AT };
    assertSame(created, { number, name: 'acme', status: 'active', settings: '{}', ...since });
    assertSame(await store.control.ensureTenant('acme', START_AT + 5), created);
    await store.reopen();
    assertSame(await store.control.ensureTenant('acme', START_AT + 9), created);
    const named = (await store.control.tenants()).filter(({ name }) => name === 'acme');
    assertSame(named, [created]);
  });

  it('tells names apart to the letter and never shares a number', async () => {
    const names = ['globex', 'Globex', 'globex ', '회사'];
    const tenants = await Promise.all(
      names.map((name) => store.control.ensureTenant(name, START_AT)),
    );
    assert.deepEqual(
      tenants.map((tenant) => tenant.name),
      names,
    );
    assert.equal(new Set(tenants.map((tenant) => tenant.number)).size, names.length);
  });

  it('gives all who ask at the same time the same tenant', async () => {
    const asked = Array.from({ length: 10 }, (_, index) =>
      store.control.ensureTenant('initech', START_AT + index),
    );
    const [first, ...others] = await Promise.all(asked);
    for (const other of others) assertSame(other, first);
    const named = (await store.control.tenants()).filter(({ name }) => name === 'initech');
    assertSame(named, [first]);
  });
}

function describeTenantSettings(store: StoreUnderTest): void {
  it('inserts a tenant with settings, unless the name is taken', async () => {
    const wanted = tenantRecord({ name: 'hooli', settings: '{"redact":["data.비밀"]}' });
    const inserted = await store.control.insertTenant(wanted);
    assert.ok(inserted !== undefined);
    assertSame(inserted, { ...wanted, number: inserted.number });
    assert.equal(await store.control.insertTenant(tenantRecord({ name: 'hooli' })), undefined);
    assertSame(await store.control.ensureTenant('hooli', START_AT + 1), inserted);
    await store.reopen();
    assertSame(await store.control.ensureTenant('hooli', START_AT + 1), inserted);
  });

  it('gives the tenants with certain numbers', async () => {
    const made = await Promise.all(
      ['first', 'second', 'third'].map((name) => store.control.ensureTenant(name, START_AT)),
    );
    const numbers = made.map(({ number }) => number);
    const [, second, third] = made.toSorted((a, b) => a.number - b.number);
    const wanted = [third, second].map((tenant) => tenant?.number ?? 0);
    assertSame(await store.control.tenants([...wanted, Math.max(...numbers) + 1_000]), [
      second,
      third,
    ]);
    assertSame(await store.control.tenants([]), []);
  });

  it('replaces exactly the tenant that is updated', async () => {
    const first = await store.control.insertTenant(tenantRecord({ name: 'one' }));
    const second = await store.control.insertTenant(tenantRecord({ name: 'two' }));
    assert.ok(first !== undefined && second !== undefined);
    const change = { status: 'deleting', settings: '{"a":1}', updatedAt: START_AT + 7 } as const;
    await store.control.updateTenant({ ...second, ...change });
    await store.reopen();
    const all = await store.control.tenants();
    const named = all.filter(({ name }) => name === 'one' || name === 'two');
    assertSame(named, [first, { ...second, ...change }]);
  });
}

function describeSubscriptions(store: StoreUnderTest): void {
  const stored = async (...records: readonly SubscriptionRecord[]) => {
    const all = await store.control.subscriptions();
    return records.flatMap(({ number }) => all.filter((found) => found.number === number));
  };

  it('keeps every field, sealed bytes included, through a restart', async () => {
    const plain = subscriptionRecord({ number: await store.control.nextSubscriptionNumber() });
    const full = subscriptionRecord({
      number: await store.control.nextSubscriptionNumber(),
      tenant: 2,
      status: 'disabled',
      disabledReason: 'The target answered 410: “gone”.',
      failingSince: START_AT + 1,
      settings: '{"name":"감사","headers":{}}',
      sealedSecrets: new Uint8Array(Array.from({ length: 256 }, (_, byte) => byte)),
      updatedAt: START_AT + 2,
      deletedAt: START_AT + 3,
    });
    await store.control.insertSubscription(plain);
    await store.control.insertSubscription(full);
    await store.reopen();
    assertSame(await stored(plain, full), [plain, full]);
  });

  it('replaces exactly the subscription that is updated', async () => {
    const first = subscriptionRecord({ number: await store.control.nextSubscriptionNumber() });
    const second = subscriptionRecord({ number: await store.control.nextSubscriptionNumber() });
    await store.control.insertSubscription(first);
    await store.control.insertSubscription(second);
    const changed = subscriptionRecord({
      number: second.number,
      status: 'paused',
      disabledReason: 'by hand',
      failingSince: START_AT + 8,
      settings: '{"eventTypes":["**"]}',
      sealedSecrets: Uint8Array.of(9, 9),
      updatedAt: START_AT + 9,
    });
    assert.equal(await store.control.updateSubscription(changed, second.updatedAt), true);
    assertSame(await stored(first, changed), [first, changed]);
    await store.reopen();
    assertSame(await stored(first, changed), [first, changed]);
  });

  it('still lists a deleted subscription', async () => {
    const number = await store.control.nextSubscriptionNumber();
    await store.control.insertSubscription(subscriptionRecord({ number }));
    const deleted = subscriptionRecord({ number, deletedAt: START_AT + 4 });
    await store.control.updateSubscription(deleted, null);
    assertSame(await stored(deleted), [deleted]);
  });
}

/** What several nodes on one store need. */
function describeSharedSubscriptions(store: StoreUnderTest): void {
  it('leaves a subscription alone that somebody else has changed since', async () => {
    const number = await store.control.nextSubscriptionNumber();
    const first = subscriptionRecord({ number });
    await store.control.insertSubscription(first);
    const theirs = { ...first, failingSince: START_AT, updatedAt: first.updatedAt + 1 };
    assert.equal(await store.control.updateSubscription(theirs, first.updatedAt), true);
    const ours = { ...first, status: 'paused', updatedAt: first.updatedAt + 2 } as const;
    assert.equal(await store.control.updateSubscription(ours, first.updatedAt), false);
    assertSame(await store.control.subscriptions([number]), [theirs]);
    assert.equal(await store.control.updateSubscription(ours, theirs.updatedAt), true);
    assertSame(await store.control.subscriptions([number]), [ours]);
    const deleted = { ...ours, deletedAt: START_AT };
    assert.equal(await store.control.updateSubscription(deleted, null), true);
    assert.equal(await store.control.updateSubscription(ours, ours.updatedAt), false);
    assertSame(await store.control.subscriptions([number]), [deleted]);
    assert.equal(await store.control.updateSubscription(theirs, null), true);
    const missing = subscriptionRecord({ number: await store.control.nextSubscriptionNumber() });
    assert.equal(await store.control.updateSubscription(missing, null), false);
  });

  it('finds those that are asked for by number', async () => {
    const records = await Promise.all(
      [1, 2, 3].map(async () =>
        subscriptionRecord({ number: await store.control.nextSubscriptionNumber() }),
      ),
    );
    for (const record of records) await store.control.insertSubscription(record);
    const [first, , third] = records.map(({ number }) => number);
    assert.ok(first !== undefined && third !== undefined);
    const found = await store.control.subscriptions([third, first, 1_000_000]);
    assertSame(found, [records[0], records[2]]);
    assertSame(await store.control.subscriptions([]), []);
  });
}

function describeNumbers(store: StoreUnderTest): void {
  const reserve = async (count: number): Promise<number[]> =>
    Promise.all(Array.from({ length: count }, () => store.control.nextSubscriptionNumber()));

  it('gives each of many callers its own positive number', async () => {
    const numbers = await reserve(10);
    assert.equal(new Set(numbers).size, 10);
    assert.ok(numbers.every((number) => Number.isSafeInteger(number) && number > 0));
  });

  it('never gives a number again: not after a restart, not after a deletion', async () => {
    const [used, unused] = await reserve(2);
    assert.ok(used !== undefined && unused !== undefined);
    const record = subscriptionRecord({ number: used });
    await store.control.insertSubscription(record);
    await store.control.updateSubscription({ ...record, deletedAt: START_AT + 1 }, null);
    await store.reopen();
    const later = await reserve(3);
    assert.ok(!later.includes(used), 'the number of a deleted subscription came back');
    assert.ok(!later.includes(unused), 'a number reserved but not yet inserted came back');
  });
}

function describeApiKeys(store: StoreUnderTest): void {
  it('keeps every field of a key, through a restart', async () => {
    const short = newApiKey({ name: 'short', expiresAt: START_AT + 60_000, tenant: 2 });
    const bare = newApiKey({ name: 'bare', scopes: [] });
    const first = await store.control.insertApiKey(short);
    const second = await store.control.insertApiKey(bare);
    assertSame(first, { ...short, number: first.number });
    assertSame(second, { ...bare, number: second.number });
    assert.notEqual(first.number, second.number);
    await store.reopen();
    const all = await store.control.apiKeys();
    for (const key of [first, second]) {
      assertSame(
        all.filter(({ number }) => number === key.number),
        [key],
      );
    }
  });

  it('revokes one key, once, for good', async () => {
    const revoked = await store.control.insertApiKey(newApiKey({ name: 'revoked' }));
    const other = await store.control.insertApiKey(newApiKey({ name: 'other' }));
    await store.control.revokeApiKey(revoked.number, START_AT + 10);
    await store.control.revokeApiKey(revoked.number, START_AT + 20);
    await store.reopen();
    const instants = new Map(
      (await store.control.apiKeys()).map((key) => [key.number, key.revokedAt]),
    );
    assert.equal(instants.get(revoked.number), START_AT + 10);
    assert.equal(instants.get(other.number), null);
    const [found, ...more] = await store.control.apiKeys([revoked.number]);
    assert.equal(found?.name, 'revoked');
    assert.deepEqual(more, []);
  });
}
