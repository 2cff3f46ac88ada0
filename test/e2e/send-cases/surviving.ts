/** Cases 18, 19 and 21: replays, and a server that is killed in the middle of its work. */
import assert from 'node:assert/strict';
import { FakeReceiver } from '../../../src/testing/fake-receiver.ts';
import { startBellwire } from '../../support/bellwire.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { CaseTenant, listOf, type Cases, type Json } from './case-world.ts';

const EVENTS = 300;

/** Live events must not wait for a replay much longer than this on a busy machine. */
const FIRST_ATTEMPT_MS = 3_000;

export const SURVIVING: Cases = {
  'case 18: failures are recovered in bulk, once, also across a kill': async (_, context) => {
    const { t, optionsFor } = context;
    const options = await optionsFor('case-18');
    const receiver = await FakeReceiver.start();
    t.after(() => receiver.close());
    let server = await startBellwire(options);
    t.after(() => server.stop());
    const before = new CaseTenant(server, receiver, 'case-18');
    // A 4xx: ten 5xx in a row would open the breaker.
    before.answer('hook', { status: 422 });
    const { id: subscription } = await before.subscribe('hook', { retry_schedule: [] });
    const events = Array.from({ length: EVENTS }, () => before.publish());
    for (const id of await Promise.all(events)) await before.deliveryWhen(id, 'exhausted');
    const wanted = { status: ['exhausted'], subscription_id: subscription };
    const dry = await before.expect(200, '/v1/replays', { body: { ...wanted, dry_run: true } });
    assert.deepEqual([dry['status'], dry['total']], ['planned', EVENTS]);
    before.answer('hook', { status: 200, delayMs: 20 });
    const { id } = await before.expect(202, '/v1/replays', { body: wanted });
    await before.arrive('hook', EVENTS + 20);
    await server.kill9();
    server = await startBellwire({ ...options, dataDir: server.dataDir });
    const tenant = before.through(server);
    await replayDone(tenant, String(id));
    const page = await tenant.expect(200, '/v1/deliveries?status=exhausted');
    assert.equal(listOf(page).length, 0);
    const ids = tenant.arrivals('hook').slice(EVENTS);
    const different = new Set(ids.map((request) => request.headers['webhook-id'])).size;
    assert.equal(different, EVENTS);
    assert.ok(ids.length - different <= 64, `${ids.length - different} came twice`);
  },

  'case 19: a replay of many events does not delay first attempts': async (tenant) => {
    tenant.answer('hook', { status: 200, delayMs: 5 });
    await tenant.subscribe('hook', { event_type: 'old.**' });
    const body = Array.from({ length: 1_000 }, () => ({ event_type: 'old.one' }));
    await tenant.expect(202, '/v1/events/batch', { body });
    await tenant.arrive('hook', 1_000);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const replay = { since, event_types: ['old.**'] };
    const { id } = await tenant.expect(202, '/v1/replays', { body: replay });
    await tenant.arrive('hook', 1_010);
    const published = performance.now();
    const live = await tenant.publish({ event_type: 'old.live' });
    await waitUntil(
      () => tenant.arrivals('hook').some((request) => request.headers['webhook-id'] === live),
      { what: 'the live event to arrive' },
    );
    assert.ok(performance.now() - published < FIRST_ATTEMPT_MS);
    await replayDone(tenant, String(id));
    assert.equal(tenant.arrivals('hook').length, 2_001);
  },

  'case 21: killed in the middle of an attempt, it delivers again, same id': async (_, context) => {
    const { t, optionsFor } = context;
    const options = await optionsFor('case-21');
    const receiver = await FakeReceiver.start();
    t.after(() => receiver.close());
    let server = await startBellwire(options);
    t.after(() => server.stop());
    const before = new CaseTenant(server, receiver, 'case-21');
    before.answer('hook', 'hang', { status: 200 });
    await before.subscribe('hook');
    const id = await before.publish({ data: { n: 1 } });
    const [first] = await before.arrive('hook', 1);
    await server.kill9();
    server = await startBellwire({ ...options, dataDir: server.dataDir });
    const tenant = before.through(server);
    const [, second] = await tenant.arrive('hook', 2);
    await tenant.deliveryWhen(id, 'delivered');
    assert.equal(second?.headers['webhook-id'], id);
    assert.deepEqual(second?.body, first?.body);
  },
};

async function replayDone(tenant: CaseTenant, id: string): Promise<Json> {
  return waitUntil(
    async () => {
      const replay = await tenant.expect(200, `/v1/replays/${id}`);
      return replay['status'] === 'done' ? replay : undefined;
    },
    { what: `replay ${id} to be done`, deadlineMs: 60_000 },
  );
}
