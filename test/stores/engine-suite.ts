/** What Bellwire promises its users, over whatever store: run for each of them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { nextCursor } from '../../src/api/testing/caller.ts';
import type { StorageHarness } from '../../src/storage/contract/harness.ts';
import { describeContent } from './content-suite.ts';
import { expectStatus, fieldsOf, itemsOf, SuiteWorld } from './suite-world.ts';

/** Short enough to wait for, long enough to act in between. */
const RETRY_SECONDS = 0.3;
const MANY = 250;

class Suite {
  #world: SuiteWorld | undefined;

  constructor(harness: StorageHarness) {
    before(async () => {
      this.#world = await SuiteWorld.open(harness);
    });
    after(() => this.world.close());
  }

  get world(): SuiteWorld {
    if (this.#world === undefined) throw new Error('the world is only open inside a test');
    return this.#world;
  }
}

/** @param name how the store is called in the report. */
export function describeEngineSuite(name: string, harness: StorageHarness): void {
  describe(`engine over ${name}`, () => {
    const suite = new Suite(harness);
    describeDelivering(suite);
    describeRetrying(suite);
    describeHolding(suite);
    describeDeciding(suite);
    describePublishing(suite);
    describeReading(suite);
    describeRestarting(suite);
    describeContent(suite);
  });
}

/** A path and an event type of the test's own, so that tests can't see each other's events. */
let count = 0;
function own(): { readonly path: string; readonly event_type: string } {
  count += 1;
  return { path: `/hook-${count}`, event_type: `test.case_${count}` };
}

function describeDelivering(suite: Suite): void {
  it('delivers what was published, signed, once', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    await world.subscribe(path, { event_type });
    const id = await world.publish({ event_type, data: { text: 'naïve 🔔' } });
    const [request] = await world.arrived(id);
    assert.match(String(request?.headers['webhook-signature']), /^v1,/);
    const body = fieldsOf(JSON.parse(request?.body.toString() ?? ''));
    assert.deepEqual([body['webhook_id'], body['data']], [id, { text: 'naïve 🔔' }]);
    const delivery = await world.delivery(id, 'delivered');
    assert.equal(delivery['attempts'], 1);
    const route = `GET /v1/deliveries/${String(delivery['id'])}/attempts`;
    const [attempt] = itemsOf(expectStatus(await world.call(route), 200));
    assert.equal(attempt?.['response_status'], 200);
  });

  it('delivers many events to many subscriptions', async () => {
    const { world } = suite;
    const paths = [own(), own(), own()].map(({ path }) => path);
    const { event_type } = own();
    for (const path of paths) await world.subscribe(path, { event_type });
    const events = Array.from({ length: MANY }, (_, n) => ({ event_type, data: { n } }));
    const reply = await world.call('POST /v1/events/batch', { json: events });
    expectStatus(reply, 202);
    const arrivedAt = () => world.receiver.requests.filter(({ path }) => paths.includes(path));
    await world.receiver.waitFor(() => arrivedAt().length >= MANY * paths.length, {
      deadlineMs: 20_000,
    });
    for (const path of paths) {
      const ids = arrivedAt().filter((request) => request.path === path);
      assert.equal(new Set(ids.map(({ headers }) => headers['webhook-id'])).size, MANY);
      assert.equal(ids.length, MANY);
    }
  });
}

function describeRetrying(suite: Suite): void {
  it('tries again until the receiver takes it, with the same bytes', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    world.receiver.script(path, { status: 500 }, 'reset', { status: 204 });
    const retry_schedule = [RETRY_SECONDS, RETRY_SECONDS];
    await world.subscribe(path, { event_type, retry_schedule });
    const id = await world.publish({ event_type });
    const requests = await world.arrived(id, 3);
    assert.equal(new Set(requests.map(({ body }) => body.toString())).size, 1);
    assert.equal((await world.delivery(id, 'delivered'))['attempts'], 3);
  });

  it('gives up at the end of the schedule and keeps what there was', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    world.receiver.script(path, { status: 503, body: 'not today' });
    await world.subscribe(path, { event_type, retry_schedule: [RETRY_SECONDS] });
    const id = await world.publish({ event_type });
    const delivery = await world.delivery(id, 'exhausted');
    assert.equal(delivery['attempts'], 2);
    assert.match(String(delivery['reason']), /503/);
  });
}

function describeHolding(suite: Suite): void {
  it('holds what comes for a paused subscription and delivers it on resume', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    const subscription = await world.subscribe(path, { event_type });
    expectStatus(await world.call(`POST /v1/webhooks/subscriptions/${subscription}/pause`), 200);
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await world.publish({ event_type, data: { n } }));
    for (const id of ids) {
      assert.match(String((await world.delivery(id, 'held'))['reason']), /paused/);
    }
    assert.equal(world.receiver.requests.filter((request) => request.path === path).length, 0);
    expectStatus(await world.call(`POST /v1/webhooks/subscriptions/${subscription}/resume`), 200);
    for (const id of ids) await world.delivery(id, 'delivered');
  });

  it('cancels what a deleted subscription held', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    const subscription = await world.subscribe(path, { event_type });
    expectStatus(await world.call(`POST /v1/webhooks/subscriptions/${subscription}/pause`), 200);
    const id = await world.publish({ event_type });
    await world.delivery(id, 'held');
    expectStatus(await world.call(`DELETE /v1/webhooks/subscriptions/${subscription}`), 204);
    assert.match(String((await world.delivery(id, 'cancelled'))['reason']), /deleted/);
    assert.deepEqual(world.arrivals(id), []);
  });
}

function describeDeciding(suite: Suite): void {
  it('sends an exhausted delivery once more when asked', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    world.receiver.script(path, { status: 500 }, { status: 200 });
    await world.subscribe(path, { event_type, retry_schedule: [] });
    const id = await world.publish({ event_type });
    const exhausted = await world.delivery(id, 'exhausted');
    const resend = `POST /v1/deliveries/${String(exhausted['id'])}/resend`;
    expectStatus(await world.call(resend), 202);
    assert.equal((await world.delivery(id, 'delivered'))['attempts'], 2);
  });

  it('never sends again what was cancelled', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    world.receiver.script(path, { status: 500 });
    await world.subscribe(path, { event_type, retry_schedule: [1.5, 60] });
    const id = await world.publish({ event_type });
    const waiting = await world.delivery(id, 'waiting');
    const cancel = `POST /v1/deliveries/${String(waiting['id'])}/cancel`;
    expectStatus(await world.call(cancel), 200);
    // A later event whose retries pass the time at which the cancelled one was due.
    const later = await world.publish({ event_type });
    await world.arrived(later, 2);
    assert.equal(world.arrivals(id).length, 1);
    await world.delivery(id, 'cancelled');
  });
}

function describePublishing(suite: Suite): void {
  it('stores an event once, however often it is published', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    await world.subscribe(path, { event_type });
    const headers = { 'idempotency-key': `key ${event_type}` };
    const json = { event_type, data: { n: 1 } };
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => world.call('POST /v1/events', { json, headers })),
    );
    const answers = replies.map((reply) => expectStatus(reply, 202));
    assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
    assert.equal(answers.filter(({ duplicate }) => duplicate === false).length, 1);
    const id = String(answers[0]?.['id']);
    await world.delivery(id, 'delivered');
    assert.equal(world.arrivals(id).length, 1);
    const other = { ...json, data: { n: 2 } };
    const misuse = await world.call('POST /v1/events', { json: other, headers });
    assert.equal(misuse.json['code'], 'idempotency_key_reused', misuse.text);
  });

  it('waits with a scheduled event', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    await world.subscribe(path, { event_type });
    const at = Date.now() + 700;
    const deliver_at = new Date(at).toISOString();
    const id = await world.publish({ event_type, deliver_at });
    assert.equal((await world.delivery(id, 'waiting'))['next_attempt_at'], deliver_at);
    await world.arrived(id);
    assert.ok(Date.now() >= at);
    await world.delivery(id, 'delivered');
  });
}

function describeReading(suite: Suite): void {
  it('lists events and deliveries, page by page, newest first', async () => {
    const { world } = suite;
    const { path, event_type } = own();
    const subscription = await world.subscribe(path, { event_type });
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.push(await world.publish({ event_type, task_id: `t${n}` }));
    for (const id of ids) await world.delivery(id, 'delivered');
    const expected = ids.toReversed();
    const events = await pages(world, `/v1/events?event_type=${event_type}`);
    assert.deepEqual(
      events.map(({ id }) => id),
      expected,
    );
    const filter = `subscription_id=${subscription}&status=delivered`;
    const deliveries = await pages(world, `/v1/deliveries?${filter}`);
    assert.deepEqual(
      deliveries.map(({ event_id: id }) => id),
      expected,
    );
    const ofTask = await pages(world, '/v1/events?task_id=t3');
    assert.ok(ofTask.some(({ id }) => id === ids[3]));
  });
}

async function pages(
  world: SuiteWorld,
  path: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found: Readonly<Record<string, unknown>>[] = [];
  let cursor = '';
  do {
    const more = cursor === '' ? '' : `&cursor=${cursor}`;
    const list = expectStatus(await world.call(`GET ${path}&limit=3${more}`), 200);
    found.push(...itemsOf(list));
    cursor = nextCursor(list);
  } while (cursor !== '');
  return found;
}

function describeRestarting(suite: Suite): void {
  it('goes on after a crash: pending, waiting, scheduled and held', async () => {
    const { world } = suite;
    const [pending, waiting, scheduled, held] = [own(), own(), own(), own()];
    world.receiver.script(pending.path, 'hang', 'hang', { status: 200 });
    world.receiver.script(waiting.path, { status: 500 }, { status: 200 });
    await world.subscribe(pending.path, { event_type: pending.event_type });
    await world.subscribe(waiting.path, {
      event_type: waiting.event_type,
      retry_schedule: [1.5],
    });
    await world.subscribe(scheduled.path, { event_type: scheduled.event_type });
    const paused = await world.subscribe(held.path, { event_type: held.event_type });
    expectStatus(await world.call(`POST /v1/webhooks/subscriptions/${paused}/pause`), 200);

    const open = [];
    for (let n = 0; n < 2; n += 1)
      open.push(await world.publish({ event_type: pending.event_type }));
    for (const id of open) await world.arrived(id);
    const failed = await world.publish({ event_type: waiting.event_type });
    await world.delivery(failed, 'waiting');
    const deliver_at = new Date(Date.now() + 1_500).toISOString();
    const later = await world.publish({ event_type: scheduled.event_type, deliver_at });
    const kept = await world.publish({ event_type: held.event_type });
    await world.crash();

    // Of what was in flight nobody knows: it is sent again, under the same id.
    for (const id of open) {
      await world.arrived(id, 2);
      await world.delivery(id, 'delivered');
    }
    await world.delivery(failed, 'delivered');
    await world.delivery(later, 'delivered');
    await world.delivery(kept, 'held');
    expectStatus(await world.call(`POST /v1/webhooks/subscriptions/${paused}/resume`), 200);
    await world.delivery(kept, 'delivered');
    assert.equal(world.arrivals(failed).length, 2);
    assert.equal(world.arrivals(later).length, 1);
  });

  it('gives new events new sequences after a crash', async () => {
    const { world } = suite;
    const old = await world.publish();
    await world.crash();
    const young = await world.publish();
    assert.ok(young > old, `${young} after ${old}`);
  });
}
