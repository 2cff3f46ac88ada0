/** `DELETE /v1/tenants/{name}` over the whole pipe. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

let world: ApiWorld;
let call: Call;
before(async () => {
  world = await openApiWorld();
  call = world.as('operator');
});
after(() => world.close());

const SUBSCRIPTION = { json: { event_type: '**', target_url: 'https://example.com/' } };

async function subscribed(name: string): Promise<Call> {
  const mine = world.as(name);
  const reply = await mine('POST /v1/webhooks/subscriptions', SUBSCRIPTION);
  assert.equal(reply.status, 201, reply.text);
  return mine;
}

function numberOf(name: string): number {
  return world.deps.tenants.find(name)?.number ?? 0;
}

/** Everything in the store that belongs to a tenant. */
async function leftOf(tenant: number, sequences: readonly number[]): Promise<unknown[]> {
  const { journal, control, tenantData } = world.storage;
  const attempts = await Promise.all(
    sequences.flatMap((sequence) =>
      [1, 2, 3, 4].map((number) => journal.attempts(sequence, number)),
    ),
  );
  return [
    ...(await journal.listEvents(tenant, { limit: 10 })).items,
    ...(await journal.listDeliveries(tenant, { limit: 10 })).items,
    ...(await tenantData.usage(tenant)),
    ...attempts.flat(),
    ...[...(await control.subscriptions()), ...(await control.apiKeys())].filter(
      (record) => record.tenant === tenant,
    ),
  ];
}

async function deleted(name: string): Promise<void> {
  const reply = await call(`DELETE /v1/tenants/${name}`);
  assert.deepEqual([reply.status, reply.json['status']], [202, 'deleting'], reply.text);
  await world.deletion.idle();
  assert.equal((await call(`GET /v1/tenants/${name}`)).status, 404);
}

test('all of a tenant goes, and its name stands for a new one', async () => {
  const mine = await subscribed('acme');
  const key = await world.withScopes('acme', ['events:write', 'events:read']);
  await mine('POST /v1/events', { json: { event_type: 'a', id: 'own' } });
  const others = await subscribed('neighbour');
  const theirs = await others('POST /v1/events', { json: { event_type: 'a', id: 'own' } });
  const former = await call('GET /v1/tenants/acme');
  const number = numberOf('acme');
  await deleted('acme');
  assert.deepEqual(await leftOf(number, [1]), []);
  assert.equal((await key('GET /v1/events')).status, 401);
  const again = await mine('POST /v1/events', { json: { event_type: 'a', id: 'own' } });
  assert.deepEqual([again.json['duplicate'], again.json['deliveries']], [false, 0]);
  const fresh = await call('GET /v1/tenants/acme');
  assert.notEqual(fresh.json['id'], former.json['id']);
  assert.deepEqual((await mine('GET /v1/webhooks/subscriptions')).json['data'], []);
  assert.equal((fresh.json['usage'] as { events: number }).events, 1);
  const still = await others(`GET /v1/events/${String(theirs.json['id'])}`);
  assert.equal(still.status, 200);
});

test('an attempt in flight may end, and leaves nothing behind', async () => {
  world.receiver.answer = null;
  const mine = await subscribed('busy');
  const { json } = await mine('POST /v1/events', { json: { event_type: 'a' } });
  const job = await world.receiver.attemptOf(String(json['id']));
  const key = await world.withScopes('busy', ['events:write', 'events:read']);
  const number = numberOf('busy');
  assert.equal((await call('DELETE /v1/tenants/busy')).status, 202);
  for (const caller of [mine, key]) {
    for (const route of ['POST /v1/events', 'GET /v1/events', 'POST /v1/events/batch']) {
      const body = route.startsWith('GET') ? {} : { json: { event_type: 'a' } };
      const refused = await caller(route, body);
      assert.deepEqual([refused.status, refused.json['code']], [409, 'tenant_is_deleting'], route);
    }
  }
  assert.equal((await call('DELETE /v1/tenants/busy')).status, 202, 'repeating it is fine');
  const change = await call('PATCH /v1/tenants/busy', { json: { redact: [] } });
  assert.equal(change.json['code'], 'tenant_is_deleting');
  const create = await call('POST /v1/tenants', { json: { name: 'busy' } });
  assert.equal(create.json['code'], 'tenant_is_deleting');
  assert.equal((await call('GET /v1/tenants/busy')).json['status'], 'deleting');
  world.receiver.answerAll();
  await world.deletion.idle();
  assert.deepEqual(await leftOf(number, [job.sequence]), []);
  assert.equal((await key('GET /v1/events')).status, 401);
});

test('what is held, scheduled or waits for a retry goes, too', async () => {
  world.receiver.answer = {
    kind: 'response',
    status: 500,
    headers: {},
    body: Buffer.from('no'),
    durationMs: 1,
  };
  const mine = await subscribed('waiting');
  const { json } = await mine('POST /v1/events', { json: { event_type: 'a' } });
  await world.receiver.attemptOf(String(json['id']));
  const later = new Date(Date.now() + 3_600_000).toISOString();
  await mine('POST /v1/events', { json: { event_type: 'a', deliver_at: later } });
  const [subscription] = (await mine('GET /v1/webhooks/subscriptions')).json['data'] as {
    id: string;
  }[];
  await mine(`POST /v1/webhooks/subscriptions/${subscription?.id ?? ''}/pause`);
  await mine('POST /v1/events', { json: { event_type: 'a' } });
  const number = numberOf('waiting');
  const { items } = await world.storage.journal.listEvents(number, { limit: 10 });
  assert.equal(items.length, 3);
  await deleted('waiting');
  assert.deepEqual(
    await leftOf(
      number,
      items.map(({ sequence }) => sequence),
    ),
    [],
  );
});

test('the default tenant can go, and is there again at the next use', async () => {
  const plain = world.as('default');
  await plain('POST /v1/events', { json: { event_type: 'a' } });
  await deleted('default');
  const page = await plain('GET /v1/events');
  assert.deepEqual(page.json['data'], []);
  assert.equal((await call('GET /v1/tenants/default')).status, 200);
});

test('nothing of these was our fault', () => {
  assert.deepEqual(world.errors, []);
});
