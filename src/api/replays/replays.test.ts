import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MAX_REPLAY_RANGE_DAYS, MAX_REPLAYS_PER_TENANT } from '../../domain/limits.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import { nextCursor, type Call } from '../testing/caller.ts';
import { Receiver } from '../testing/receiver.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

type Json = Record<string, unknown>;

const SUBSCRIPTIONS = '/v1/webhooks/subscriptions';
const TIMEOUT = { timeout: 10_000 };
const DAY_MS = 86_400_000;

async function subscribe(call: Call, settings: Json = {}): Promise<string> {
  const { json } = await call(`POST ${SUBSCRIPTIONS}`, {
    json: {
      event_type: '**',
      target_url: `https://${crypto.randomUUID()}.example.com/`,
      retry_schedule: [],
      ...settings,
    },
  });
  return String(json['id']);
}

/** Polls: the API tells no more of a commit than its result. The deadline is that of the test. */
async function until(call: Call, route: string, wanted: (json: Json) => boolean): Promise<Json> {
  for (;;) {
    const { json } = await call(route);
    if (wanted(json)) return json;
    await new Promise(setImmediate);
  }
}

const noFields = (_count: number): Json => ({});

/** Events that a subscription of their own has failed to take. */
async function failures(call: Call, events: number, fieldsOf = noFields): Promise<string> {
  const subscription = await subscribe(call);
  world.receiver.answer = Receiver.failure(422);
  for (let count = 0; count < events; count += 1) {
    const json = { event_type: 'task.failed', ...fieldsOf(count) };
    await call('POST /v1/events', { json });
  }
  await until(call, 'GET /v1/deliveries?status=exhausted', ({ data }) => {
    return (data as Json[]).length === events;
  });
  world.receiver.answer = Receiver.failure(200);
  return subscription;
}

const isDone = ({ status }: Json) => status === 'done';

test('a dry run counts, a replay sends, and both can be looked at', TIMEOUT, async () => {
  const call = world.as('replays');
  const subscription = await failures(call, 3);
  const wanted = { status: ['exhausted'], subscription_id: subscription };
  const dry = await call('POST /v1/replays', { json: { ...wanted, dry_run: true } });
  assert.equal(dry.status, 200);
  assert.deepEqual(
    [dry.json['status'], dry.json['total'], dry.json['done'], dry.json['dry_run']],
    ['planned', 3, 0, true],
  );
  const created = await call('POST /v1/replays', { json: wanted });
  assert.equal(created.status, 202);
  const id = String(created.json['id']);
  assert.match(id, /^rpl_[0-9a-z]{21}$/);
  const done = await until(call, `GET /v1/replays/${id}`, isDone);
  assert.partialDeepStrictEqual(done, {
    id,
    dry_run: false,
    total: 3,
    done: 3,
    outcomes: { delivered: 3, failed: 0, skipped: 0, cancelled: 0 },
    reason: null,
    event_types: null,
    task_id: null,
    subscription_id: subscription,
    statuses: ['exhausted'],
    created_at: created.json['created_at'],
  });
  const first = await call('GET /v1/replays?limit=1');
  const second = await call(`GET /v1/replays?limit=1&cursor=${nextCursor(first.json)}`);
  const ids = [first, second].flatMap(({ json }) =>
    (json['data'] as Json[]).map((one) => one['id']),
  );
  assert.deepEqual(ids, [id, dry.json['id']]);
  const over = await call(`POST /v1/replays/${id}/cancel`);
  assert.deepEqual([over.status, over.json['code']], [409, 'replay_is_over']);
});

test('recover is the short way for what one subscription has failed to take', TIMEOUT, async () => {
  const call = world.as('recover');
  const subscription = await failures(call, 2);
  await subscribe(call);
  const since = new Date(Date.now() - DAY_MS).toISOString();
  const route = `POST ${SUBSCRIPTIONS}/${subscription}/recover`;
  const created = await call(route, { json: { since } });
  assert.equal(created.status, 202);
  assert.deepEqual([created.json['since'], created.json['statuses']], [since, ['exhausted']]);
  const done = await until(call, `GET /v1/replays/${String(created.json['id'])}`, isDone);
  assert.deepEqual(done['outcomes'], { delivered: 2, failed: 0, skipped: 0, cancelled: 0 });
  const none = await call(`POST ${SUBSCRIPTIONS}/sub_unknown/recover`, { json: {} });
  assert.equal(none.status, 404);
});

test('events go to subscriptions that came after them', TIMEOUT, async () => {
  const call = world.as('young');
  const { json } = await call('POST /v1/events', { json: { event_type: 'a.b', task_id: 't' } });
  assert.equal(json['deliveries'], 0);
  const subscription = await subscribe(call, { event_type: 'a.*' });
  const body = { task_id: 't', event_types: ['a.**'], subscription_id: subscription };
  const created = await call('POST /v1/replays', { json: body });
  await until(call, `GET /v1/replays/${String(created.json['id'])}`, isDone);
  const event = await call(`GET /v1/events/${String(json['id'])}`);
  assert.partialDeepStrictEqual(event.json['deliveries'], { delivered: 1 });
});

test('a running replay is cancelled, and a paused subscription holds one', TIMEOUT, async () => {
  const call = world.as('cancelled');
  const subscription = await failures(call, 2);
  await call(`POST ${SUBSCRIPTIONS}/${subscription}/pause`);
  const created = await call('POST /v1/replays', { json: { status: ['exhausted'] } });
  const route = `/v1/replays/${String(created.json['id'])}`;
  await until(call, 'GET /v1/deliveries?status=held', ({ data }) => (data as Json[]).length === 2);
  assert.equal((await call(`GET ${route}`)).json['status'], 'running');
  const cancelled = await call(`POST ${route}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.json['status']], [200, 'cancelled']);
  const ended = await until(call, `GET ${route}`, ({ done }) => done === 2);
  assert.equal(ended['reason'], 'cancelled on request');
  assert.deepEqual(ended['outcomes'], { delivered: 0, failed: 0, skipped: 0, cancelled: 2 });
});

test('a mistake is named with its place', async () => {
  const call = world.as('mistakes');
  const now = Date.now();
  const ago = (days: number) => new Date(now - days * DAY_MS).toISOString();
  const mistakes: [body: Json, pointer: string, code: string][] = [
    [{}, '', 'required'],
    [{ dry_run: true }, '', 'required'],
    [{ since: 'yesterday' }, '/since', 'invalid_format'],
    [{ since: ago(-1) }, '/since', 'invalid_range'],
    [{ since: ago(1), until: ago(2) }, '/since', 'invalid_range'],
    [{ since: ago(MAX_REPLAY_RANGE_DAYS + 1) }, '/since', 'too_big'],
    [{ status: ['pending'] }, '/status/0', 'invalid_value'],
    [{ status: [] }, '/status', 'too_small'],
    [{ event_types: ['a..b'] }, '/event_types/0', 'invalid_event_type'],
    [{ subscription_id: 'sub_unknown' }, '/subscription_id', 'unknown_subscription'],
    [{ since: ago(1), everything: true }, '/everything', 'unknown_field'],
  ];
  for (const [body, pointer, code] of mistakes) {
    const { status, json, text } = await call('POST /v1/replays', { json: body });
    assert.equal(status, 422, text);
    const [first] = json['errors'] as Json[];
    assert.deepEqual([first?.['pointer'], first?.['code']], [pointer, code], text);
  }
  for (const id of ['rpl_nonsense', 'rpl_00000000000000000000a']) {
    assert.equal((await call(`GET /v1/replays/${id}`)).status, 404);
    assert.equal((await call(`POST /v1/replays/${id}/cancel`)).status, 404);
  }
});

test('nothing is replayed to a disabled subscription, nor resent', TIMEOUT, async () => {
  const call = world.as('disabled');
  const subscription = await failures(call, 1);
  const listed = await call('GET /v1/deliveries?status=exhausted');
  const [delivery] = listed.json['data'] as Json[];
  world.receiver.answer = Receiver.failure(410);
  await call('POST /v1/events', { json: { event_type: 'task.failed' } });
  await until(call, `GET ${SUBSCRIPTIONS}/${subscription}`, ({ status }) => status === 'disabled');
  const refusals = [
    await call('POST /v1/replays', { json: { subscription_id: subscription } }),
    await call(`POST ${SUBSCRIPTIONS}/${subscription}/recover`, { json: {} }),
    await call(`POST /v1/deliveries/${String(delivery?.['id'])}/resend`),
  ];
  for (const { status, json } of refusals) {
    assert.deepEqual([status, json['code']], [409, 'subscription_is_disabled']);
  }
});

test('a tenant that has enough under way is told to wait', TIMEOUT, async () => {
  const call = world.as('busy');
  const subscription = await failures(call, MAX_REPLAYS_PER_TENANT, (count) => ({
    task_id: `task_${count}`,
  }));
  // A replay to a paused subscription waits.
  await call(`POST ${SUBSCRIPTIONS}/${subscription}/pause`);
  for (let count = 0; count < MAX_REPLAYS_PER_TENANT; count += 1) {
    const json = { task_id: `task_${count}`, status: ['exhausted'] };
    assert.equal((await call('POST /v1/replays', { json })).status, 202);
  }
  const refused = await call('POST /v1/replays', { json: { task_id: 'x' } });
  assert.deepEqual([refused.status, refused.json['code']], [409, 'too_many_replays']);
});

test('a filter narrows what is replayed; one that is none is refused by its place', async () => {
  const call = world.as('replay-filter');
  const subscription = await failures(call, 4, (count) => ({ data: { n: count } }));
  const wanted = { subscription_id: subscription, filter: { data: { n: { $gte: 2 } } } };
  const dry = await call('POST /v1/replays', { json: { ...wanted, dry_run: true } });
  assert.deepEqual([dry.json['total'], dry.json['filter']], [2, wanted.filter]);
  const wrong = { filter: { data: { n: { $regex: 'x' } } } };
  const refused = await call('POST /v1/replays', { json: wrong });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /\/filter\/data\/n\/\$regex/);
});
