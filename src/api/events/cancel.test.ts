import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

type Json = Record<string, unknown>;

const HOUR_MS = 3_600_000;

async function subscribe(call: Call): Promise<void> {
  const target_url = `https://${crypto.randomUUID()}.example.com/`;
  await call('POST /v1/webhooks/subscriptions', { json: { event_type: '**', target_url } });
}

async function publish(call: Call, fields: Json = {}): Promise<string> {
  const { json } = await call('POST /v1/events', { json: { event_type: 'a.b', ...fields } });
  return String(json['id']);
}

async function statuses(call: Call, id: string): Promise<unknown[]> {
  const { json } = await call(`GET /v1/events/${id}/deliveries`);
  return (json['data'] as Json[]).map((delivery) => delivery['status']);
}

test('a scheduled event is called off at all its subscriptions', async () => {
  const call = world.as('scheduled');
  for (let count = 0; count < 3; count += 1) await subscribe(call);
  const deliver_at = new Date(Date.now() + HOUR_MS).toISOString();
  const id = await publish(call, { deliver_at });
  assert.deepEqual(await statuses(call, id), ['waiting', 'waiting', 'waiting']);
  const { status, json } = await call(`POST /v1/events/${id}/cancel`);
  assert.equal(status, 200);
  assert.deepEqual(json, { id, cancelled: 3, already_over: 0 });
  assert.deepEqual(await statuses(call, id), ['cancelled', 'cancelled', 'cancelled']);
  assert.equal(world.receiver.jobs.length, 0);
});

test('what is over stays as it is, and when all is over there is nothing to cancel', async () => {
  const call = world.as('partly');
  await subscribe(call);
  const deliver_at = new Date(Date.now() + HOUR_MS).toISOString();
  await subscribe(call);
  const id = await publish(call, { deliver_at });
  const { json: listed } = await call(`GET /v1/events/${id}/deliveries`);
  const [first] = listed['data'] as Json[];
  await call(`POST /v1/deliveries/${String(first?.['id'])}/cancel`);
  const partly = await call(`POST /v1/events/${id}/cancel`);
  assert.deepEqual(partly.json, { id, cancelled: 1, already_over: 1 });
  const again = await call(`POST /v1/events/${id}/cancel`);
  assert.deepEqual([again.status, again.json['code']], [409, 'nothing_to_cancel']);
});

test('an event that matched nobody has nothing to cancel; an unknown one is none', async () => {
  const call = world.as('nobody');
  const unmatched = await call(`POST /v1/events/${await publish(call)}/cancel`);
  assert.deepEqual([unmatched.status, unmatched.json['code']], [409, 'nothing_to_cancel']);
  assert.match(String(unmatched.json['detail']), /matched no subscription/);
  assert.equal((await call('POST /v1/events/evt_unknown/cancel')).status, 404);
});

test("the publisher's own id names the event, too", async () => {
  const call = world.as('own-id');
  await subscribe(call);
  const deliver_at = new Date(Date.now() + HOUR_MS).toISOString();
  await publish(call, { id: 'order-7', deliver_at });
  const { json } = await call('POST /v1/events/order-7/cancel');
  assert.deepEqual(json, { id: 'order-7', cancelled: 1, already_over: 0 });
});

test('deliver_at: the past sends at once, more than 30 days ahead is refused by name', async () => {
  const call = world.as('deliver-at');
  await subscribe(call);
  const at = (days: number) => new Date(Date.now() + days * 24 * HOUR_MS).toISOString();
  const id = await publish(call, { deliver_at: at(-1) });
  await world.receiver.attemptOf(id);
  for (const days of [29.9, 31]) {
    const reply = await call('POST /v1/events', {
      json: { event_type: 'a.b', deliver_at: at(days) },
    });
    assert.equal(reply.status, days > 30 ? 422 : 202, reply.text);
    if (days < 30) continue;
    const [mistake] = reply.json['errors'] as Json[];
    assert.equal(mistake?.['pointer'], '/deliver_at');
  }
});
