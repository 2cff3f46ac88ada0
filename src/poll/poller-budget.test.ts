/** What is asked, how often, and by whom: budgets, pauses, fairness, several nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterOwnership } from './ownership.ts';
import { PollWorld, pollSource, type Asked } from './testing/poll-world.ts';

const MINUTE = 60_000;
const SHARED = { requests: 60, per_seconds: 60, credential: 'bank' };

/** The most in any half-open window of that length. */
function busiest(asked: readonly Asked[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, { at }] of asked.entries()) {
    while ((asked[first]?.at ?? at) <= at - windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const names = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`);

test('sources that name one credential share its budget, other tenants do not', async () => {
  const world = new PollWorld();
  const config = { interval_seconds: 1, budget: SHARED, resources: names(50) };
  const url = 'https://api.example/{resource}';
  world.start([
    pollSource({ ...config, url: `${url}/a` }),
    pollSource({ ...config, url: `${url}/b` }, { number: 2, id: 'src_2' }),
    pollSource({ ...config, url: `${url}/c` }, { number: 3, id: 'src_3', tenant: 2 }),
  ]);
  await world.clock.advance(10 * MINUTE);
  const ours = world.asked.filter(({ url: { pathname } }) => !pathname.endsWith('/c'));
  const theirs = world.asked.filter(({ url: { pathname } }) => pathname.endsWith('/c'));
  assert.ok(busiest(ours, MINUTE) <= 60);
  assert.ok(ours.length >= 0.85 * 600, `${ours.length}`);
  assert.ok(theirs.length >= 0.85 * 600, `${theirs.length}`);
});

test('3,000 accounts, 600 requests a minute: alerts within a round, the quota holds', async () => {
  const world = new PollWorld();
  const rich = new Set<string>();
  world.answer = ({ url }) => ({ json: { balance: rich.has(url.pathname) ? 2_000 : 10 } });
  const resources = names(3_000);
  const threshold = { path: '$.balance', op: '>=', value: 1_000, hysteresis: 100 };
  const config = {
    url: 'https://bank.example/{resource}',
    resources,
    emit: { threshold },
    interval_seconds: 300,
    budget: { requests: 600, per_seconds: 60, credential: 'bank' },
  };
  world.start([pollSource(config)]);
  await world.clock.advance(7 * MINUTE);
  assert.equal(world.events.length, 0);
  const at = world.clock.now();
  for (const place of [0, 999, 1_500, 2_999]) rich.add(`/r${place}`);
  await world.clock.advance(8 * MINUTE);
  assert.equal(world.events.length, 4);
  // Nine tenths of the budget are sure; jitter may cost a tenth of the interval on top.
  const bound = (3_000 / 600 / 0.9 + 0.5) * MINUTE;
  for (const event of world.events) assert.ok(event.at - at <= bound, `${event.at - at} ms`);
  assert.ok(busiest(world.asked, MINUTE) <= 600);
});

test('resources take turns: none is asked twice while another waits longer', async () => {
  const world = new PollWorld();
  const config = { interval_seconds: 1, budget: SHARED, resources: names(100) };
  world.start([pollSource({ ...config, url: 'https://api.example/{resource}' })]);
  await world.clock.advance(10 * MINUTE);
  const counts = new Map<string, number>();
  for (const { url } of world.asked) counts.set(url.href, (counts.get(url.href) ?? 0) + 1);
  assert.equal(counts.size, 100);
  assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1);
});

test('Retry-After holds back all who share the credential, for as long as it says', async () => {
  const world = new PollWorld();
  world.answer = () =>
    world.asked.length === 20 ? { status: 429, headers: { 'retry-after': '120' } } : { json: 1 };
  const source = pollSource({ interval_seconds: 1, budget: SHARED, resources: names(30) });
  const poller = world.start([source]);
  while (world.asked.length < 20) await world.clock.advance(1_000);
  await world.clock.advance(1_000);
  const pausedAt = world.asked.at(-1)?.at ?? 0;
  const { budget } = (await poller.status(source)) ?? {};
  assert.equal(budget?.remaining, 0);
  assert.ok(Math.abs((budget?.pausedUntil ?? 0) - pausedAt - 2 * MINUTE) < 1_000);
  await world.clock.advance(5 * MINUTE);
  const next = world.asked.find(({ at }) => at > pausedAt);
  assert.ok((next?.at ?? 0) - pausedAt >= 2 * MINUTE);
});

test('503 without Retry-After pauses longer each time', async () => {
  const world = new PollWorld();
  world.answer = () => ({ status: 503 });
  world.start([pollSource({ interval_seconds: 1, budget: SHARED, resources: names(30) })]);
  await world.clock.advance(10 * MINUTE);
  assert.ok(world.asked.length <= 8, `${world.asked.length}`);
});

test('quiet makes polls rare, a change makes them frequent', async () => {
  const world = new PollWorld();
  let value = 1;
  world.answer = () => ({ json: value });
  const pace = { interval_seconds: 60, min_interval_seconds: 10, max_interval_seconds: 600 };
  world.start([pollSource(pace)]);
  await world.clock.advance(60 * MINUTE);
  const quiet = world.asked.length;
  assert.ok(quiet <= 12, `${quiet}`);
  value = 2;
  await world.clock.advance(12 * MINUTE);
  const [event] = world.events;
  const soon = world.asked.filter(({ at }) => event !== undefined && at > event.at);
  assert.ok((soon[0]?.at ?? Infinity) - (event?.at ?? 0) <= 11_500);
});

test('an answer that never comes holds up nobody else', async () => {
  const world = new PollWorld();
  world.answer = ({ url }) => (url.pathname === '/r0' ? 'hangs' : { json: 1 });
  const config = { interval_seconds: 10, budget: { requests: 6_000, per_seconds: 60 } };
  world.start([
    pollSource({ ...config, url: 'https://api.example/{resource}', resources: names(20) }),
  ]);
  await world.clock.advance(5 * MINUTE);
  const healthy = world.asked.filter(({ url }) => url.pathname === '/r1');
  assert.ok(healthy.length >= 27, `${healthy.length}`);
});

test('failures make an operational event once, and recovery another', async () => {
  const world = new PollWorld();
  let status = 401;
  world.answer = () => ({ status, json: 1 });
  const source = pollSource({ interval_seconds: 10, budget: SHARED, resources: names(3) });
  const poller = world.start([source]);
  await world.clock.advance(60 * MINUTE);
  assert.deepEqual(
    world.troubles.map(({ kind, reason }) => [kind, reason]),
    [['failing', 'the answer was 401 Unauthorized']],
  );
  const shown = await poller.status(source);
  assert.equal(shown?.failing, 3);
  assert.equal(shown?.problems.length, 3);
  assert.equal(shown?.freshSince, null);
  status = 200;
  await world.clock.advance(120 * MINUTE);
  assert.deepEqual(
    world.troubles.map(({ kind }) => kind),
    ['failing', 'recovered'],
  );
  assert.equal((await poller.status(source))?.stale, 0);
});

test('a restart tells nobody anew of trouble that was told', async () => {
  const world = new PollWorld();
  world.answer = () => ({ status: 500 });
  const source = pollSource({ interval_seconds: 10, budget: SHARED });
  const first = world.start([source]);
  await world.clock.advance(60 * MINUTE);
  await first.stop();
  world.start([source]);
  await world.clock.advance(120 * MINUTE);
  assert.equal(world.troubles.length, 1);
});

test('of several nodes one polls, and when it dies another goes on after its lease', async () => {
  const world = new PollWorld();
  let value = 0;
  world.answer = () => ({ json: (value += 1) });
  let held = [1, 2];
  const nodes = [1, 2].map((slot) => {
    const node = {
      holdsLease: true,
      slots: () => [slot],
      heldSlots: () => held,
    };
    const ownership = clusterOwnership({ node, clock: world.clock, leaseMs: 10_000 });
    const asked: number[] = [];
    const owns = (budget: string) => {
      const mine = ownership.owns(budget);
      if (mine) asked.push(world.clock.now());
      return mine;
    };
    return {
      node,
      slot,
      asked,
      poller: world.start([pollSource({ interval_seconds: 5 })], { owns }),
    };
  });
  await world.clock.advance(5 * MINUTE);
  const [owner, ...others] = nodes.toSorted((a, b) => b.asked.length - a.asked.length);
  assert.ok(others.every(({ asked }) => asked.length === 0));
  const before = world.asked.length;
  assert.ok(before > 30);
  // Out of touch, and some time later taken for dead.
  if (owner !== undefined) owner.node.holdsLease = false;
  await world.clock.advance(MINUTE);
  assert.equal(world.asked.length, before);
  held = held.filter((slot) => slot !== owner?.slot);
  await world.clock.advance(5 * MINUTE);
  assert.ok(world.asked.length > before + 30);
  const told = world.events.map(({ data }) => data['previous']);
  assert.equal(new Set(told).size, told.length, 'the chain goes on where it was');
});
