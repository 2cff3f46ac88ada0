/** Master keys that change or are lost, secrets that end: what memory and store hold by then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMasterKeys, sealedWith } from '../domain/secret-box.ts';
import { liveSecret, type SigningSecret } from '../domain/subscription.ts';
import { faultyControl, type ControlFate } from '../testing/faulty-control.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT, webhookSettings } from '../testing/simulated-world.ts';
import type { SubscriptionRecord } from './control.ts';
import { createMemoryStorage, MemoryData } from './memory/store.ts';
import { SecretUpkeep } from './secret-upkeep.ts';
import { StorageError } from './storage.ts';
import { SubscriptionRegistry } from './subscription-registry.ts';

const SECRET = 'a secret that nobody may read';
const [OLD_KEY, NEW_KEY, OTHER_KEY] = [1, 2, 3].map((byte) =>
  Buffer.alloc(32, byte).toString('base64'),
) as [string, string, string];
const NEW_ID = parseMasterKeys(NEW_KEY)[0].id;
const MINUTE_MS = 60_000;

/** A process over the disk: a registry, and the upkeep of its secrets. */
async function start(
  data: MemoryData,
  masterKeys: string,
  whenAllAreLost: 'refuse' | 'disable' = 'refuse',
) {
  const clock = new SimulatedClock(START_AT);
  const fates: ControlFate[] = [];
  const registry = new SubscriptionRegistry({
    control: faultyControl(createMemoryStorage(data).control, () => fates.shift() ?? {}),
    masterKeys: parseMasterKeys(masterKeys),
    clock,
    random: new SeededRandom(masterKeys.length),
    whenAllAreLost,
  });
  const locked = await registry.load();
  const resealed: number[] = [];
  const errors: unknown[] = [];
  const upkeep = new SecretUpkeep({
    registry,
    clock,
    onResealed: (count) => resealed.push(count),
    onError: (error) => errors.push(error),
  });
  const subscribe = (secrets: readonly SigningSecret[] = [liveSecret(SECRET)]) =>
    registry.create({
      tenant: 1,
      settings: { ...webhookSettings(), headers: { 'x-api-key': 'k' } },
      secrets,
    });
  return { clock, registry, upkeep, locked, resealed, errors, subscribe, fates };
}

async function withSubscriptions(count: number): Promise<MemoryData> {
  const data = new MemoryData();
  const { subscribe } = await start(data, OLD_KEY);
  for (let made = 0; made < count; made += 1) await subscribe();
  return data;
}

function keyIds(data: MemoryData): string[] {
  return [...data.control.subscriptions.values()].map((row) => sealedWith(row.sealedSecrets));
}

function withoutSeal({ sealedSecrets: _sealed, ...row }: SubscriptionRecord) {
  return row;
}

function rowOf(data: MemoryData, number: number) {
  const row = data.control.subscriptions.get(number);
  assert.ok(row !== undefined);
  return row;
}

test('with a new key in front every row is sealed anew, and the old key can go', async () => {
  const data = await withSubscriptions(5);
  const former = [...data.control.subscriptions.values()];
  const { registry, upkeep, resealed } = await start(data, `${NEW_KEY},${OLD_KEY}`);
  assert.equal(registry.outdated.length, 5);
  await upkeep.renew();
  assert.deepEqual(registry.outdated, []);
  assert.deepEqual(resealed, [5]);
  assert.deepEqual(new Set(keyIds(data)), new Set([NEW_ID]));
  const others = [...data.control.subscriptions.values()].map(withoutSeal);
  assert.deepEqual(others, former.map(withoutSeal), 'nothing else of the rows has changed');
  const later = await start(data, NEW_KEY);
  for (const { number } of former) {
    const { secrets, headers, status } = later.registry.byNumber(number) ?? {};
    assert.deepEqual(secrets, [liveSecret(SECRET)]);
    assert.deepEqual(headers, { 'x-api-key': 'k' });
    assert.equal(status, 'active');
  }
});

test('a crash in the middle leaves rows of both keys, and the next start goes on', async () => {
  const data = await withSubscriptions(4);
  const first = await start(data, `${NEW_KEY},${OLD_KEY}`);
  first.fates.push({}, {}, { fault: 'before' });
  await assert.rejects(first.upkeep.renew(), StorageError);
  assert.deepEqual(first.resealed, [], 'it is not said to be done');
  assert.equal(keyIds(data).filter((id) => id === NEW_ID).length, 2);
  const second = await start(data, `${NEW_KEY},${OLD_KEY}`);
  assert.equal(second.registry.outdated.length, 2);
  await second.upkeep.renew();
  assert.deepEqual(second.resealed, [2]);
  assert.deepEqual(new Set(keyIds(data)), new Set([NEW_ID]));
});

test('after the store has refused, the next round goes on', async () => {
  const data = await withSubscriptions(2);
  const { clock, fates, upkeep, registry, errors, resealed } = await start(
    data,
    `${NEW_KEY},${OLD_KEY}`,
  );
  fates.push({ fault: 'before' });
  await upkeep.start();
  await clock.advance(MINUTE_MS - 1);
  assert.equal(errors.length, 1);
  assert.equal(registry.outdated.length, 2);
  await clock.advance(MINUTE_MS);
  await upkeep.stop();
  assert.deepEqual(registry.outdated, []);
  assert.deepEqual(resealed, [2]);
});

test('with one master key nothing is written', async () => {
  const data = await withSubscriptions(2);
  const rows = [...data.control.subscriptions.values()];
  const { upkeep, resealed } = await start(data, OLD_KEY);
  await upkeep.renew();
  assert.deepEqual([...data.control.subscriptions.values()], rows);
  assert.deepEqual(resealed, []);
});

test('a secret that has ended leaves memory and store within a minute', async () => {
  const data = new MemoryData();
  const { clock, registry, upkeep, subscribe } = await start(data, OLD_KEY);
  const ended = { text: SECRET, expiresAt: START_AT + 90_000 };
  const { number, updatedAt } = await subscribe([liveSecret('the newest of its secrets'), ended]);
  const { length } = rowOf(data, number).sealedSecrets;
  await upkeep.start();
  await clock.advance(89_000);
  assert.equal(registry.byNumber(number)?.secrets.length, 2);
  await clock.advance(MINUTE_MS);
  await upkeep.stop();
  const { secrets, updatedAt: later } = registry.byNumber(number) ?? {};
  assert.deepEqual(secrets, [liveSecret('the newest of its secrets')]);
  assert.equal(later, updatedAt, 'for its owner nothing has changed');
  assert.ok(rowOf(data, number).sealedSecrets.length < length);
  const { registry: next } = await start(data, OLD_KEY);
  assert.deepEqual(next.byNumber(number)?.secrets, secrets);
});

test('one row that can not be opened disables its subscription, and no other', async () => {
  const data = await withSubscriptions(2);
  const other = await start(data, `${OTHER_KEY},${OLD_KEY}`);
  const { number } = await other.subscribe();
  const { registry, locked } = await start(data, OLD_KEY);
  assert.deepEqual(
    locked.map(({ record, error }) => [record.number, error.reason]),
    [[number, 'unknown_key']],
  );
  const { status, disabledReason, secrets, headers, eventTypes } = registry.byNumber(number) ?? {};
  assert.deepEqual([status, secrets, headers], ['disabled', [], {}]);
  assert.match(disabledReason ?? '', /^secret_unavailable: /);
  assert.deepEqual(eventTypes, ['**'], 'its events match, and are held');
  assert.equal(registry.match(1, 'task.completed').length, 3);
  const active = registry.list(1).filter((subscription) => subscription.status === 'active');
  assert.equal(active.length, 2);
});

test('a locked row keeps its seal and status, and opens when the key is back', async () => {
  const data = await withSubscriptions(1);
  const other = await start(data, `${OTHER_KEY},${OLD_KEY}`);
  const { number } = await other.subscribe();
  await other.registry.change(number, { status: 'paused' });
  const sealed = rowOf(data, number);
  const { registry, upkeep } = await start(data, OLD_KEY);
  await upkeep.renew();
  await registry.change(number, { failingSince: START_AT });
  const { sealedSecrets, status, disabledReason } = rowOf(data, number);
  assert.deepEqual([sealedSecrets, status], [sealed.sealedSecrets, 'paused']);
  assert.equal(disabledReason, null);
  const back = await start(data, `${OLD_KEY},${OTHER_KEY}`);
  assert.deepEqual(back.locked, []);
  assert.deepEqual(back.registry.byNumber(number)?.secrets, [liveSecret(SECRET)]);
  assert.equal(back.registry.byNumber(number)?.status, 'paused');
});

test('new secrets unlock it for good, also when the store refuses them at first', async () => {
  const data = await withSubscriptions(1);
  const other = await start(data, `${OTHER_KEY},${OLD_KEY}`);
  const { number } = await other.subscribe();
  const { registry, fates } = await start(data, OLD_KEY);
  const secrets = [liveSecret('the secret that replaced it')];
  const sealed = rowOf(data, number);
  fates.push({ fault: 'before' });
  await assert.rejects(registry.change(number, { secrets }), StorageError);
  assert.deepEqual(rowOf(data, number), sealed);
  await registry.change(number, { secrets });
  const { registry: later, locked } = await start(data, OLD_KEY);
  assert.deepEqual(locked, []);
  assert.deepEqual(later.byNumber(number)?.secrets, secrets);
});

test('a row with broken bytes is locked, too, even when it is the only one', async () => {
  const data = await withSubscriptions(1);
  const row = rowOf(data, 1);
  const sealedSecrets = row.sealedSecrets.map((byte, at) => (at === 40 ? byte ^ 1 : byte));
  data.control.subscriptions.set(1, { ...row, sealedSecrets });
  const { locked } = await start(data, OLD_KEY);
  assert.deepEqual(
    locked.map(({ error }) => error.reason),
    ['not_authentic'],
  );
});

test('when no row opens the start is refused, unless it is told otherwise', async () => {
  const data = await withSubscriptions(2);
  await assert.rejects(start(data, NEW_KEY), { name: 'SecretBoxError', reason: 'unknown_key' });
  const { registry, locked } = await start(data, NEW_KEY, 'disable');
  assert.equal(locked.length, 2);
  assert.deepEqual(
    registry.list(1).map(({ status }) => status),
    ['disabled', 'disabled'],
  );
});

test('a locked subscription can be deleted', async () => {
  const data = await withSubscriptions(1);
  const other = await start(data, `${OTHER_KEY},${OLD_KEY}`);
  const { number } = await other.subscribe();
  const { registry } = await start(data, OLD_KEY);
  await registry.delete(number);
  const later = await start(data, OLD_KEY);
  assert.deepEqual(later.locked, []);
  assert.equal(later.registry.byNumber(number), undefined);
  assert.ok(rowOf(data, number).deletedAt !== null);
});
