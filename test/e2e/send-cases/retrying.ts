/** Cases 8 to 17, 20 and 22: what happens when a receiver does not take an event. */
import assert from 'node:assert/strict';
import type { Reaction } from '../../../src/testing/fake-receiver.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { objectIn } from '../call.ts';
import type { Cases, CaseTenant, Json } from './case-world.ts';

const HOUR_MS = 3_600_000;

/** What waiting for a retry may cost on a busy machine. */
const SLACK_MS = 3_000;

export const RETRYING: Cases = {
  'case 8: 500, then 200: two attempts, as far apart as the schedule says': async (tenant) => {
    tenant.answer('hook', { status: 500 }, { status: 200 });
    await tenant.subscribe('hook', { retry_schedule: [1] });
    const delivery = await tenant.deliveryWhen(await tenant.publish(), 'delivered');
    assert.equal(delivery['attempts'], 2);
    const [first, second] = await tenant.attempts(delivery);
    assert.deepEqual([first?.['outcome'], first?.['failure_reason']], ['failed', 'status']);
    assert.deepEqual([second?.['outcome'], second?.['trigger']], ['succeeded', 'retry']);
    const waited = at(second, 'started_at') - at(first, 'started_at');
    assert.ok(waited >= 800 && waited < 1_200 + SLACK_MS, `${waited} ms`);
  },

  'case 9: a delivery is exhausted after exactly the tries of its schedule': async (tenant) => {
    tenant.answer('hook', { status: 500 });
    await tenant.subscribe('hook', { retry_schedule: [0.1, 0.1] });
    const delivery = await tenant.deliveryWhen(await tenant.publish(), 'exhausted');
    const attempts = await tenant.attempts(delivery);
    assert.deepEqual(
      attempts.map((one) => one['number']),
      [1, 2, 3],
    );
    for (const one of attempts.slice(0, 2)) {
      assert.ok(at(one, 'next_attempt_at') > at(one, 'started_at'));
    }
    assert.equal(attempts[2]?.['next_attempt_at'], null);
    assert.match(String(delivery['reason']), /500.*no try of the retry schedule is left/);
    assert.equal(tenant.arrivals('hook').length, 3);
  },

  'case 10: an empty schedule means one attempt; so does retry:false': async (tenant) => {
    tenant.answer('once', { status: 500 });
    tenant.answer('twice', { status: 500 });
    const once = await tenant.subscribe('once', { event_type: 'a.b', retry_schedule: [] });
    const first = await tenant.publish({ event_type: 'a.b' });
    assert.equal((await tenant.deliveryWhen(first, 'exhausted', once.id))['attempts'], 1);
    await tenant.subscribe('twice', { event_type: 'c.d', retry_schedule: [0.1] });
    const second = await tenant.publish({ event_type: 'c.d', retry: false });
    assert.equal((await tenant.deliveryWhen(second, 'exhausted'))['attempts'], 1);
  },

  'case 11: Retry-After moves the next try later, never earlier, and has a cap': async (tenant) => {
    const httpDate = new Date(Date.now() + 2 * HOUR_MS).toUTCString();
    const wishes: Record<string, [Reaction, from: number, to: number]> = {
      seconds: [{ status: 503, retryAfter: 3_600 }, HOUR_MS, HOUR_MS],
      date: [{ status: 503, retryAfter: httpDate }, 1.9 * HOUR_MS, 2 * HOUR_MS],
      garbage: [{ status: 503, retryAfter: 'soon' }, 48_000, 72_000],
      past: [{ status: 503, retryAfter: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 48_000, 72_000],
      sooner: [{ status: 503, retryAfter: 1 }, 48_000, 72_000],
      huge: [{ status: 503, retryAfter: 99_999_999_999 }, 10 * HOUR_MS, 10 * HOUR_MS],
    };
    for (const [path, [reaction]] of Object.entries(wishes)) {
      tenant.answer(path, reaction);
      await tenant.subscribe(path, { event_type: `case.${path}`, retry_schedule: [60] });
    }
    for (const [path, [, from, to]] of Object.entries(wishes)) {
      const id = await tenant.publish({ event_type: `case.${path}` });
      const [attempt] = await tenant.attempts(await tenant.deliveryWhen(id, 'waiting'));
      const wait = at(attempt, 'next_attempt_at') - at(attempt, 'started_at');
      assert.ok(wait >= from && wait <= to + SLACK_MS, `${path}: ${wait} ms`);
    }
  },

  'case 12: a redirect is a failure and is not followed': async (tenant) => {
    const location = tenant.targetUrl('elsewhere');
    tenant.answer('hook', { status: 307, headers: { location } });
    await tenant.subscribe('hook', { retry_schedule: [] });
    const delivery = await tenant.deliveryWhen(await tenant.publish(), 'exhausted');
    const [attempt] = await tenant.attempts(delivery);
    assert.deepEqual(
      [attempt?.['failure_reason'], attempt?.['response_status']],
      ['redirect', 307],
    );
    assert.equal(tenant.arrivals('elsewhere').length, 0);
  },

  'case 13: an answer larger than the cap is recorded in part and blocks nothing': async (
    tenant,
  ) => {
    tenant.answer('hook', { status: 500, body: 'x'.repeat(5_000_000) });
    await tenant.subscribe('hook', { retry_schedule: [] });
    const delivery = await tenant.deliveryWhen(await tenant.publish(), 'exhausted');
    const [attempt] = await tenant.attempts(delivery);
    assert.ok(JSON.stringify(attempt).length <= 131_072);
    assert.equal(attempt?.['outcome'], 'failed');
    tenant.answer('hook', { status: 200 });
    await tenant.deliveryWhen(await tenant.publish(), 'delivered');
  },

  'case 14: a resend while a retry waits is one try now; on a disabled one it is refused': async (
    tenant,
  ) => {
    tenant.answer('hook', { status: 500 }, { status: 200 });
    const { id: subscription } = await tenant.subscribe('hook', { retry_schedule: [3_600] });
    const event = await tenant.publish();
    const waiting = await tenant.deliveryWhen(event, 'waiting');
    await resend(tenant, waiting, 202);
    const delivered = await tenant.deliveryWhen(event, 'delivered');
    const attempts = await tenant.attempts(delivered);
    assert.deepEqual(
      attempts.map((one) => [one['number'], one['trigger']]),
      [
        [1, 'initial'],
        [2, 'resend'],
      ],
    );
    await resend(tenant, delivered, 202);
    await tenant.arrive('hook', 3);
    tenant.answer('hook', { status: 410 });
    await tenant.publish();
    await waitUntil(
      async () => (await tenant.subscription(subscription))['status'] === 'disabled',
      {
        what: 'the 410 to disable the subscription',
      },
    );
    const refused = await resend(tenant, delivered, 409);
    assert.equal(refused['code'], 'subscription_is_disabled');
  },

  'case 15: an exhausted delivery that is resent gets its whole schedule again': async (tenant) => {
    tenant.answer('hook', { status: 500 });
    await tenant.subscribe('hook', { retry_schedule: [0.1] });
    const event = await tenant.publish();
    const dead = await tenant.deliveryWhen(event, 'exhausted');
    await resend(tenant, dead, 202);
    await tenant.arrive('hook', 4);
    const again = await tenant.deliveryWhen(event, 'exhausted');
    assert.deepEqual(
      (await tenant.attempts(again)).map((one) => one['trigger']),
      ['initial', 'retry', 'resend', 'retry'],
    );
  },

  'case 16: a disabled subscription is told elsewhere, holds, and catches up': async (tenant) => {
    await tenant.subscribe('alerts', { event_type: 'bellwire.subscription.disabled' });
    tenant.answer('sporadic', { status: 500 }, { status: 200 });
    const sporadic = await tenant.subscribe('sporadic', { retry_schedule: [0.1] });
    tenant.answer('hook', { status: 410 }, { status: 200 });
    const failing = await tenant.subscribe('hook');
    const events = [await tenant.publish()];
    const [alert] = await tenant.arrive('alerts', 1);
    const told = objectIn({ text: alert?.body.toString() ?? '' });
    assert.match(JSON.stringify(told['data']), new RegExp(failing.id));
    assert.match(String((await tenant.subscription(failing.id))['disabled_reason']), /410/);
    events.push(await tenant.publish(), await tenant.publish());
    for (const event of events) await tenant.deliveryWhen(event, 'held', failing.id);
    await tenant.act(failing.id, 'resume');
    await tenant.arrive('hook', 1 + events.length);
    for (const event of events) await tenant.deliveryWhen(event, 'delivered', failing.id);
    assert.equal((await tenant.subscription(sporadic.id))['status'], 'active');
  },

  'case 17: what waits for a deleted subscription ends as cancelled': async (tenant) => {
    tenant.answer('hook', { status: 500 });
    const { id: subscription } = await tenant.subscribe('hook', { retry_schedule: [1] });
    const event = await tenant.publish();
    await tenant.deliveryWhen(event, 'waiting');
    const path = `/v1/webhooks/subscriptions/${subscription}`;
    assert.equal((await tenant.ask(path, { method: 'DELETE' })).status, 204);
    const delivery = await tenant.deliveryWhen(event, 'cancelled');
    assert.match(String(delivery['reason']), /deleted/);
    assert.equal(tenant.arrivals('hook').length, 1);
  },

  'case 20: a slow target cannot starve a fast one': async (tenant) => {
    tenant.answer('slow', 'hang');
    await tenant.subscribe('slow', { event_type: 'slow.**', timeout_ms: 10_000 });
    await tenant.subscribe('fast', { event_type: 'fast.**' });
    const slow = Array.from({ length: 200 }, () => tenant.publish({ event_type: 'slow.one' }));
    await Promise.all(slow);
    const started = performance.now();
    const fast = Array.from({ length: 50 }, () => tenant.publish({ event_type: 'fast.one' }));
    await Promise.all(fast);
    await tenant.arrive('fast', 50);
    assert.ok(performance.now() - started < SLACK_MS, 'the fast one waited for the slow one');
  },

  'case 22: a rate limit spaces deliveries': async (tenant) => {
    await tenant.subscribe('hook', { rate_limit: 5 });
    const started = performance.now();
    await Promise.all(Array.from({ length: 15 }, () => tenant.publish()));
    await tenant.arrive('hook', 15);
    // One second's worth may go at once; the other ten need two seconds.
    const took = performance.now() - started;
    assert.ok(took >= 1_800, `15 at 5 a second took ${took} ms`);
  },
};

async function resend(tenant: CaseTenant, delivery: Json, status: number): Promise<Json> {
  const path = `/v1/deliveries/${String(delivery['id'])}/resend`;
  return tenant.expect(status, path, { method: 'POST' });
}

function at(record: Json | undefined, field: string): number {
  const instant = Date.parse(String(record?.[field]));
  assert.ok(Number.isFinite(instant), `${field}: ${String(record?.[field])}`);
  return instant;
}
