import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LaneStatus } from '../../dispatch/delivery-control.ts';
import { parseRecordId } from '../../domain/ids.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const PATH = '/v1/webhooks/subscriptions';
const TARGET = 'https://example.com/hook';

async function subscribed(call: Call): Promise<string> {
  const json = { event_type: 'task.completed', target_url: TARGET };
  const created = await call(`POST ${PATH}`, { json });
  return `${PATH}/${String(created.json['id'])}`;
}

test('a paused subscription holds its events, and resuming sends them', async () => {
  const call = world.as('pause');
  const path = await subscribed(call);
  assert.equal((await call(`POST ${path}/pause`)).json['status'], 'paused');
  assert.equal((await call(`POST ${path}/pause`)).json['status'], 'paused');
  const published = await call('POST /v1/events', { json: { event_type: 'task.completed' } });
  const eventId = String(published.json['id']);
  const held = await call(`GET /v1/events/${eventId}`);
  assert.deepEqual((held.json['deliveries'] as Record<string, number>)['held'], 1);
  const resumed = await call(`POST ${path}/resume`);
  assert.equal(resumed.json['status'], 'active');
  const job = await world.receiver.attemptOf(eventId);
  assert.equal(job.attemptNumber, 1);
});

test('a disabled subscription can be resumed, which forgets why, but not paused', async () => {
  const call = world.as('disabled');
  const path = await subscribed(call);
  const number = parseRecordId('sub', path.slice(PATH.length + 1))?.number ?? 0;
  await world.registry.change(number, {
    status: 'disabled',
    disabledReason: 'the receiver answered 410 Gone',
    failingSince: 1_700_000_000_000,
  });
  const refused = await call(`POST ${path}/pause`);
  assert.equal(refused.status, 409);
  assert.equal(refused.json['code'], 'subscription_is_disabled');
  const shown = await call(`GET ${path}`);
  assert.equal(shown.json['disabled_reason'], 'the receiver answered 410 Gone');
  assert.equal(shown.json['failing_since'], '2023-11-14T22:13:20.000Z');
  const { json } = await call(`POST ${path}/resume`);
  assert.deepEqual(
    [json['status'], json['disabled_reason'], json['failing_since']],
    ['active', null, null],
  );
});

test('a test event goes to this subscription alone, whatever its patterns', async () => {
  const call = world.as('test-event');
  const path = await subscribed(call);
  await subscribed(call);
  const sent = await call(`POST ${path}/test`, { body: '' });
  assert.equal(sent.status, 202, sent.text);
  const eventId = String(sent.json['event_id']);
  const job = await world.receiver.attemptOf(eventId);
  assert.equal(job.subscription.id, path.slice(PATH.length + 1));
  const delivery = await call(`GET /v1/deliveries/${String(sent.json['delivery_id'])}`);
  assert.equal(delivery.json['event_id'], eventId);
  const { json } = await call(`GET /v1/events/${eventId}`);
  assert.equal(json['event_type'], 'bellwire.test');
  assert.equal((json['deliveries'] as Record<string, number>)['matched'], 1);
});

test('health shows the lane and how recent attempts went', async () => {
  const lane: LaneStatus = {
    queued: 4,
    inFlight: 2,
    window: 8,
    breaker: 'open',
    probeAt: 1_700_000_000_000,
  };
  const never = () => Promise.reject(new Error('not asked'));
  const other = await openApiWorld({
    deliveries: {
      resend: never,
      cancel: never,
      release: never,
      isSending: () => false,
      waitsFor: () => undefined,
      lane: () => lane,
    },
    health: () => ({
      windowSeconds: 3_600,
      attempts: 10,
      succeeded: 7,
      failed: 3,
      p50Ms: 12,
      p95Ms: 80,
      lastSuccessAt: 1_700_000_000_000,
      lastFailureAt: null,
      lastFailureReason: null,
    }),
  });
  try {
    const call = other.as('default');
    const { json } = await call(`GET ${await subscribed(call)}/health`);
    assert.deepEqual(json, {
      status: 'active',
      disabled_reason: null,
      failing_since: null,
      lane: {
        queued: 4,
        in_flight: 2,
        window: 8,
        breaker: 'open',
        probe_at: '2023-11-14T22:13:20.000Z',
      },
      recent: {
        window_seconds: 3_600,
        attempts: 10,
        succeeded: 7,
        failed: 3,
        p50_ms: 12,
        p95_ms: 80,
        last_success_at: '2023-11-14T22:13:20.000Z',
        last_failure_at: null,
        last_failure_reason: null,
      },
    });
  } finally {
    await other.close();
  }
});

test('a subscription that was never used has no lane and no recent attempts', async () => {
  const call = world.as('unused');
  const { json } = await call(`GET ${await subscribed(call)}/health`);
  assert.deepEqual([json['lane'], json['recent']], [null, null]);
});

test('an action takes an empty body of any type, and no other', async () => {
  const call = world.as('empty-body');
  const path = await subscribed(call);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await call(`POST ${path}/pause`, { headers: form })).status, 200);
  assert.equal((await call(`POST ${path}/pause`, { body: '' })).status, 200);
  const full = await call(`POST ${path}/pause`, { body: 'a=1', headers: form });
  assert.equal(full.json['code'], 'unsupported_media_type');
});
