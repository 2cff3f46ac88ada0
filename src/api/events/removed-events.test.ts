import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

type Json = Record<string, unknown>;

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

test('an event past its retention is as unknown as one that never was', async () => {
  const call = world.as('default');
  await call('POST /v1/webhooks/subscriptions', {
    json: { event_type: '**', target_url: 'https://example.com/' },
  });
  const headers = { 'idempotency-key': 'once' };
  const json = { event_type: 'a' };
  const { json: published } = await call('POST /v1/events', { json, headers });
  const id = String(published['id']);
  const listed = await call(`GET /v1/events/${id}/deliveries`);
  const [delivery] = listed.json['data'] as Json[];
  const deliveryId = String(delivery?.['id']);
  await world.receiver.attemptOf(id);
  // Once the attempt is stored, nothing is left to do for the event.
  const removal = async () =>
    world.storage.retention.removeOld({
      tenant: null,
      createdBefore: world.deps.clock.now() + 1_000,
      after: undefined,
    });
  for (let removed = 0; removed === 0;) removed = (await removal()).events;
  const gone = [
    `GET /v1/events/${id}`,
    `GET /v1/events/${id}/deliveries`,
    `GET /v1/deliveries/${deliveryId}`,
    `GET /v1/deliveries/${deliveryId}/attempts`,
    `POST /v1/deliveries/${deliveryId}/resend`,
    `POST /v1/deliveries/${deliveryId}/cancel`,
  ];
  for (const route of gone) {
    const reply = await call(route);
    assert.equal(reply.status, 404, `${route}: ${reply.text}`);
  }
  assert.deepEqual((await call('GET /v1/events')).json['data'], []);
  assert.deepEqual((await call('GET /v1/deliveries')).json['data'], []);
  const again = await call('POST /v1/events', { json, headers });
  assert.equal(again.json['duplicate'], false);
});
