import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { newEntry } from '../../src/api/event-types/event-type-schema.ts';
import { EventCatalogue } from '../../src/catalogue/catalogue.ts';
import { Authenticator } from '../../src/api/auth/authenticator.ts';
import { TenantDirectory } from '../../src/storage/tenant-directory.ts';
import { KeyDirectory } from '../../src/api/auth/key-directory.ts';
import { DEFAULT_SOURCE_CHOICES } from '../../src/domain/source.ts';
import { systemClock, systemRandom } from '../../src/runtime/system.ts';
import { ControlChanges } from '../../src/storage/control-changes.ts';
import type { TestNode } from './node.ts';
import { describeCluster, type ClusterWorld, type OpenCluster } from './world.ts';

/** What an operator may count on; the slowest machine that runs this takes its share of it. */
const KNOWN_WITHIN_MS = 1_000;

await describeCluster('control plane', (open) => {
  test('a subscription is known, changed, paused, resumed and deleted on every node', (t) =>
    subscriptionFollows(t, open));
  test('a source is known, changed and deleted on every node', (t) => sourceFollows(t, open));
  test('a change whose notification was lost comes with a heartbeat', (t) =>
    lostNotification(t, open));
  test('changes at the same time on different nodes are both made', (t) =>
    sameTimeChanges(t, open));
  test('a deletion wins against a change at the same time', (t) => deletionWins(t, open));
  test('keys and tenants work on every node, and a revoked key on none', (t) =>
    keysFollow(t, open));
  test('what one node writes into the event catalogue holds on the other', (t) =>
    catalogueFollows(t, open));
  test('a reload that fails is repeated until it does not', (t) => failingReload(t, open));
});

async function twoNodes(t: TestContext, open: OpenCluster) {
  const world = await open(t, 2);
  const [a, b] = world.nodes;
  assert.ok(a && b);
  return { world, a, b };
}

/** How long it took until the other node saw it. */
async function timed(world: ClusterWorld, what: string, seen: () => boolean): Promise<number> {
  const startedAt = performance.now();
  await world.until(what, seen);
  return performance.now() - startedAt;
}

async function subscriptionFollows(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  const { number, id } = await world.subscribe(a, { maxInFlight: 5 });
  const onB = () => b.registry.byNumber(number);
  assert.equal(b.registry.find(1, id)?.id, id);
  await a.registry.change(number, { status: 'paused' });
  const paused = await timed(world, 'b knows it is paused', () => onB()?.status === 'paused');
  const [heldOnB] = await b.publishMany(1);
  const [heldOnA] = await a.publishMany(1);
  assert.deepEqual(world.targets.arrivals, []);
  await a.registry.change(number, { status: 'active' });
  await a.cluster.deliveries.release(number);
  await world.until('both nodes have released what they held', () =>
    [heldOnA, heldOnB].every((held) => world.targets.byEvent(number).has(held ?? '')),
  );
  const settings = { ...(onB() ?? assert.fail()), maxInFlight: 9 };
  await a.registry.change(number, { settings });
  const changed = await timed(world, 'b knows its settings', () => onB()?.maxInFlight === 9);
  await a.registry.delete(number);
  const deleted = await timed(world, 'b knows it is gone', () => onB() === undefined);
  assert.deepEqual(b.registry.match(1, 'task.completed'), []);
  assert.equal(b.registry.idOf(number), id);
  const slowest = Math.max(paused, changed, deleted);
  t.diagnostic(`known on the other node after at most ${Math.round(slowest)} ms`);
  assert.ok(slowest < KNOWN_WITHIN_MS);
}

async function sourceFollows(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  const settings = { ...DEFAULT_SOURCE_CHOICES, provider: 'github' };
  const created = await a.sources.create({ tenant: 1, settings, secrets: ['first'] });
  const { number, token } = created;
  const known = await timed(world, 'b knows it', () => b.sources.byToken(token) !== undefined);
  assert.deepEqual(b.sources.byNumber(number), created);
  await b.sources.change(number, { secrets: ['second', 'first'] });
  await a.sources.change(number, { renewToken: true });
  const now = a.sources.byNumber(number) ?? assert.fail();
  assert.deepEqual(now.secrets, ['second', 'first'], 'made of what b had written');
  const renewed = await timed(
    world,
    'b knows its new door',
    () => b.sources.byToken(now.token)?.number === number,
  );
  assert.equal(b.sources.byToken(token), undefined);
  await a.sources.remove(number);
  const gone = await timed(world, 'b knows it is gone', () => !b.sources.byNumber(number));
  assert.equal(b.sources.idOf(number), created.id);
  assert.ok(Math.max(known, renewed, gone) < KNOWN_WITHIN_MS);
}

async function lostNotification(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  const { number } = await world.subscribe(a);
  // Nobody is told any more; the changes are still written down.
  await world.query(`
    create or replace function log_control_change() returns trigger language plpgsql as $$
    begin
      insert into control_change (table_name, key) values (tg_table_name, new.number::text);
      return null;
    end $$`);
  await a.registry.change(number, { status: 'paused' });
  await world.until('b knows all the same', () => {
    return b.registry.byNumber(number)?.status === 'paused';
  });
}

async function sameTimeChanges(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  const { number } = await world.subscribe(a);
  const rounds = 20;
  const rename = (node: TestNode) =>
    node.registry.change(number, (current) => ({
      settings: { ...current, name: `${current.name ?? ''}${node.name}` },
    }));
  for (let round = 0; round < rounds; round += 1) await Promise.all([rename(a), rename(b)]);
  await world.until('both nodes say the same', () => {
    const names = [a, b].map(({ registry }) => registry.byNumber(number)?.name ?? '');
    return names[0] === names[1] && names[0]?.length === 2 * rounds;
  });
  const [stored] = await a.storage.control.subscriptions([number]);
  assert.equal(stored?.updatedAt, b.registry.byNumber(number)?.updatedAt);
}

async function deletionWins(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  for (let round = 0; round < 10; round += 1) {
    const { number } = await world.subscribe(a);
    await Promise.all([
      a.registry.delete(number),
      b.registry.change(number, { status: 'paused' }),
      b.registry.change(number, { failingSince: 1 }),
    ]);
    await world.until('it is gone on both', () =>
      [a, b].every(({ registry }) => registry.byNumber(number) === undefined),
    );
    const [stored] = await a.storage.control.subscriptions([number]);
    assert.notEqual(stored?.deletedAt, null);
  }
}

/** What the API keeps of keys and tenants. */
async function keeper({ storage, cluster }: TestNode, adminKeyHash: string) {
  const { control } = storage;
  const keys = new KeyDirectory({ control, clock: systemClock, random: systemRandom });
  const tenants = new TenantDirectory({ control, clock: systemClock });
  const authenticator = new Authenticator({ tenants, keys, adminKeyHash });
  await Promise.all([keys.load(), tenants.load()]);
  cluster.changes.on('api_key', (changed) => keys.refresh(changed.map(Number)));
  cluster.changes.on('tenant', (changed) => tenants.refresh(changed.map(Number)));
  return { keys, authenticator };
}

async function keysFollow(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  const onA = await keeper(a, '0'.repeat(64));
  const onB = await keeper(b, '0'.repeat(64));
  const { number: tenant } = await a.storage.control.ensureTenant('acme', 1);
  const wanted = { tenant, name: 'x', scopes: ['events:write'], expiresAt: null } as const;
  const { key, record } = await onA.keys.create(wanted);
  const headers = { authorization: `Bearer ${key}`, 'bellwire-tenant': 'acme' };
  const isLetIn = () => {
    try {
      return onB.authenticator.identify(headers) !== undefined;
    } catch {
      return false;
    }
  };
  await world.until('the key and its tenant are known on the other node', isLetIn);
  await onA.keys.revoke(record);
  const ms = await timed(world, 'the key is refused there', () => !isLetIn());
  assert.ok(ms < KNOWN_WITHIN_MS, `${ms} ms`);
  const again = await onA.keys.create(wanted);
  await world.until('another key is known', () => onB.keys.list(tenant).length === 2);
  await world.query(`delete from api_key where number = ${again.record.number}`);
  await world.until('and forgotten with its row', () => onB.keys.list(tenant).length === 1);
}

async function catalogueFollows(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  const telemetry = { emit: () => {} };
  const [onA, onB] = [a, b].map(({ storage, cluster }) => {
    const catalogue = new EventCatalogue({
      control: storage.control,
      clock: systemClock,
      telemetry,
    });
    catalogue.follow(cluster.changes);
    return catalogue;
  });
  assert.ok(onA && onB);
  const schema = { type: 'number' };
  const entry = { ...newEntry('order.paid', 1), schema, enforcement: 'reject' as const };
  await onA.change(() => onA.put([entry]));
  const refusedOnB = () => onB.check(1, 'order.paid', 'text', 6)?.kind === 'refused';
  const ms = await timed(world, 'b refuses what does not fit', refusedOnB);
  assert.ok(ms < KNOWN_WITHIN_MS, `${ms} ms`);
  await onA.change(() => onA.changeSettings({ unknownEventTypes: 'warn' }));
  await world.until('b warns of unknown types', () => onB.check(1, 'x', 1, 1) !== undefined);
  await onB.change(() => onB.remove('order.paid'));
  await world.until('a has forgotten the type', () => onA.isEmpty);
}

async function failingReload(t: TestContext, open: OpenCluster): Promise<void> {
  const { world, a, b } = await twoNodes(t, open);
  let failures = 3;
  const reloaded: string[] = [];
  b.cluster.changes.on('tenant', async (keys) => {
    failures -= 1;
    if (failures >= 0) throw new Error('not now');
    reloaded.push(...keys);
  });
  const { number } = await a.storage.control.ensureTenant('acme', 1);
  await world.until('it was reloaded at last', () => reloaded.includes(String(number)));
  assert.equal(b.errors.filter((error) => String(error) === 'Error: not now').length, 3);
}

test('a change is told to those who keep that table, each key once', async () => {
  const changes = new ControlChanges();
  const heard: unknown[] = [];
  changes.on('subscription', async (keys) => void heard.push(['first', ...keys]));
  changes.on('subscription', async (keys) => void heard.push(['second', ...keys]));
  changes.on('tenant', async () => assert.fail('nobody changed a tenant'));
  const change = (key: string) => ({ table: 'subscription', key });
  await changes.tell([change('1'), change('2'), change('1'), { table: 'unknown', key: '9' }]);
  assert.deepEqual(heard, [
    ['first', '1', '2'],
    ['second', '1', '2'],
  ]);
});
