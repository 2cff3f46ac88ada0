/** `subscription_id`: an event for one subscription alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

async function subscribe(call: Call, eventType: string): Promise<string> {
  const json = { event_type: eventType, target_url: 'https://example.com/' };
  const reply = await call('POST /v1/webhooks/subscriptions', { json });
  return String(reply.json['id']);
}

test('only that subscription gets it, whatever event types it asked for', async () => {
  const call = world.as('addressed');
  await subscribe(call, '**');
  const id = await subscribe(call, 'something.else');
  const event = { event_type: 'a', subscription_id: id };
  const reply = await call('POST /v1/events', { json: event });
  assert.deepEqual([reply.status, reply.json['deliveries']], [202, 1]);
  const eventId = String(reply.json['id']);
  const job = await world.receiver.attemptOf(eventId);
  assert.equal(job.subscription.id, id);
  const deliveries = await call(`GET /v1/events/${eventId}/deliveries`);
  const all = deliveries.json['data'] as { subscription_id: string }[];
  assert.deepEqual(
    all.map((delivery) => delivery.subscription_id),
    [id],
  );
});

test('in a batch each event may have its own address', async () => {
  const call = world.as('batch');
  const ids = [await subscribe(call, 'x'), await subscribe(call, 'y')];
  const json = [...ids, 'sub_01kgsx2f2g00000000009'].map((id) => ({
    event_type: 'a',
    subscription_id: id,
  }));
  const reply = await call('POST /v1/events/batch', { json });
  const items = reply.json['data'] as { status: string; deliveries?: number; error?: object }[];
  assert.deepEqual(
    items.map(({ status, deliveries }) => [status, deliveries]),
    [
      ['accepted', 1],
      ['accepted', 1],
      ['rejected', undefined],
    ],
  );
  assert.match(JSON.stringify(items[2]?.error), /\/subscription_id/);
});

test('one that does not exist, was deleted, or is of another tenant is refused alike', async () => {
  const call = world.as('refused');
  const deleted = await subscribe(call, 'x');
  await call(`DELETE /v1/webhooks/subscriptions/${deleted}`);
  const foreign = await subscribe(world.as('foreign'), '**');
  const answers = new Set<string>();
  for (const id of [deleted, foreign, 'sub_01kgsx2f2g00000000009', 'nonsense', '']) {
    const reply = await call('POST /v1/events', { json: { event_type: 'a', subscription_id: id } });
    assert.equal(reply.status, 422, id);
    const [part] = reply.json['errors'] as { pointer: string; code: string }[];
    assert.deepEqual([part?.pointer, part?.code], ['/subscription_id', 'unknown_subscription']);
    answers.add(reply.text);
  }
  assert.equal(answers.size, 1);
  assert.deepEqual((await call('GET /v1/events')).json['data'], []);
});

test('it is held while the subscription is paused', async () => {
  const call = world.as('paused');
  const id = await subscribe(call, 'x');
  await call(`POST /v1/webhooks/subscriptions/${id}/pause`);
  const event = { event_type: 'a', subscription_id: id };
  const { json } = await call('POST /v1/events', { json: event });
  const deliveries = await call(`GET /v1/events/${String(json['id'])}/deliveries`);
  const [delivery] = deliveries.json['data'] as { status: string }[];
  assert.equal(delivery?.status, 'held');
});

test('the address is part of what an Idempotency-Key stands for', async () => {
  const call = world.as('keyed');
  const [one, other] = [await subscribe(call, 'x'), await subscribe(call, 'y')];
  const headers = { 'idempotency-key': 'k' };
  const publish = (id: string | undefined) =>
    call('POST /v1/events', { json: { event_type: 'a', subscription_id: id }, headers });
  assert.equal((await publish(one)).json['duplicate'], false);
  assert.equal((await publish(one)).json['duplicate'], true);
  assert.equal((await publish(other)).json['code'], 'idempotency_key_reused');
  assert.equal((await publish(undefined)).json['code'], 'idempotency_key_reused');
});
