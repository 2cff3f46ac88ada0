/** Order, end and state of a subscription, and single tries, over the API. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SubscriptionStatus } from '../../domain/subscription.ts';
import { parseRecordId } from '../../domain/ids.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';
import { Receiver } from '../testing/receiver.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const PATH = '/v1/webhooks/subscriptions';
const TIMEOUT = { timeout: 5_000 };
const MINUTE_MS = 60_000;

type Json = Record<string, unknown>;

async function subscribed(call: Call, settings: Json = {}): Promise<string> {
  const target_url = `https://${crypto.randomUUID()}.example.com/`;
  const json = { event_type: 'task.completed', target_url, ...settings };
  const created = await call(`POST ${PATH}`, { json });
  assert.equal(created.status, 201, created.text);
  return `${PATH}/${String(created.json['id'])}`;
}

function numberOf(path: string): number {
  return parseRecordId('sub', path.slice(PATH.length + 1))?.number ?? 0;
}

async function published(call: Call, event: Json = {}): Promise<Json> {
  const { json } = await call('POST /v1/events', {
    json: { event_type: 'task.completed', ...event },
  });
  return json;
}

/** The only delivery of an event, once it has that status. */
async function deliveryOf(call: Call, event: Json, status: string): Promise<Json> {
  for (;;) {
    const { json } = await call(`GET /v1/events/${String(event['id'])}/deliveries`);
    const [delivery = {}] = json['data'] as Json[];
    if (delivery['status'] === status) return delivery;
    await new Promise(setImmediate);
  }
}

function ahead(ms: number): string {
  return new Date(world.deps.clock.now() + ms).toISOString();
}

test('order is chosen at creation and changed later', async () => {
  const call = world.as('ordered');
  const path = await subscribed(call, { ordered: true });
  assert.equal((await call(`GET ${path}`)).json['ordered'], true);
  const off = await call(`PATCH ${path}`, { json: { ordered: false } });
  assert.equal(off.json['ordered'], false);
  const refused = await call(`PATCH ${path}`, { json: { ordered: 'yes' } });
  assert.equal(refused.json['code'], 'validation_failed');
});

test('a delivery that waits for its order names the event it waits for', TIMEOUT, async () => {
  const call = world.as('order');
  await subscribed(call, { ordered: true, retry_schedule: [3_600] });
  world.receiver.answer = Receiver.failure(500);
  const own = { id: 'my-own-id', ordering_key: 'customer-1' };
  const first = await published(call, own);
  await deliveryOf(call, first, 'waiting');
  const second = await published(call, { ordering_key: 'customer-1' });
  const waits = await deliveryOf(call, second, 'pending');
  assert.equal(waits['reason'], 'waits for event my-own-id of the same ordering key');
  const one = await call(`GET /v1/deliveries/${String(waits['id'])}`);
  assert.equal(one.json['reason'], waits['reason']);
  const listed = await call('GET /v1/deliveries?status=pending');
  assert.deepEqual(listed.json['data'], [waits]);
  world.receiver.answer = Receiver.failure(200);
  const blocking = await deliveryOf(call, first, 'waiting');
  await call(`POST /v1/deliveries/${String(blocking['id'])}/cancel`);
  await deliveryOf(call, second, 'delivered');
});

test('an event that is not to be retried has one try', TIMEOUT, async () => {
  const call = world.as('retry');
  await subscribed(call, { retry_schedule: [3_600] });
  world.receiver.answer = Receiver.failure(500);
  const event = await published(call, { retry: false });
  const { attempts, reason } = await deliveryOf(call, event, 'exhausted');
  assert.equal(attempts, 1);
  assert.match(String(reason), /the event was published with "retry": false/);
});

test('a receiver that aborts is told of by its reason', TIMEOUT, async () => {
  const call = world.as('abort');
  await subscribed(call, { retry_schedule: [3_600] });
  const headers = { 'webhook-delivery': 'abort' };
  const body = new Uint8Array();
  world.receiver.answer = { kind: 'response', status: 422, headers, body, durationMs: 5 };
  const delivery = await deliveryOf(call, await published(call), 'exhausted');
  const { json } = await call(`GET /v1/deliveries/${String(delivery['id'])}/attempts`);
  const [attempt = {}] = json['data'] as Json[];
  assert.equal(attempt['failure_reason'], 'aborted');
  assert.equal(attempt['next_attempt_at'], null);
});

test('an end must lie ahead, and not too far', async () => {
  const call = world.as('ends');
  const path = await subscribed(call);
  for (const [wrong, code] of [
    [ahead(-1), 'too_small'],
    [ahead(3_651 * 24 * 60 * MINUTE_MS), 'too_big'],
    ['tomorrow', 'invalid_format'],
  ] as const) {
    const json = { event_type: 'a.b', target_url: 'https://example.com/', expires_at: wrong };
    for (const refused of [
      await call(`POST ${PATH}`, { json }),
      await call(`PATCH ${path}`, { json: { expires_at: wrong } }),
    ]) {
      assert.equal(refused.status, 422, wrong);
      const [error = {}] = refused.json['errors'] as Json[];
      assert.deepEqual([error['pointer'], error['code']], ['/expires_at', code], wrong);
    }
  }
  const end = ahead(MINUTE_MS);
  const changed = await call(`PATCH ${path}`, { json: { expires_at: end } });
  assert.equal(changed.json['expires_at'], end);
  assert.equal((await call(`PATCH ${path}`, { json: { name: 'x' } })).json['expires_at'], end);
  const never = await call(`PATCH ${path}`, { json: { expires_at: null } });
  assert.equal(never.json['expires_at'], null);
});

test('one that has expired matches nothing, and a later end brings it back', TIMEOUT, async () => {
  const call = world.as('expired');
  const path = await subscribed(call, { expires_at: ahead(MINUTE_MS) });
  world.receiver.answer = null;
  const held = await published(call);
  await world.receiver.attemptOf(String(held['id']));
  // As if the minute were over.
  await world.registry.change(numberOf(path), (current) => ({
    settings: { ...current, expiresAt: world.deps.clock.now() },
  }));
  assert.equal((await published(call))['deliveries'], 0);
  while ((await call(`GET ${path}`)).json['status'] !== 'disabled') {
    await new Promise(setImmediate);
  }
  assert.equal((await call(`GET ${path}`)).json['disabled_reason'], 'it has expired');
  world.receiver.answerAll(Receiver.failure(500));
  const { id } = await deliveryOf(call, held, 'held');
  const resent = await call(`POST /v1/deliveries/${String(id)}/resend`);
  assert.deepEqual([resent.status, resent.json['code']], [409, 'subscription_is_expired']);
  const resumed = await call(`POST ${path}/resume`);
  assert.deepEqual([resumed.status, resumed.json['code']], [409, 'subscription_is_expired']);
  world.receiver.answer = Receiver.failure(200);
  const revived = await call(`PATCH ${path}`, { json: { expires_at: ahead(MINUTE_MS) } });
  assert.deepEqual([revived.json['status'], revived.json['disabled_reason']], ['active', null]);
  await deliveryOf(call, held, 'delivered');
  assert.equal((await published(call))['deliveries'], 1);
});

test('a later end alone does not wake one that was disabled for another reason', async () => {
  const call = world.as('gone');
  const path = await subscribed(call, { expires_at: ahead(MINUTE_MS) });
  const change = { status: 'disabled', disabledReason: 'the receiver answered 410 Gone' } as const;
  await world.registry.change(numberOf(path), change);
  const changed = await call(`PATCH ${path}`, { json: { expires_at: null } });
  assert.equal(changed.json['status'], 'disabled');
  assert.equal((await call(`POST ${path}/resume`)).json['status'], 'active');
});

for (const status of ['paused', 'disabled', 'pending_challenge'] as const) {
  test(
    `a resend while the subscription is ${status} is refused with the reason`,
    TIMEOUT,
    async () => {
      const call = world.as(`resend-${status}`);
      const path = await subscribed(call);
      world.receiver.answer = Receiver.failure(200);
      const delivery = await deliveryOf(call, await published(call), 'delivered');
      const disabledReason = status === 'disabled' ? 'it answered 410' : null;
      const change: { status: SubscriptionStatus; disabledReason: string | null } = {
        status,
        disabledReason,
      };
      await world.registry.change(numberOf(path), change);
      const refused = await call(`POST /v1/deliveries/${String(delivery['id'])}/resend`);
      assert.equal(refused.status, 409);
      assert.equal(refused.json['code'], `subscription_is_${status}`);
      const why = disabledReason === null ? '' : ', because it answered 410';
      assert.equal(refused.json['detail'], `Its subscription is ${status}${why}.`);
      assert.deepEqual(await deliveryOf(call, { id: delivery['event_id'] }, 'delivered'), delivery);
    },
  );
}

test('two who resend at once get a try each', TIMEOUT, async () => {
  const call = world.as('twice');
  await subscribed(call, { retry_schedule: [] });
  world.receiver.answer = Receiver.failure(500);
  const delivery = await deliveryOf(call, await published(call), 'exhausted');
  const path = `/v1/deliveries/${String(delivery['id'])}`;
  const answers = await Promise.all([call(`POST ${path}/resend`), call(`POST ${path}/resend`)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [202, 202],
  );
  for (;;) {
    const { json } = await call(`GET ${path}`);
    if (json['attempts'] === 3 && json['status'] === 'exhausted') break;
    await new Promise(setImmediate);
  }
});

test('changes at the same time all count', async () => {
  const call = world.as('concurrent');
  const path = await subscribed(call);
  const changes = [{ name: 'n' }, { timeout_ms: 1_234 }, { ordered: true }, { max_in_flight: 7 }];
  await Promise.all(changes.map((json) => call(`PATCH ${path}`, { json })));
  const { json } = await call(`GET ${path}`);
  assert.deepEqual(
    [json['name'], json['timeout_ms'], json['ordered'], json['max_in_flight']],
    ['n', 1_234, true, 7],
  );
});

test('a new target forgets the failures of the one before', async () => {
  const call = world.as('moved');
  const path = await subscribed(call);
  await world.registry.change(numberOf(path), { failingSince: 1_700_000_000_000 });
  const same = await call(`PATCH ${path}`, { json: { name: 'same' } });
  assert.notEqual(same.json['failing_since'], null);
  const moved = await call(`PATCH ${path}`, { json: { target_url: 'https://new.example.com/' } });
  assert.equal(moved.json['failing_since'], null);
});
