import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HydrateWorld } from './testing/hydrate-world.ts';

const URL_OF = 'https://api.example/things/{json:data.id}';
const HYDRATE = { url: URL_OF, headers: { 'X-Key': '{secret:api_key}' }, retry_seconds: [2, 10] };
const THIN = '{"id":"evt_1","object":"event","data":{"id":"obj_1"}}';
const TYPE = 'custom.thing.done';

test('a thin event arrives with its object, once, and says how fresh that is', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source(HYDRATE);
  const result = await world.arrive(source, TYPE, THIN);
  assert.equal(result.kind, 'accepted');
  await world.clock.advance(100);
  assert.deepEqual(world.errors, []);
  const [event, ...others] = world.received;
  assert.deepEqual(others, []);
  assert.equal(event?.['event_type'], TYPE);
  assert.equal(event?.['source_id'], 'src_7');
  assert.equal(event?.['provider_event_id'], THIN);
  assert.equal(event?.['trust'], 'untrusted');
  assert.deepEqual(event?.['data'], {
    id: 'evt_1',
    object: 'event',
    data: { id: 'obj_1' },
    hydration: {
      status: 'fresh',
      fetched_at: '2026-04-09T00:00:00.001Z',
      object: { id: 'obj_1', state: 'done' },
    },
  });
  const [request] = world.asked;
  assert.equal(request?.url.href, 'https://api.example/things/obj_1');
  assert.ok(JSON.stringify(request?.headers).includes('"x-key","k3y"'));
});

test('the bytes of the thin event and of the object stay as they were', async () => {
  const world = await HydrateWorld.open();
  world.answer = () => ({ text: '{ "big": 12345678901234567890, "a":1.0 }' });
  const source = await world.source(HYDRATE);
  await world.arrive(source, TYPE, '{"data" : {"id":"x"}, "n":1.50}');
  await world.clock.advance(100);
  const { items } = await world.storage.journal.listEvents(1, { limit: 9 });
  const text = Buffer.from(items[0]?.body ?? []).toString('utf8');
  assert.ok(text.includes('"data":{"data" : {"id":"x"}, "n":1.50,"hydration":'), text);
  assert.ok(text.includes('"object":{ "big": 12345678901234567890, "a":1.0 }'), text);
});

test('a repeat of the thin event is a duplicate, as is a second try after a crash', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source(HYDRATE);
  await world.arrive(source, TYPE, THIN);
  await world.clock.advance(100);
  assert.equal((await world.arrive(source, TYPE, THIN)).kind, 'duplicate');
  // As a restart would make it that found no record of the try.
  const [job] = world.jobs;
  assert.ok(job);
  const ended = new Promise((resolve) => world.destination.attempt(job, resolve));
  await world.clock.advance(100);
  assert.match(JSON.stringify(await ended), /"kind":"taken"/);
  assert.equal(world.received.length, 1);
});

test('a failure is tried again by the schedule, as every delivery is', async () => {
  const world = await HydrateWorld.open();
  world.answer = () => (world.asked.length < 3 ? { status: 503 } : { text: '{"v":3}' });
  const source = await world.source(HYDRATE);
  await world.arrive(source, TYPE, THIN);
  await world.clock.advance(30_000);
  assert.equal(world.asked.length, 3);
  assert.deepEqual(
    (await world.storage.journal.attempts(1, 2)).map(({ outcome }) => outcome),
    ['failed', 'failed', 'succeeded'],
  );
  assert.match(JSON.stringify(world.data), /"object":\{"v":3\}/);
});

test('when no try is left the thin event goes on alone, and says so', async () => {
  const world = await HydrateWorld.open();
  world.answer = () => ({ status: 500 });
  const source = await world.source(HYDRATE);
  await world.arrive(source, TYPE, THIN);
  await world.clock.advance(60_000);
  assert.equal(world.asked.length, 3);
  assert.deepEqual(world.data, [
    {
      ...JSON.parse(THIN),
      hydration: {
        status: 'failed',
        fetched_at: null,
        reason: 'the request for the object was answered with 500 Internal Server Error',
        object: null,
      },
    },
  ]);
});

test('with "fail" nothing goes on, and the delivery is there to be sent again', async () => {
  const world = await HydrateWorld.open();
  world.answer = () => ({ status: 500 });
  const source = await world.source({ ...HYDRATE, on_failure: 'fail' });
  await world.arrive(source, TYPE, THIN);
  await world.clock.advance(60_000);
  assert.deepEqual(world.received, []);
  const [delivery] = await world.storage.journal.deliveriesOf(1, 1);
  assert.equal(delivery?.status, 'exhausted');
});

test('what the store does not take at the last try is published later', async () => {
  const world = await HydrateWorld.open();
  world.answer = () => ({ status: 500 });
  world.isFull = true;
  const source = await world.source({ ...HYDRATE, retry_seconds: [] });
  await world.arrive(source, TYPE, THIN);
  await world.clock.advance(20_000);
  assert.deepEqual(world.received, []);
  world.isFull = false;
  await world.clock.advance(60_000);
  assert.equal(world.received.length, 1);
  assert.equal(world.asked.length, 1, 'nothing is fetched for that');
});

test('events about one object share a request, and none is shared with the past', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source(HYDRATE);
  for (let n = 0; n < 10; n += 1) await world.arrive(source, TYPE, THIN, `evt_${n}`);
  await world.clock.advance(100);
  assert.equal(world.received.length, 10);
  assert.ok(world.asked.length <= 2, `${world.asked.length}`);
  const before = world.asked.length;
  await world.arrive(source, TYPE, THIN, 'later');
  await world.clock.advance(100);
  assert.equal(world.asked.length, before + 1, 'it may have changed since');
});

test('cache_seconds lets an object stand for later events, marked as cached', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source({ ...HYDRATE, cache_seconds: 60 });
  await world.arrive(source, TYPE, THIN, '1');
  await world.clock.advance(30_000);
  await world.arrive(source, TYPE, THIN, '2');
  await world.clock.advance(60_000);
  await world.arrive(source, TYPE, THIN, '3');
  await world.clock.advance(1_000);
  assert.equal(world.asked.length, 2);
  assert.deepEqual(statuses(world), ['fresh', 'cached', 'fresh']);
});

test('an old copy is better than none, and is marked as stale', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source(HYDRATE);
  await world.arrive(source, TYPE, THIN, '1');
  await world.clock.advance(60_000);
  world.answer = () => ({ status: 502 });
  await world.arrive(source, TYPE, THIN, '2');
  await world.clock.advance(60_000);
  assert.deepEqual(statuses(world), ['fresh', 'stale']);
});

test('410 for an object disables nothing', async () => {
  const world = await HydrateWorld.open();
  world.answer = () => ({ status: 410, headers: { 'webhook-delivery': 'disable' } });
  const source = await world.source(HYDRATE);
  await world.arrive(source, TYPE, THIN);
  await world.clock.advance(1_000);
  assert.deepEqual(statuses(world), ['failed']);
  assert.equal(world.subscriptions.of(source.number)?.status, 'active');
});

test('an event that does not say where its object is goes on at once', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source(HYDRATE);
  for (const data of ['{"data":{}}', '[1]', '"text"', '{"data":{"id":".."}}', '{"data":null}']) {
    await world.arrive(source, TYPE, data);
  }
  await world.clock.advance(100);
  assert.equal(world.asked.length, 0);
  assert.deepEqual(statuses(world), ['failed', 'failed', 'failed', 'failed', 'failed']);
  assert.equal(JSON.stringify(world.data[1]).startsWith('{"thin":[1],"hydration":'), true);
});

test('other events of the source take the straight way', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source({ ...HYDRATE, events: ['custom.thing.*'] });
  await world.arrive(source, 'custom.other', '{"a":1}');
  await world.clock.advance(10);
  assert.deepEqual(world.data, [{ a: 1 }]);
});

test('the subscription of a source is in no list and goes with the source', async () => {
  const world = await HydrateWorld.open();
  const source = await world.source({ ...HYDRATE, rate_limit: 5 });
  const own = world.subscriptions.of(source.number);
  assert.equal(own?.rateLimit, 5);
  assert.equal(world.registry.list(1).length, 1);
  assert.equal(world.registry.count(1), 1);
  assert.equal(world.registry.find(1, own?.id ?? ''), undefined);
  const changed = { ...source, updatedAt: source.updatedAt + 1, config: { hydrate: HYDRATE } };
  world.sources.set(source.number, changed);
  world.subscriptions.changed(changed);
  await world.clock.advance(1);
  assert.equal(world.subscriptions.of(source.number)?.rateLimit, null);
  world.subscriptions.deleted(changed);
  await world.clock.advance(1);
  assert.equal(world.subscriptions.of(source.number), undefined);
});

function statuses(world: HydrateWorld): unknown[] {
  return world.data.map((data) => {
    assert.ok(typeof data === 'object' && data !== null && 'hydration' in data);
    const { hydration } = data;
    assert.ok(typeof hydration === 'object' && hydration !== null && 'status' in hydration);
    return hydration.status;
  });
}
