import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import { nextCursor, type Call } from '../testing/caller.ts';
import { Receiver } from '../testing/receiver.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const SUBSCRIPTIONS = '/v1/webhooks/subscriptions';
type Json = Record<string, unknown>;

/** Publishes one event to one new subscription and waits until its delivery has that status. */
async function delivered(
  call: Call,
  answer: AttemptResult | null,
  status: string,
  settings: Json = {},
): Promise<{ eventId: string; subscriptionId: string; path: string; delivery: Json }> {
  const eventType = `test.${crypto.randomUUID()}`;
  const target_url = `https://${crypto.randomUUID()}.example.com/`;
  const subscription = await call(`POST ${SUBSCRIPTIONS}`, {
    json: { event_type: eventType, target_url, ...settings },
  });
  world.receiver.answer = answer;
  const event = await call('POST /v1/events', { json: { event_type: eventType } });
  const eventId = String(event.json['id']);
  await world.receiver.attemptOf(eventId);
  const delivery = await untilStatus(call, `/v1/deliveries?event_id=${eventId}`, status);
  const path = `/v1/deliveries/${String(delivery['id'])}`;
  return { eventId, subscriptionId: String(subscription.json['id']), path, delivery };
}

/** The API tells no more of a commit than its result; the deadline is that of the test. */
async function untilStatus(call: Call, path: string, status: string): Promise<Json> {
  for (;;) {
    const { json } = await call(`GET ${path}`);
    const [delivery = {}] = 'data' in json ? (json['data'] as Json[]) : [json];
    if (delivery['status'] === status) return delivery;
    await new Promise(setImmediate);
  }
}

const TIMEOUT = { timeout: 5_000 };

test('a delivery and its attempt tell what happened', TIMEOUT, async () => {
  const call = world.as('delivered');
  const ok = Receiver.failure(204, Buffer.from('thanks'));
  const { eventId, subscriptionId, path, delivery } = await delivered(call, ok, 'delivered');
  assert.deepEqual(delivery, {
    id: delivery['id'],
    event_id: eventId,
    subscription_id: subscriptionId,
    status: 'delivered',
    attempts: 1,
    next_attempt_at: null,
    reason: null,
    created_at: delivery['created_at'],
  });
  assert.deepEqual((await call(`GET ${path}`)).json, delivery);
  const { json } = await call(`GET ${path}/attempts`);
  const [attempt = {}] = json['data'] as Json[];
  assert.match(String(attempt['id']), /^att_/);
  assert.deepEqual(json, {
    data: [
      {
        id: attempt['id'],
        delivery_id: delivery['id'],
        number: 1,
        trigger: 'initial',
        outcome: 'succeeded',
        failure_reason: null,
        detail: null,
        response_status: 204,
        response_headers: {},
        response_body: 'thanks',
        duration_ms: 5,
        started_at: attempt['started_at'],
        next_attempt_at: null,
      },
    ],
    next_cursor: null,
  });
});

test('a response that is not UTF-8 is given in base64 too', TIMEOUT, async () => {
  const call = world.as('binary');
  const bytes = Buffer.from([0xff, 0x00, 0x41]);
  const { path } = await delivered(call, Receiver.failure(500, bytes), 'waiting');
  const { json } = await call(`GET ${path}/attempts`);
  const [attempt = {}] = json['data'] as Json[];
  assert.equal(attempt['response_body'], '\ufffd\u0000A');
  assert.equal(attempt['response_body_base64'], '/wBB');
  assert.equal(attempt['failure_reason'], 'status');
  assert.notEqual(attempt['next_attempt_at'], null);
});

test('an exhausted delivery can be resent with the same bytes', TIMEOUT, async () => {
  const call = world.as('resend');
  const settings = { retry_schedule: [] };
  const answer = Receiver.failure(500);
  const { eventId, path, delivery } = await delivered(call, answer, 'exhausted', settings);
  assert.notEqual(delivery['reason'], null);
  const first = await world.receiver.attemptOf(eventId);
  world.receiver.answer = Receiver.failure(200);
  const resent = await call(`POST ${path}/resend`);
  assert.equal(resent.status, 202, resent.text);
  const { attempts } = await untilStatus(call, path, 'delivered');
  assert.equal(attempts, 2);
  const second = await world.receiver.attemptOf(eventId);
  assert.equal(second.attemptNumber, 2);
  assert.deepEqual(second.body, first.body);
  const { json } = await call(`GET ${path}/attempts`);
  assert.deepEqual(
    (json['data'] as Json[]).map(({ trigger }) => trigger),
    ['initial', 'resend'],
  );
});

test(
  'a delivery that is being sent says so, and is not sent twice at a time',
  TIMEOUT,
  async () => {
    const call = world.as('sending');
    const { path } = await delivered(call, null, 'sending');
    const listed = await call('GET /v1/deliveries?status=sending');
    assert.equal((listed.json['data'] as Json[]).length, 1);
    const pending = await call('GET /v1/deliveries?status=pending');
    assert.deepEqual(pending.json['data'], []);
    const resent = await call(`POST ${path}/resend`);
    assert.equal(resent.status, 409);
    assert.equal(resent.json['code'], 'delivery_is_sending');
    world.receiver.answerAll();
    await untilStatus(call, path, 'delivered');
  },
);

test('a waiting delivery can be cancelled, once', TIMEOUT, async () => {
  const call = world.as('cancel');
  const { path } = await delivered(call, Receiver.failure(500), 'waiting');
  const cancelled = await call(`POST ${path}/cancel`);
  assert.equal(cancelled.status, 200);
  assert.equal(cancelled.json['status'], 'cancelled');
  assert.equal(cancelled.json['next_attempt_at'], null);
  const again = await call(`POST ${path}/cancel`);
  assert.equal(again.status, 409);
  assert.equal(again.json['code'], 'delivery_is_final');
});

test('a delivery outlives its subscription but can not be resent', TIMEOUT, async () => {
  const call = world.as('deleted');
  const { subscriptionId, path, delivery } = await delivered(
    call,
    Receiver.failure(200),
    'delivered',
  );
  await call(`DELETE ${SUBSCRIPTIONS}/${subscriptionId}`);
  assert.deepEqual((await call(`GET ${path}`)).json, delivery);
  const listed = await call(`GET /v1/deliveries?subscription_id=${subscriptionId}`);
  assert.deepEqual(listed.json['data'], [delivery]);
  const resent = await call(`POST ${path}/resend`);
  assert.equal(resent.status, 409);
  assert.equal(resent.json['code'], 'subscription_is_deleted');
});

test('deliveries are listed by status, subscription and event, page by page', TIMEOUT, async () => {
  const call = world.as('list');
  const good = await delivered(call, Receiver.failure(200), 'delivered');
  const bad = await delivered(call, Receiver.failure(500), 'waiting');
  const ids = async (query: string) => {
    const { json } = await call(`GET /v1/deliveries?${query}`);
    return (json['data'] as Json[]).map(({ id }) => id);
  };
  assert.deepEqual(await ids(''), [bad.delivery['id'], good.delivery['id']]);
  assert.deepEqual(await ids('status=waiting'), [bad.delivery['id']]);
  assert.deepEqual(await ids(`subscription_id=${good.subscriptionId}`), [good.delivery['id']]);
  assert.deepEqual(await ids(`event_id=${bad.eventId}`), [bad.delivery['id']]);
  assert.deepEqual(await ids(`event_id=${bad.eventId}&status=delivered`), []);
  assert.deepEqual(await ids('subscription_id=sub_nothing'), []);
  assert.deepEqual(await ids('event_id=nothing'), []);
  const first = await call('GET /v1/deliveries?limit=1');
  const rest = await ids(`limit=1&cursor=${nextCursor(first.json)}`);
  assert.deepEqual(rest, [good.delivery['id']]);
});

test('the deliveries of an event go page by page too', TIMEOUT, async () => {
  const call = world.as('fan-out');
  world.receiver.answer = Receiver.failure(200);
  for (let count = 0; count < 3; count += 1) {
    await call(`POST ${SUBSCRIPTIONS}`, {
      json: { event_type: 'fan.out', target_url: `https://example.com/${count}` },
    });
  }
  const { json } = await call('POST /v1/events', { json: { event_type: 'fan.out' } });
  const seen: unknown[] = [];
  let cursor = '';
  for (;;) {
    const query = `event_id=${String(json['id'])}&limit=2${cursor}`;
    const page = await call(`GET /v1/deliveries?${query}`);
    seen.push(...(page.json['data'] as Json[]).map(({ id }) => id));
    if (page.json['next_cursor'] === null) break;
    cursor = `&cursor=${nextCursor(page.json)}`;
  }
  const all = await call(`GET /v1/events/${String(json['id'])}/deliveries`);
  const expected = (all.json['data'] as Json[]).map(({ id }) => id);
  assert.equal(expected.length, 3);
  assert.deepEqual(seen, expected.toReversed());
});
