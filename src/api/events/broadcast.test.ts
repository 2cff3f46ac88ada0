import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Publisher } from '../../accept/publication.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call, Reply } from '../testing/caller.ts';

let world: ApiWorld;
let call: Call;
/** Numbers of tenants for which nothing can be stored. */
const unavailable = new Set<number>();
before(async () => {
  let publisher: Publisher | undefined;
  world = await openApiWorld({
    publisher: {
      publish(publication, done) {
        if (!unavailable.has(publication.tenant)) return publisher?.publish(publication, done);
        const reason = 'the disk is slow';
        queueMicrotask(() => done({ kind: 'unavailable', reason, retryAfterSeconds: 1 }));
      },
    },
  });
  ({ publisher } = world);
  call = world.as('default');
});
after(() => world.close());

async function tenants(...names: string[]): Promise<void> {
  for (const name of names) await world.as(name)('GET /v1/events');
}

function broadcast(json: object, key?: string): Promise<Reply> {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  return call('POST /v1/events/broadcast', { json, headers });
}

async function eventsOf(tenant: string): Promise<Record<string, unknown>[]> {
  return (await world.as(tenant)('GET /v1/events')).json['data'] as Record<string, unknown>[];
}

test('every tenant gets an event of its own', async () => {
  await tenants('one', 'two', 'three');
  const target = 'https://example.com/';
  const subscription = { json: { event_type: 'news.*', target_url: target } };
  await world.as('two')('POST /v1/webhooks/subscriptions', subscription);
  const reply = await broadcast({ event_type: 'news.all', data: { n: 1 }, task_id: 't' });
  assert.equal(reply.status, 202, reply.text);
  const { failures, ...counts } = reply.json;
  const expected = { tenants: 3, accepted: 3, duplicates: 0, failed: 0, deliveries: 1 };
  assert.deepEqual(counts, expected);
  assert.deepEqual(failures, []);
  const ids = new Set<unknown>();
  for (const name of ['one', 'two', 'three']) {
    const [event, ...others] = await eventsOf(name);
    assert.equal(others.length, 0);
    assert.deepEqual([event?.['data'], event?.['task_id']], [{ n: 1 }, 't']);
    ids.add(event?.['id']);
  }
  assert.equal(ids.size, 3);
});

test('named tenants alone get it, each once', async () => {
  await tenants('named', 'unnamed');
  const reply = await broadcast({ event_type: 'a', tenants: ['named', 'named'] });
  assert.deepEqual([reply.status, reply.json['tenants']], [202, 1]);
  assert.equal((await eventsOf('named')).length, 1);
  assert.equal((await eventsOf('unnamed')).length, 0);
  const unknown = await broadcast({ event_type: 'a', tenants: ['named', 'nobody'] });
  const [part] = unknown.json['errors'] as Record<string, unknown>[];
  assert.deepEqual([unknown.status, part?.['pointer']], [422, '/tenants/1']);
  assert.equal((await eventsOf('named')).length, 1, 'nothing was published to anybody');
});

test('a repeat reaches those that are missing, by key and by id', async () => {
  await tenants('first', 'second', 'third');
  const names = { tenants: ['first', 'second', 'third'] };
  const late = world.deps.tenants.find('second')?.number ?? 0;
  for (const [event, key] of [
    [{ event_type: 'a', data: 1 }, 'key-1'],
    [{ event_type: 'a', data: 2, id: 'own' }, undefined],
  ] as const) {
    unavailable.add(late);
    const partly = await broadcast({ ...event, ...names }, key);
    assert.deepEqual([partly.json['accepted'], partly.json['failed']], [2, 1]);
    const [failure] = partly.json['failures'] as { tenant: string; error: { code: string } }[];
    assert.deepEqual([failure?.tenant, failure?.error.code], ['second', 'unavailable']);
    unavailable.clear();
    const again = await broadcast({ ...event, ...names }, key);
    assert.deepEqual([again.json['accepted'], again.json['duplicates']], [1, 2]);
  }
  for (const name of names.tenants) {
    const found = (await eventsOf(name)).map(({ data }) => data);
    assert.deepEqual(found, [2, 1]);
  }
});

test('when nothing could be stored, the whole request is refused', async () => {
  await tenants('lonely');
  unavailable.add(world.deps.tenants.find('lonely')?.number ?? 0);
  const reply = await broadcast({ event_type: 'a', tenants: ['lonely'] });
  unavailable.clear();
  assert.deepEqual([reply.status, reply.json['code']], [503, 'unavailable']);
  assert.equal(reply.headers.get('retry-after'), '1');
});

test('each tenant’s own rules hold, but for its rate', async () => {
  const settings = {
    private: { redact: ['data.secret'] },
    slow: { quotas: { events_per_second: 1 } },
    full: { quotas: { max_storage_bytes: 10 } },
  };
  for (const [name, one] of Object.entries(settings)) {
    await call('POST /v1/tenants', { json: { name, ...one } });
  }
  const event = { event_type: 'a', data: { secret: 1 }, tenants: Object.keys(settings) };
  await broadcast(event);
  const reply = await broadcast(event);
  const failures = reply.json['failures'] as { tenant: string; error: { quota: string } }[];
  assert.deepEqual(
    failures.map(({ tenant, error }) => [tenant, error.quota]),
    [['full', 'max_storage_bytes']],
  );
  assert.deepEqual((await eventsOf('private'))[0]?.['data'], { secret: '[redacted]' });
  assert.equal((await eventsOf('slow')).length, 2);
});

test('a tenant on its way out gets nothing and is told of when it is named', async () => {
  await tenants('leaving');
  world.receiver.answer = null;
  const mine = world.as('leaving');
  const target = 'https://example.com/';
  await mine('POST /v1/webhooks/subscriptions', { json: { event_type: '*', target_url: target } });
  const { json } = await mine('POST /v1/events', { json: { event_type: 'a' } });
  // An attempt in flight keeps it from being gone.
  await world.receiver.attemptOf(String(json['id']));
  await call('DELETE /v1/tenants/leaving');
  const named = await broadcast({ event_type: 'a', tenants: ['leaving'] });
  const [failure] = named.json['failures'] as { error: { code: string } }[];
  assert.equal(failure?.error.code, 'tenant_is_deleting');
  const { json: all } = await broadcast({ event_type: 'a' });
  assert.equal(all['tenants'], world.deps.tenants.list().length - 1);
  world.receiver.answerAll();
});

test('what is not an event is refused before anybody gets it', async () => {
  const wrong: [object | string, number][] = [
    [{ data: 1 }, 422],
    [{ event_type: 'a', subscription_id: 'sub_1' }, 422],
    [{ event_type: 'bellwire.x' }, 422],
    [{ event_type: 'a', tenants: [] }, 422],
    ['{"event_type":', 400],
  ];
  for (const [json, status] of wrong) {
    const body = typeof json === 'string' ? json : JSON.stringify(json);
    const reply = await call('POST /v1/events/broadcast', { body });
    assert.equal(reply.status, status, body);
  }
  const data = 'x'.repeat(1024 * 1024);
  assert.equal((await broadcast({ event_type: 'a', data })).status, 413);
});

test('ten thousand tenants are reached while others are served', async () => {
  const { control } = world.storage;
  const now = Date.now();
  for (let n = 0; n < 10_000; n += 1) await control.ensureTenant(`many-${n}`, now);
  await world.deps.tenants.load();
  const sending = new Set([1]);
  let longest = 0;
  const sent = broadcast({ event_type: 'a', data: { n: 1 } }).finally(() => sending.clear());
  while (sending.size > 0) {
    const startedAt = performance.now();
    assert.equal((await world.anonymous('GET /healthz')).status, 200);
    longest = Math.max(longest, performance.now() - startedAt);
  }
  const reply = await sent;
  const failures = reply.json['failures'] as { tenant: string }[];
  assert.deepEqual(
    failures.map(({ tenant }) => tenant),
    ['full'],
  );
  assert.ok(Number(reply.json['accepted']) >= 10_000);
  assert.ok(longest < 1_000, `${longest} ms without an answer`);
});
