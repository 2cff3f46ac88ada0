import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PollWorld, pollSource } from './testing/poll-world.ts';

const MINUTE = 60_000;
const FAST = { interval_seconds: 60, budget: { requests: 600, per_seconds: 60 } };

test('a change makes one event with what is there and what was there before', async () => {
  const world = new PollWorld();
  let balance = 5;
  world.answer = () => ({ json: { account: { balance } } });
  world.start([pollSource({ ...FAST, select: '$.account.balance' })]);
  await world.clock.advance(5 * MINUTE);
  assert.equal(world.events.length, 0, 'the first look is no news');
  balance = 7;
  await world.clock.advance(5 * MINUTE);
  const [event, ...others] = world.events;
  assert.deepEqual(others, []);
  assert.equal(event?.eventType, 'poll.changed');
  const { observed_at: observedAt, ...data } = event?.data ?? {};
  assert.equal(typeof observedAt, 'string');
  assert.deepEqual(data, { resource: 'default', change: 'changed', value: 7, previous: 5 });
  assert.equal(event?.inbound?.sourceId, 'src_1');
});

test('there and back again are two changes, each with an event', async () => {
  const world = new PollWorld();
  const values = ['a', 'b', 'a', 'b'];
  let at = 0;
  world.answer = () => ({ json: values[Math.min(at++, values.length - 1)] });
  world.start([pollSource(FAST)]);
  await world.clock.advance(8 * MINUTE);
  assert.deepEqual(
    world.events.map(({ data }) => data['value']),
    ['b', 'a', 'b'],
  );
});

test('of a list each item that comes, changes or goes makes an event', async () => {
  const world = new PollWorld();
  let list = [
    { id: 1, state: 'open' },
    { id: 2, state: 'open' },
  ];
  world.answer = () => ({ json: { list } });
  world.start([pollSource({ ...FAST, select: '$.list', items: { id: '$.id' } })]);
  await world.clock.advance(MINUTE / 2);
  list = [
    { id: 3, state: 'open' },
    { id: 2, state: 'closed' },
  ];
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(
    world.events.map(({ eventType, data }) => [eventType, data['item_id']]),
    [
      ['poll.added', '3'],
      ['poll.changed', '2'],
      ['poll.removed', '1'],
    ],
  );
});

test('an answer that is not what it should be removes nothing', async () => {
  const world = new PollWorld();
  let answer: { json?: unknown; text?: string; status?: number } = { json: { list: [{ id: 1 }] } };
  world.answer = () => answer;
  const source = pollSource({ ...FAST, select: '$.list', items: { id: '$.id' } });
  const poller = world.start([source]);
  await world.clock.advance(MINUTE);
  for (const [odd, why] of [
    [{ json: { error: 'try later' } }, /finds nothing/],
    [{ text: '<html>' }, /no JSON/],
    [{ status: 500 }, /500/],
    [{ status: 302 }, /redirects are never followed/],
    [{ json: { list: [{ id: 1 }, { id: 1 }] } }, /two items have the id "1"/],
    [{ json: { list: [{ name: 1 }] } }, /no id/],
    [{ text: `[${'1,'.repeat(600_000)}1]` }, /larger than/],
  ] as const) {
    answer = odd;
    await world.clock.advance(120 * MINUTE);
    assert.match((await poller.status(source))?.lastReason ?? '', why);
  }
  assert.deepEqual(world.events, []);
  answer = { json: { list: [] } };
  await world.clock.advance(120 * MINUTE);
  assert.deepEqual(
    world.events.map(({ eventType }) => eventType),
    ['poll.removed'],
    'an empty list is an answer',
  );
});

test('a threshold speaks at the crossing, and once more on the way back if asked to', async () => {
  const world = new PollWorld();
  let balance = '900.00';
  world.answer = () => ({ json: { balance } });
  const threshold = { path: '$.balance', op: '>=', value: 1_000, hysteresis: 50, on_clear: true };
  world.start([pollSource({ ...FAST, emit: { threshold } })]);
  for (const next of ['1000.00', '1200.00', '960.00', '1000.00', '900.00']) {
    await world.clock.advance(2 * MINUTE);
    balance = next;
  }
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(
    world.events.map(({ eventType, data }) => [eventType, data['number']]),
    [
      ['poll.threshold_crossed', 1_000],
      ['poll.threshold_cleared', 900],
    ],
  );
});

test('a threshold that is crossed at the first look speaks at once', async () => {
  const world = new PollWorld();
  world.answer = () => ({ json: 5 });
  world.start([pollSource({ ...FAST, emit: { threshold: { op: '>', value: 1 } } })]);
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.events.length, 1);
});

test('digits that a double can not hold still make a difference', async () => {
  const world = new PollWorld();
  let text = '{"balance":9007199254740993}';
  world.answer = () => ({ text });
  world.start([pollSource(FAST)]);
  await world.clock.advance(MINUTE);
  text = '{"balance":9007199254740992}';
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(world.events[0]?.data['previous'], { balance: '9007199254740993' });
});

test('validators are sent back, and a 304 is never read', async () => {
  const world = new PollWorld();
  const headers = { etag: '"v1"', 'last-modified': 'Thu, 09 Apr 2026 00:00:00 GMT' };
  world.answer = ({ headers: asked }) =>
    asked.get('if-none-match') === '"v1"'
      ? { status: 304, text: 'this is no JSON' }
      : { headers, json: 1 };
  const source = pollSource(FAST);
  const poller = world.start([source]);
  await world.clock.advance(10 * MINUTE);
  assert.ok(world.asked.length > 5);
  assert.equal(world.asked[1]?.headers.get('if-modified-since'), headers['last-modified']);
  const status = await poller.status(source);
  assert.equal(status?.lastResult, 'not_modified');
  assert.equal(status?.failing, 0);
});

test('secrets, names and variables are filled in where they belong', async () => {
  const world = new PollWorld();
  world.start([
    pollSource({
      ...FAST,
      url: 'https://api.example/{region}/accounts/{resource}',
      method: 'POST',
      headers: { Authorization: 'Bearer {secret}' },
      body: { query: { account: '{resource}' } },
      resources: [{ name: 'a/b', vars: { region: 'kr' } }],
    }),
  ]);
  await world.clock.advance(MINUTE);
  const [asked] = world.asked;
  assert.equal(asked?.url.href, 'https://api.example/kr/accounts/a%2Fb');
  assert.equal(asked?.headers.get('authorization'), 'Bearer s3cret');
  assert.equal(asked?.body, '{"query":{"account":"a/b"}}');
});

test('a changed question begins anew, a changed pace does not', async () => {
  const world = new PollWorld();
  world.answer = () => ({ json: { a: 1, b: 2 } });
  const poller = world.start([pollSource({ ...FAST, select: '$.a' })]);
  await world.clock.advance(MINUTE / 2);
  poller.put(pollSource({ ...FAST, select: '$.b' }));
  await world.clock.advance(3 * MINUTE);
  assert.deepEqual(world.events, [], 'what another question was answered is no change');
  const before = world.asked.length;
  poller.put(pollSource({ ...FAST, interval_seconds: 3_600, select: '$.b' }));
  await world.clock.advance(MINUTE / 2);
  assert.ok(world.asked.length <= before + 1);
});

test('whoever mends a source that fails is not kept waiting', async () => {
  const world = new PollWorld();
  world.answer = ({ headers }) => ({ status: headers.get('x-key') === 'new' ? 200 : 401, json: 1 });
  const config = { ...FAST, headers: { 'X-Key': '{secret}' } };
  const poller = world.start([pollSource(config, { secrets: ['old'] })]);
  await world.clock.advance(60 * MINUTE);
  const mended = pollSource(config, { secrets: ['new'] });
  poller.put(mended);
  await world.clock.advance(1_000);
  assert.equal((await poller.status(mended))?.lastResult, 'first');
});

test('a change of the source while an event waits neither loses nor repeats it', async () => {
  const world = new PollWorld();
  let value = 1;
  world.answer = () => ({ json: value });
  const poller = world.start([pollSource(FAST)]);
  await world.clock.advance(MINUTE / 2);
  value = 2;
  world.savesFail = true;
  await world.clock.advance(2 * MINUTE);
  poller.put(pollSource({ ...FAST, interval_seconds: 30 }));
  await world.clock.advance(MINUTE);
  world.savesFail = false;
  world.refusal = () => ({ kind: 'unavailable', reason: 'full', retryAfterSeconds: 1 });
  await world.clock.advance(MINUTE);
  poller.put(pollSource({ ...FAST, interval_seconds: 20 }));
  world.refusal = undefined;
  await world.clock.advance(5 * MINUTE);
  assert.deepEqual(
    world.events.map(({ data }) => [data['previous'], data['value']]),
    [[1, 2]],
  );
});

test('a source that a store holds without a url says so instead of failing', async () => {
  const world = new PollWorld();
  const broken = pollSource({ url: undefined });
  const poller = world.start([broken]);
  await world.clock.advance(MINUTE);
  assert.equal(await poller.status(broken), undefined);
  assert.deepEqual(world.errors, []);
});

test('a paused source asks nothing, and a deleted one leaves nothing behind', async () => {
  const world = new PollWorld();
  world.answer = () => ({ json: 1 });
  const source = pollSource(FAST);
  const poller = world.start([source]);
  await world.clock.advance(MINUTE);
  poller.put({ ...source, status: 'paused' });
  const before = world.asked.length;
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.asked.length, before);
  assert.equal(world.rows.length, 1);
  poller.remove(source.number);
  await world.clock.advance(1);
  assert.deepEqual(world.rows, []);
});

test('a stopped poller leaves no timer and nothing unsaved', async () => {
  const world = new PollWorld();
  world.answer = () => ({ json: 1 });
  const poller = world.start([pollSource(FAST)]);
  await world.clock.advance(200);
  await poller.stop();
  await world.clock.advance(20_000);
  assert.equal(world.clock.pendingTimers, 0);
  assert.equal(world.rows.length, 1);
});
