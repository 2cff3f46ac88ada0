/** Filters, transforms and payload formats over a store: what is kept of them is what holds. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SuiteWorld } from './suite-world.ts';

const FILTER = { data: { amount: { $gte: 100 }, $$ref: 1 }, metadata: { b: 1, a: 2.5 } };
const TAKEN = { data: { amount: 100, $ref: 1 }, metadata: { b: 1, a: 2.5 } };

export function describeContent(suite: { readonly world: SuiteWorld }): void {
  it('filters, transforms and writes the format asked for, also after a crash', async () => {
    const { world } = suite;
    const wish = { event_type: 'content.kept', filter: FILTER };
    const transform = '{"double": data.amount * 2, "at": $now()}';
    await world.subscribe('/transformed', { ...wish, transform, payload_format: 'cloudevents' });
    const event = { event_type: 'content.kept', occurred_at: '2026-04-09T12:00:00.000Z' };
    const data = '"data":{"double":200,"at":"2026-04-09T12:00:00.000Z"}}';
    for (const round of ['before', 'after']) {
      const other = await world.publish({ ...event, data: { amount: 99, $ref: 1 } });
      const taken = await world.publish({ ...event, ...TAKEN });
      const [request] = await world.arrived(taken);
      assert.equal(request?.headers['content-type'], 'application/cloudevents+json', round);
      assert.ok(request.body.toString().endsWith(data), request.body.toString());
      await world.delivery(taken, 'delivered');
      const { json } = await world.call(`GET /v1/events/${other}/deliveries`);
      assert.deepEqual(json['data'], []);
      if (round === 'before') await world.crash();
    }
  });

  it('repairs a transform that failed by changing it and sending once more', async () => {
    const { world } = suite;
    const wish = { event_type: 'content.mended', retry_schedule: [], transform: 'data.gone' };
    const id = await world.subscribe('/mended', wish);
    const event = await world.publish({ event_type: 'content.mended', data: { n: 7 } });
    const failed = await world.delivery(event, 'exhausted');
    assert.match(String(failed['reason']), /^the transform failed: the result is nothing/);
    const attempts = await world.call(`GET /v1/deliveries/${String(failed['id'])}/attempts`);
    assert.match(attempts.text, /"failure_reason":"transform_failed"/);
    assert.equal(world.arrivals(event).length, 0);
    await world.call(`PATCH /v1/webhooks/subscriptions/${id}`, { json: { transform: 'data.n' } });
    await world.call(`POST /v1/deliveries/${String(failed['id'])}/resend`);
    const [request] = await world.arrived(event);
    assert.equal(request?.body.toString(), '7');
    await world.delivery(event, 'delivered');
  });
}
