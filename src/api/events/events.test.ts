import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { nextCursor } from '../testing/caller.ts';
import { eventOutput } from './event-json.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

type Json = Record<string, unknown>;

test('events are listed by type, task, run and time, newest first', async () => {
  const call = world.as('list');
  const publish = async (json: Json) => (await call('POST /v1/events', { json })).json['id'];
  const a = await publish({ event_type: 'a', task_id: 't 1' });
  const b = await publish({ event_type: 'b', run_id: 'r1' });
  world.passTime(60_000);
  const c = await publish({ event_type: 'a', task_id: 't 1', run_id: 'r1' });
  const list = async (query: string) => {
    const { json } = await call(`GET /v1/events?${query}`);
    return (json['data'] as Json[]).map(({ id }) => id);
  };
  assert.deepEqual(await list(''), [c, b, a]);
  assert.deepEqual(await list('event_type=a'), [c, a]);
  assert.deepEqual(await list('task_id=t+1'), [c, a]);
  assert.deepEqual(await list('run_id=r1'), [c, b]);
  const { json: last } = await call(`GET /v1/events/${String(c)}`);
  const at = encodeURIComponent(String(last['created_at']));
  assert.deepEqual(await list(`since=${at}`), [c]);
  assert.deepEqual(await list(`until=${at}`), [b, a]);
  const page = await call('GET /v1/events?limit=2');
  const cursor = nextCursor(page.json);
  assert.deepEqual(await list(`limit=2&cursor=${cursor}`), [a]);
});

for (const query of ['since=yesterday', 'type=a', 'cursor=e30', 'limit=1.5']) {
  test(`?${query} is refused by naming the parameter`, async () => {
    const reply = await world.as('list')(`GET /v1/events?${query}`);
    assert.equal(reply.status, 422);
    const [error] = reply.json['errors'] as Record<string, string>[];
    assert.equal(error?.['parameter'], query.split('=')[0]);
  });
}

test('a listed event is the same as the event itself', async () => {
  const call = world.as('same');
  await call('POST /v1/webhooks/subscriptions', {
    json: { event_type: '**', target_url: 'https://example.com/' },
  });
  await call('POST /v1/events', { json: { event_type: 'a', deliver_at: '2026-01-01T00:00:00Z' } });
  await call('POST /v1/webhooks/subscriptions', {
    json: { event_type: 'z', target_url: 'https://example.com/' },
  });
  const published = await call('POST /v1/events', {
    json: { event_type: 'q', id: 'x-1', deliver_at: new Date(Date.now() + 9e7).toISOString() },
  });
  assert.equal(published.status, 202, published.text);
  const { json } = await call('GET /v1/events?event_type=q');
  const { json: event } = await call('GET /v1/events/x-1');
  assert.deepEqual(json['data'], [event]);
  // Its text is put together by hand: hold it against the schema that the document shows.
  assert.deepEqual(z.strictObject(eventOutput.shape).parse(event), event);
  assert.deepEqual(event['deliveries'], {
    matched: 1,
    delivered: 0,
    pending: 1,
    exhausted: 0,
    held: 0,
    cancelled: 0,
  });
});

test('one event has one id, and nothing else finds it', async () => {
  const call = world.as('one-id');
  const { json } = await call('POST /v1/events', { json: { event_type: 'a' } });
  const id = String(json['id']);
  const wrongTime = id.replace(/^evt_0(.)/, (_match, digit) => `evt_0${digit === '1' ? '2' : '1'}`);
  assert.notEqual(wrongTime, id);
  for (const wrong of [wrongTime, id.toUpperCase(), 'evt_', 'nothing', '%00']) {
    const reply = await call(`GET /v1/events/${wrong}`);
    assert.equal(reply.status, 404, wrong);
    assert.equal(reply.json['code'], 'not_found');
  }
});
