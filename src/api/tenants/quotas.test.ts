/** Quotas and redaction as a publisher meets them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call, Reply } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

async function tenantWith(name: string, settings: object): Promise<Call> {
  const reply = await world.as('default')('POST /v1/tenants', { json: { name, ...settings } });
  assert.equal(reply.status, 201, reply.text);
  return world.as(name);
}

const EVENT = { json: { event_type: 'a.b' } };

function rateOf({ headers }: Reply): (string | null)[] {
  return [headers.get('ratelimit-policy'), headers.get('ratelimit')];
}

test('a publisher sees its rate, and is told when to come back', async () => {
  const call = await tenantWith('slow', { quotas: { events_per_second: 10 } });
  const policy = '"events_per_second";q=10;w=1';
  const first = await call('POST /v1/events', EVENT);
  assert.equal(first.status, 202);
  assert.deepEqual(rateOf(first), [policy, '"events_per_second";r=9;t=1']);
  await call('POST /v1/events/batch', batch(1_000));
  const refused = await call('POST /v1/events', EVENT);
  assert.deepEqual([refused.status, refused.json['code']], [429, 'quota_exceeded'], refused.text);
  assert.equal(refused.json['quota'], 'events_per_second');
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(wait > 90 && wait <= 100, String(wait));
  assert.equal(rateOf(refused)[0], policy);
  assert.match(String(rateOf(refused)[1]), /^"events_per_second";r=0;t=\d+$/);
  assert.equal((await usage('slow')).events, 1_001);
});

function batch(size: number) {
  return { json: Array.from({ length: size }, () => EVENT.json) };
}

test('a batch counts each event; it passes as a whole or not at all', async () => {
  const call = await tenantWith('batches', { quotas: { events_per_second: 10 } });
  const first = await call('POST /v1/events/batch', batch(500));
  assert.equal(first.status, 202);
  const results = first.json['data'] as { status: string }[];
  assert.ok(results.every(({ status }) => status === 'accepted'));
  assert.equal(rateOf(first)[1], '"events_per_second";r=0;t=50');
  const second = await call('POST /v1/events/batch', batch(1));
  assert.deepEqual([second.status, second.json['quota']], [429, 'events_per_second']);
  const wait = Number(second.headers.get('retry-after'));
  assert.ok(wait >= 48 && wait <= 50, String(wait));
  assert.match(String(rateOf(second)[1]), /r=0/);
  assert.equal((await usage('batches')).events, 500);
});

test('without a rate quota there are no such headers', async () => {
  const reply = await world.as('free')('POST /v1/events', EVENT);
  assert.deepEqual(rateOf(reply), [null, null]);
});

test('a storage quota stops events and not much else', async () => {
  const call = await tenantWith('full', { quotas: { max_storage_bytes: 500 } });
  const reply = await call('POST /v1/events/batch', batch(20));
  const results = reply.json['data'] as { status: string; error?: { quota?: string } }[];
  const rejected = results.filter(({ status }) => status === 'rejected');
  assert.ok(rejected.length > 0 && rejected.length < 20);
  assert.ok(rejected.every(({ error }) => error?.quota === 'max_storage_bytes'));
  assert.equal((await usage('full')).events, 20 - rejected.length);
  assert.ok((await usage('full')).bytes <= 500);
  const single = await call('POST /v1/events', EVENT);
  assert.deepEqual([single.status, single.json['quota']], [429, 'max_storage_bytes']);
  assert.equal(single.headers.get('retry-after'), '3600');
  assert.deepEqual(rateOf(single), [null, null]);
  const all = await call('POST /v1/events/batch', batch(3));
  assert.equal(all.status, 429, 'when nothing was stored the whole request is refused');
});

test('a subscription quota holds, also for many requests at once', async () => {
  const call = await tenantWith('few', { quotas: { max_subscriptions: 3 } });
  const subscription = { event_type: '**', target_url: 'https://example.com/' };
  const replies = await Promise.all(
    Array.from({ length: 10 }, () =>
      call('POST /v1/webhooks/subscriptions', { json: subscription }),
    ),
  );
  const refused = replies.filter(({ status }) => status !== 201);
  assert.equal(refused.length, 7);
  for (const { status, json, headers } of refused) {
    assert.deepEqual([status, json['quota']], [429, 'max_subscriptions']);
    assert.equal(headers.get('retry-after'), '3600');
  }
  const [created] = replies.filter(({ status }) => status === 201);
  await call(`DELETE /v1/webhooks/subscriptions/${String(created?.json['id'])}`);
  const again = await call('POST /v1/webhooks/subscriptions', { json: subscription });
  assert.equal(again.status, 201);
});

test('redacted values are gone from the event, its deliveries and its answers', async () => {
  const redact = ['data.card.number', 'data.items[*].ssn', 'metadata.ip'];
  const call = await tenantWith('private', { redact });
  const subscription = { event_type: '**', target_url: 'https://example.com/' };
  await call('POST /v1/webhooks/subscriptions', { json: subscription });
  const body =
    '{"event_type":"a.b","data": {"card":{"n\\u0075mber":4111,"x": 1.50},' +
    '"items":[{"ssn":"4111-1"},{"ssn":{"a":4111}}]},"metadata":{"ip":"4111"}}';
  const published = await call('POST /v1/events', { body });
  const id = String(published.json['id']);
  const job = await world.receiver.attemptOf(id);
  const sent = Buffer.from(job.body).toString();
  const data =
    '{"card":{"n\\u0075mber":"[redacted]","x": 1.50},' +
    '"items":[{"ssn":"[redacted]"},{"ssn":"[redacted]"}]}';
  assert.ok(sent.endsWith(`"data":${data}}`), sent);
  const shown = await call(`GET /v1/events/${id}`);
  assert.ok(shown.text.includes(data) && !shown.text.includes('4111'), shown.text);
  assert.deepEqual(shown.json['metadata'], { ip: '[redacted]' });
});

test('filters see what is stored, not what was taken out', async () => {
  const call = await tenantWith('filtered', { redact: ['data.card', 'metadata.ip'] });
  const subscribe = async (filter: object) => {
    const json = { event_type: '**', target_url: 'https://example.com/', filter };
    const reply = await call('POST /v1/webhooks/subscriptions', { json });
    assert.equal(reply.status, 201, reply.text);
  };
  await subscribe({ data: { card: '4111' } });
  await subscribe({ metadata: { ip: '10.0.0.1' } });
  await subscribe({ data: { card: '[redacted]' } });
  const event = { event_type: 'a', data: { card: '4111' }, metadata: { ip: '10.0.0.1' } };
  const single = await call('POST /v1/events', { json: event });
  assert.equal(single.json['deliveries'], 1);
  const many = await call('POST /v1/events/batch', { json: [event] });
  const [item] = many.json['data'] as { deliveries: number }[];
  assert.equal(item?.deliveries, 1);
});

async function usage(name: string): Promise<{ events: number; bytes: number }> {
  const { json } = await world.as('default')(`GET /v1/tenants/${name}`);
  return json['usage'] as { events: number; bytes: number };
}
