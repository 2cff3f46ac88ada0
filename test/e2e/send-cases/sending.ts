/** Cases 1 to 7 of the senders' black-box list: what is published, and to whom it goes. */
import assert from 'node:assert/strict';
import { listOf, type Cases } from './case-world.ts';

export const SENDING: Cases = {
  'case 1: one event is delivered once, its data byte for byte as published': async (tenant) => {
    await tenant.subscribe('hook');
    const data = '{"z":1,"a":{"y":[1.0,2e3,"\\u00e9"],"b":null},  "m":12345678901234567890}';
    const body = `{"event_type":"task.completed","data":${data}}`;
    const { id } = await tenant.expect(202, '/v1/events', { body });
    const [request] = await tenant.arrive('hook', 1);
    assert.ok(request?.body.toString().endsWith(`"data":${data}}`), request?.body.toString());
    await tenant.deliveryWhen(String(id), 'delivered');
    assert.equal(tenant.arrivals('hook').length, 1);
  },

  'case 2: fan-out; a held one is skipped, others are not, and resuming catches up': async (
    tenant,
  ) => {
    const [first, second] = [await tenant.subscribe('a'), await tenant.subscribe('b')];
    await tenant.act(second.id, 'pause');
    const id = await tenant.publish();
    await tenant.arrive('a', 1);
    await tenant.deliveryWhen(id, 'delivered', first.id);
    const held = await tenant.deliveryWhen(id, 'held', second.id);
    assert.match(String(held['reason']), /paused/);
    await tenant.act(second.id, 'resume');
    const [late] = await tenant.arrive('b', 1);
    assert.equal(late?.headers['webhook-id'], id);
    assert.equal(tenant.arrivals('a').length, 1);
  },

  'case 3: the same id twice is one event, and the second is told so': async (tenant) => {
    await tenant.subscribe('hook');
    const body = { event_type: 'order.paid', id: 'order-1-paid', data: { amount: 1 } };
    const first = await tenant.expect(202, '/v1/events', { body });
    const second = await tenant.expect(202, '/v1/events', { body });
    assert.deepEqual([first['duplicate'], second['duplicate']], [false, true]);
    assert.equal(second['id'], first['id']);
    const other = { ...body, data: { amount: 2 } };
    const conflict = await tenant.expect(422, '/v1/events', { body: other });
    assert.equal(conflict['code'], 'idempotency_key_reused');
    await tenant.deliveryWhen('order-1-paid', 'delivered');
    assert.equal(tenant.arrivals('hook').length, 1);
  },

  'case 4: of 50 concurrent publishes with one key exactly one is stored': async (tenant) => {
    await tenant.subscribe('hook');
    const body = { event_type: 'order.paid', data: { amount: 1 } };
    const headers = { 'idempotency-key': 'race' };
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => tenant.expect(202, '/v1/events', { body, headers })),
    );
    assert.equal(new Set(replies.map((reply) => reply['id'])).size, 1);
    assert.equal(replies.filter((reply) => reply['duplicate'] === false).length, 1);
    const page = listOf(await tenant.expect(200, '/v1/events'));
    assert.equal(page.length, 1);
    await tenant.deliveryWhen(String(replies[0]?.['id']), 'delivered');
    assert.equal(tenant.arrivals('hook').length, 1);
  },

  'case 5: type, wildcard and content decide who gets an event': async (tenant) => {
    const wishes: Record<string, Record<string, unknown>> = {
      exact: { event_type: 'order.paid' },
      part: { event_type: 'order.*' },
      deep: { event_type: 'order.**' },
      other: { event_type: 'invoice.*' },
      in: { filter: { data: { country: { $in: ['KR', 'US'] } } } },
      gt: { filter: { data: { amount: { $gt: 100 } } } },
      both: { filter: { data: { amount: { $gte: 50, $lt: 60 }, country: 'DE' } } },
      either: { filter: { $or: [{ data: { country: 'DE' } }, { data: { amount: 500 } }] } },
      noted: { filter: { metadata: { channel: { $starts_with: 'mobile' } } } },
      absent: { filter: { data: { refund: { $exists: true } } } },
    };
    for (const [path, wish] of Object.entries(wishes)) await tenant.subscribe(path, wish);
    const heard = async (event: Record<string, unknown>): Promise<string[]> => {
      const id = await tenant.publish(event);
      const deliveries = await tenant.deliveries(id);
      for (const one of deliveries) {
        await tenant.deliveryWhen(id, 'delivered', String(one['subscription_id']));
      }
      const got = Object.keys(wishes).filter((path) =>
        tenant.arrivals(path).some((request) => request.headers['webhook-id'] === id),
      );
      assert.equal(got.length, deliveries.length);
      return got;
    };
    const paid = { event_type: 'order.paid', data: { amount: 500, country: 'KR' } };
    assert.deepEqual(await heard(paid), ['exact', 'part', 'deep', 'in', 'gt', 'either']);
    const metadata = { channel: 'mobile-app' };
    const small = { event_type: 'order.item.added', data: { amount: 55, country: 'DE' }, metadata };
    assert.deepEqual(await heard(small), ['deep', 'both', 'either', 'noted']);
    const bill = { event_type: 'invoice.sent', data: { amount: '500', country: 'FR' } };
    assert.deepEqual(await heard(bill), ['other']);
  },

  'case 6: an event that nobody wants is stored, and says so': async (tenant) => {
    const reply = await tenant.expect(202, '/v1/events', { body: { event_type: 'a.b' } });
    assert.equal(reply['deliveries'], 0);
    const shown = await tenant.expect(200, `/v1/events/${String(reply['id'])}`);
    assert.match(JSON.stringify(shown['deliveries']), /"matched":0,/);
  },

  'case 7: too large, malformed and incomplete events are refused by name': async (tenant) => {
    const big = { event_type: 'a.b', data: 'x'.repeat(1_100_000) };
    const large = await tenant.expect(413, '/v1/events', { body: big });
    assert.equal(large['code'], 'payload_too_large');
    const torn = await tenant.expect(400, '/v1/events', { body: '{"event_type":"a.b"' });
    assert.equal(torn['code'], 'invalid_json');
    const bare = await tenant.expect(422, '/v1/events', { body: { data: {} } });
    assert.match(String(bare['detail']), /event_type/);
    assert.equal(listOf(await tenant.expect(200, '/v1/events')).length, 0);
  },
};
