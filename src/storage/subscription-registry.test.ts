import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMasterKeys } from '../domain/secret-box.ts';
import { faultyControl, type ControlFate } from '../testing/faulty-control.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import { START_AT } from './contract/factories.ts';
import { createMemoryStorage, MemoryData } from './memory/store.ts';
import { SubscriptionRegistry } from './subscription-registry.ts';
import { liveSecret } from '../domain/subscription.ts';

const SECRET = 'a secret that nobody may read';
const OLD_KEY = Buffer.alloc(32, 1).toString('base64');
const NEW_KEY = Buffer.alloc(32, 2).toString('base64');

function setup(data = new MemoryData(), masterKeys = OLD_KEY) {
  const clock = new SimulatedClock(START_AT);
  const { control } = createMemoryStorage(data);
  const fates: ControlFate[] = [];
  const registry = new SubscriptionRegistry({
    control: faultyControl(control, () => fates.shift() ?? {}),
    masterKeys: parseMasterKeys(masterKeys),
    clock,
    random: new SeededRandom(1),
  });
  const subscribe = (tenant: number, ...eventTypes: string[]) => {
    const settings = webhookSettings({ eventTypes, name: `of ${tenant}` });
    return registry.create({ tenant, settings, secrets: [liveSecret(SECRET)] });
  };
  /** `fates` befall the writes in order; later ones succeed. */
  return { data, clock, control, registry, subscribe, fates };
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
  const heard: string[] = [];
  registry.listen({
    created: (current) => heard.push(`created ${current.number}, ${registry.count(1)} now`),
    changed: (current) =>
      heard.push(`${current.status}, known as ${registry.byNumber(number)?.status}`),
    deleted: (former) => heard.push(`deleted ${former.number}, ${registry.count(1)} left`),
  });
  const { number } = await subscribe(1, '**');
  await registry.change(number, { status: 'paused' });
  await registry.delete(number);
  assert.deepEqual(heard, [
    `created ${number}, 1 now`,
    'paused, known as paused',
    `deleted ${number}, 0 left`,
  ]);
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
  const least = await registry.create({ tenant: 1, settings: webhookSettings(), secrets: [] });
  const smallest = data.control.subscriptions.get(least.number)?.sealedSecrets.length ?? 0;
  assert.ok(after < smallest && smallest < before, `${after} < ${smallest} < ${before}`);
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
  const { registry } = await restarted(data);
  assert.deepEqual(registry.byNumber(mine.number), mine);
  assert.deepEqual(registry.byNumber(theirs.number)?.secrets, []);
  assert.equal(registry.byNumber(theirs.number)?.status, 'disabled');
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
  assert.deepEqual(rotating.registry.byNumber(number)?.secrets, [liveSecret(SECRET)]);
  await rotating.registry.change(number, { status: 'paused' });
  const { registry } = await restarted(data, NEW_KEY);
  assert.deepEqual(registry.byNumber(number)?.secrets, [liveSecret(SECRET)]);
  await assert.rejects(restarted(data, OLD_KEY), { reason: 'unknown_key' });
});

// When the store refuses

const FAULTS = ['before', 'after'] as const;

for (const fault of FAULTS) {
  test(`a change whose write failed (${fault} it was done) changes nothing`, async () => {
    const { data, clock, registry, subscribe, fates } = setup();
    const before = await subscribe(1, 'task.*');
    const heard: string[] = [];
    registry.listen({
      created: () => {},
      changed: ({ status }) => heard.push(status),
      deleted: () => {},
    });
    fates.push({ fault });
    const refused = registry.change(before.number, { status: 'paused' });
    await assert.rejects(refused, { failure: 'busy' });
    assert.equal(registry.byNumber(before.number), before);
    assert.deepEqual(heard, []);
    await clock.advance(2_000);
    assert.deepEqual((await restarted(data)).registry.byNumber(before.number), before);
    assert.equal(clock.pendingTimers, 0);
  });

  test(`a deletion whose write failed (${fault} it was done) leaves it alive`, async () => {
    const { data, clock, registry, subscribe, fates } = setup();
    const before = await subscribe(1, 'task.*');
    const heard: string[] = [];
    registry.listen({ created: () => {}, changed: () => {}, deleted: ({ id }) => heard.push(id) });
    fates.push({ fault });
    await assert.rejects(registry.delete(before.number), { failure: 'busy' });
    assert.deepEqual(registry.match(1, 'task.completed'), [before]);
    await clock.advance(2_000);
    assert.deepEqual((await restarted(data)).registry.byNumber(before.number), before);
    await registry.delete(before.number);
    assert.deepEqual(heard, [before.id]);
  });

  test(`a creation whose write failed (${fault} it was done) leaves nothing behind`, async () => {
    const { data, clock, registry, subscribe, fates } = setup();
    fates.push({ fault });
    await assert.rejects(subscribe(1, '**'), { failure: 'busy' });
    assert.equal(registry.count(1), 0);
    await clock.advance(2_000);
    assert.deepEqual((await restarted(data)).registry.list(1), []);
  });
}

test('the store is asked until it agrees, once a second, whatever it refuses', async () => {
  const { data, clock, registry, subscribe, fates } = setup();
  const { number } = await subscribe(1, '**');
  fates.push({ fault: 'after' });
  for (let refused = 0; refused < 8; refused += 1) fates.push({ fault: 'before', failure: 'full' });
  for (let tries = 0; tries < 3; tries += 1) {
    await assert.rejects(registry.change(number, { status: 'paused' }));
  }
  await clock.advance(5_500);
  assert.equal(fates.length, 1);
  assert.equal(data.control.subscriptions.get(number)?.status, 'paused');
  await clock.advance(2_000);
  assert.equal(data.control.subscriptions.get(number)?.status, 'active');
  assert.equal(clock.pendingTimers, 0);
});

test('a change that succeeds after one that failed is what the store keeps', async () => {
  const { data, clock, registry, subscribe, fates } = setup();
  const { number } = await subscribe(1, '**');
  fates.push({ fault: 'after' });
  const [first, second] = await Promise.allSettled([
    registry.change(number, { status: 'paused', disabledReason: 'x' }),
    registry.change(number, { failingSince: START_AT }),
  ]);
  assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled']);
  await clock.advance(2_000);
  const now = registry.byNumber(number);
  assert.deepEqual([now?.status, now?.failingSince], ['active', START_AT]);
  assert.deepEqual((await restarted(data)).registry.byNumber(number), now);
});

test('a store that was closed is left alone', async () => {
  const { clock, registry, subscribe, fates } = setup();
  const { number } = await subscribe(1, '**');
  fates.push({ fault: 'before', failure: 'closed' });
  await assert.rejects(registry.change(number, { status: 'paused' }), { failure: 'closed' });
  assert.equal(clock.pendingTimers, 0);
});

// Changes at the same time

test('changes at the same time take turns: each is made of what the one before left', async () => {
  const { data, registry, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(
    names.map((name) =>
      registry.change(number, (current) => ({
        settings: { ...current, name: `${current.name} ${name}` },
      })),
    ),
  );
  assert.equal(registry.byNumber(number)?.name, 'of 1 a b c d');
  const { registry: later } = await restarted(data);
  assert.deepEqual(later.byNumber(number), registry.byNumber(number));
});

test('of two versions the newer has the later instant, also within a millisecond', async () => {
  const { registry, subscribe } = setup();
  const { number, updatedAt } = await subscribe(1, '**');
  const first = await registry.change(number, { status: 'paused' });
  const second = await registry.change(number, { status: 'active' });
  assert.deepEqual([first?.updatedAt, second?.updatedAt], [updatedAt + 1, updatedAt + 2]);
});

test('what the maker of a change throws reaches its caller; the next has its turn', async () => {
  const { registry, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  const refused = registry.change(number, () => {
    throw new TypeError('not like this');
  });
  const next = registry.change(number, { status: 'paused' });
  await assert.rejects(refused, { message: 'not like this' });
  assert.equal((await next)?.status, 'paused');
});

test('what is asked of a subscription after its deletion finds nothing', async () => {
  const { registry, subscribe } = setup();
  const { number } = await subscribe(1, '**');
  const deleted = registry.delete(number);
  assert.equal(await registry.change(number, { status: 'paused' }), undefined);
  await deleted;
  await registry.delete(number);
});
