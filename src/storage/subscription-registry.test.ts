import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMasterKeys } from '../domain/secret-box.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import { START_AT } from './contract/factories.ts';
import { createMemoryStorage, MemoryData } from './memory/store.ts';
import { SubscriptionRegistry } from './subscription-registry.ts';

const SECRET = 'a secret that nobody may read';
const OLD_KEY = Buffer.alloc(32, 1).toString('base64');
const NEW_KEY = Buffer.alloc(32, 2).toString('base64');

function setup(data = new MemoryData(), masterKeys = OLD_KEY) {
  const clock = new SimulatedClock(START_AT);
  const { control } = createMemoryStorage(data);
  const registry = new SubscriptionRegistry({
    control,
    masterKeys: parseMasterKeys(masterKeys),
    clock,
    random: new SeededRandom(1),
  });
  const subscribe = (tenant: number, ...eventTypes: string[]) => {
    const settings = webhookSettings({ eventTypes, name: `of ${tenant}` });
    return registry.create({ tenant, settings, secrets: [SECRET] });
  };
  return { data, clock, control, registry, subscribe };
}

/** A registry over what another one left behind, as after a restart. */
async function restarted(data: MemoryData, masterKeys = OLD_KEY) {
  const world = setup(data, masterKeys);
  await world.registry.load();
  return world;
}

function numbers(subscriptions: readonly { readonly number: number }[]): number[] {
  return subscriptions.map((subscription) => subscription.number);
}

test('a new subscription is active and matches from then on', async () => {
  const { registry, subscribe } = setup();
  assert.deepEqual(registry.match(1, 'task.completed'), []);
  const created = await subscribe(1, 'task.*');
  assert.equal(created.status, 'active');
  assert.equal(created.createdAt, START_AT);
  assert.match(created.id, /^sub_/);
  assert.deepEqual(registry.match(1, 'task.completed'), [created]);
  assert.deepEqual(registry.match(1, 'run.completed'), []);
  assert.equal(registry.byNumber(created.number), created);
});

test('a second subscription joins routes that were in use', async () => {
  const { registry, subscribe } = setup();
  const first = await subscribe(1, 'task.*');
  assert.deepEqual(numbers(registry.match(1, 'task.completed')), [first.number]);
  const second = await subscribe(1, '**');
  assert.deepEqual(
    numbers(registry.match(1, 'task.completed')).toSorted((a, b) => a - b),
    [first.number, second.number],
  );
});

test('a tenant sees, finds and matches its own subscriptions only', async () => {
  const { registry, subscribe } = setup();
  const mine = await subscribe(1, '**');
  const theirs = await subscribe(2, '**');
  assert.deepEqual(registry.match(1, 'task.completed'), [mine]);
  assert.deepEqual(registry.match(2, 'task.completed'), [theirs]);
  assert.deepEqual(registry.list(1), [mine]);
  assert.equal(registry.count(2), 1);
  assert.equal(registry.count(3), 0);
  assert.equal(registry.find(1, mine.id), mine);
  assert.equal(registry.find(2, mine.id), undefined);
});

test('an id that names the right number but not the subscription finds nothing', async () => {
  const { clock, registry, subscribe } = setup();
  await clock.advance(5);
  const { id } = await subscribe(1, '**');
  const elsewhere = setup();
  const other = await elsewhere.subscribe(1, '**');
  assert.notEqual(other.id, id, 'same number, another instant');
  assert.equal(registry.find(1, other.id), undefined);
  assert.equal(registry.find(1, 'sub_nonsense'), undefined);
});

test('a change replaces the snapshot, the routes and the stored row', async () => {
  const { data, clock, registry, subscribe } = setup();
  const before = await subscribe(1, 'task.*');
  await clock.advance(60);
  const settings = webhookSettings({ eventTypes: ['run.*'], name: 'renamed' });
  const after = await registry.change(before.number, { settings, status: 'paused' });
  assert.notEqual(after, before, 'a change is a new object: whoever cached the old one may see');
  assert.deepEqual(registry.match(1, 'task.completed'), []);
  assert.deepEqual(registry.match(1, 'run.started'), [after]);
  assert.equal(after?.updatedAt, START_AT + 60);
  assert.equal(after.createdAt, before.createdAt);
  const { registry: later } = await restarted(data);
  assert.deepEqual(later.byNumber(before.number), after);
});

test('two changes in a row build on each other', async () => {
  const { data, registry, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  await Promise.all([
    registry.change(number, { status: 'disabled', disabledReason: 'it answered 410' }),
    registry.change(number, { failingSince: START_AT + 1 }),
  ]);
  const { registry: later } = await restarted(data);
  for (const known of [registry, later]) {
    const { status, disabledReason, failingSince } = known.byNumber(number) ?? {};
    assert.deepEqual(
      { status, disabledReason, failingSince },
      { status: 'disabled', disabledReason: 'it answered 410', failingSince: START_AT + 1 },
    );
  }
});

test('what does not exist is neither changed nor deleted', async () => {
  const { data, registry } = setup();
  assert.equal(await registry.change(9, { status: 'paused' }), undefined);
  await registry.delete(9);
  assert.equal(data.control.subscriptions.size, 0);
});

test('a deleted subscription is gone, but its id is still known', async () => {
  const { data, registry, subscribe } = setup();
  const kept = await subscribe(1, '**');
  const { number, id } = await subscribe(1, '**');
  await registry.delete(number);
  const { registry: later } = await restarted(data);
  for (const known of [registry, later]) {
    assert.deepEqual(numbers(known.match(1, 'task.completed')), [kept.number]);
    assert.equal(known.byNumber(number), undefined);
    assert.equal(known.find(1, id), undefined);
    assert.deepEqual(numbers(known.list(1)), [kept.number]);
    assert.equal(known.count(1), 1);
    assert.equal(known.idOf(number), id);
    assert.deepEqual(numbers(known.known()), [kept.number, number]);
  }
});

test('a number is never given out twice', async () => {
  const { registry, subscribe } = setup();
  const first = await subscribe(1, '**');
  await registry.delete(first.number);
  const second = await subscribe(1, '**');
  assert.notEqual(second.number, first.number);
});

test('listeners are told after the snapshot has changed', async () => {
  const { registry, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  const heard: string[] = [];
  registry.listen({
    changed: (current) =>
      heard.push(`${current.status}, known as ${registry.byNumber(number)?.status}`),
    deleted: (former) => heard.push(`deleted ${former.number}, ${registry.count(1)} left`),
  });
  await registry.change(number, { status: 'paused' });
  await registry.delete(number);
  assert.deepEqual(heard, ['paused, known as paused', `deleted ${number}, 0 left`]);
});

test('the store holds no secret text, and a restart opens what is sealed', async () => {
  const { data, subscribe } = setup();
  const created = await subscribe(1, '**');
  const row = data.control.subscriptions.get(created.number);
  assert.ok(row !== undefined);
  assert.equal(Buffer.from(row.sealedSecrets).includes(SECRET), false);
  assert.equal(JSON.stringify(row).includes(SECRET), false);
  const { registry } = await restarted(data);
  assert.deepEqual(registry.byNumber(created.number), created);
});

test('a deleted subscription leaves no secret behind, sealed or not', async () => {
  const { data, registry, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  const before = data.control.subscriptions.get(number)?.sealedSecrets.length ?? 0;
  await registry.delete(number);
  const after = data.control.subscriptions.get(number)?.sealedSecrets.length ?? 0;
  assert.equal(before - after, JSON.stringify([SECRET]).length - JSON.stringify([]).length);
});

test('a secret copied into the row of another tenant does not open', async () => {
  const { data, subscribe } = setup();
  const mine = await subscribe(1, '**');
  const theirs = await subscribe(2, '**');
  const rows = data.control.subscriptions;
  const stolen = rows.get(mine.number);
  const row = rows.get(theirs.number);
  assert.ok(stolen !== undefined && row !== undefined);
  rows.set(theirs.number, { ...row, sealedSecrets: stolen.sealedSecrets });
  await assert.rejects(restarted(data), { name: 'SecretBoxError', reason: 'not_authentic' });
});

test('a wrong master key fails the load with a sentence that holds no secret', async () => {
  const { data, subscribe } = setup();
  await subscribe(1, '**');
  await assert.rejects(restarted(data, NEW_KEY), (error: Error) => {
    assert.match(error.message, /sealed with master key [0-9a-f]{8}, which is not configured/);
    assert.equal(error.message.includes(SECRET), false);
    assert.equal(error.message.includes(OLD_KEY), false);
    return true;
  });
});

test('of two master keys the old one opens and the new one seals', async () => {
  const { data, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  const rotating = await restarted(data, `${NEW_KEY},${OLD_KEY}`);
  assert.deepEqual(rotating.registry.byNumber(number)?.secrets, [SECRET]);
  await rotating.registry.change(number, { status: 'paused' });
  const { registry } = await restarted(data, NEW_KEY);
  assert.deepEqual(registry.byNumber(number)?.secrets, [SECRET]);
  await assert.rejects(restarted(data, OLD_KEY), { reason: 'unknown_key' });
});
