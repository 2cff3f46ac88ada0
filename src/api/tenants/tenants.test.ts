import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SCOPES } from '../../domain/api-key.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import { nextCursor, type Call } from '../testing/caller.ts';

let world: ApiWorld;
let call: Call;

before(async () => {
  world = await openApiWorld();
  call = world.as('default');
});
after(() => world.close());

const DEFAULTS = {
  status: 'active',
  quotas: { events_per_second: null, max_subscriptions: null, max_storage_bytes: null },
  retention_days: null,
  redact: [],
  require_challenge: false,
  metadata: {},
};

test('a tenant is created with its settings, and shown with them', async () => {
  const settings = {
    quotas: { events_per_second: 5, max_storage_bytes: 1_000_000 },
    retention_days: 7,
    redact: ['data.card.number', 'data.**["pass.word"]'],
    require_challenge: true,
    metadata: { plan: 'gold' },
  };
  const created = await call('POST /v1/tenants', { json: { name: 'acme', ...settings } });
  assert.equal(created.status, 201, created.text);
  const { id, created_at: at, updated_at: changedAt, ...shown } = created.json;
  assert.match(String(id), /^ten_/);
  assert.equal(at, changedAt);
  const quotas = { ...DEFAULTS.quotas, ...settings.quotas };
  assert.deepEqual(shown, { ...DEFAULTS, ...settings, quotas, name: 'acme' });
  const { usage, ...again } = (await call('GET /v1/tenants/acme')).json;
  assert.deepEqual(again, created.json);
  const inboxes = { messages: 0, bytes: 0 };
  assert.deepEqual(usage, { subscriptions: 0, inboxes, events: 0, bytes: 0, days: [] });
});

test('a name is taken once, whether by creating it or by using it', async () => {
  assert.equal((await call('POST /v1/tenants', { json: { name: 'taken' } })).status, 201);
  const again = await call('POST /v1/tenants', { json: { name: 'taken' } });
  assert.deepEqual([again.status, again.json['code']], [409, 'tenant_exists']);
  await world.as('used')('GET /v1/events');
  const used = await call('POST /v1/tenants', { json: { name: 'used' } });
  assert.equal(used.json['code'], 'tenant_exists');
  const shown = await call('GET /v1/tenants/used');
  const { quotas, metadata, redact, status } = shown.json;
  assert.deepEqual(
    { quotas, metadata, redact, status },
    {
      quotas: DEFAULTS.quotas,
      metadata: {},
      redact: [],
      status: 'active',
    },
  );
});

test('a change replaces what it names and leaves the rest', async () => {
  const quotas = { events_per_second: 5, max_subscriptions: 2 };
  await call('POST /v1/tenants', { json: { name: 'changing', quotas, redact: ['data.a'] } });
  const change = async (json: object) => {
    const reply = await call('PATCH /v1/tenants/changing', { json });
    assert.equal(reply.status, 200, reply.text);
    return reply.json;
  };
  const first = await change({ retention_days: 3, require_challenge: true });
  assert.deepEqual(first['redact'], ['data.a']);
  assert.deepEqual(first['quotas'], { ...DEFAULTS.quotas, ...quotas });
  const second = await change({ quotas: { max_subscriptions: 1 }, redact: [] });
  assert.deepEqual(second['quotas'], { ...DEFAULTS.quotas, max_subscriptions: 1 });
  assert.deepEqual([second['redact'], second['retention_days']], [[], 3]);
  const third = await change({ quotas: null, retention_days: null });
  assert.deepEqual([third['quotas'], third['retention_days']], [DEFAULTS.quotas, null]);
  assert.deepEqual((await change({}))['require_challenge'], true);
});

test('what is not acceptable is named', async () => {
  const wrong: [object, string, string][] = [
    [{}, '/name', 'required'],
    [{ name: 'Acme' }, '/name', 'invalid'],
    [{ name: 'a', quotas: { events_per_second: 0 } }, '/quotas/events_per_second', 'too_small'],
    [{ name: 'a', quotas: { rate: 1 } }, '/quotas/rate', 'unknown_field'],
    [{ name: 'a', retention_days: 0.5 }, '/retention_days', 'invalid_type'],
    [{ name: 'a', redact: ['data.ok', 'card'] }, '/redact/1', 'invalid_path'],
    [{ name: 'a', metadata: { x: 'y'.repeat(20_000) } }, '/metadata', 'too_big'],
    [{ name: 'a', status: 'deleting' }, '/status', 'unknown_field'],
  ];
  for (const [json, pointer, code] of wrong) {
    const reply = await call('POST /v1/tenants', { json });
    assert.equal(reply.status, 422, reply.text);
    const [part] = reply.json['errors'] as Record<string, unknown>[];
    assert.deepEqual([part?.['pointer'], part?.['code']], [pointer, code], reply.text);
  }
  const path = await call('PATCH /v1/tenants/default', { json: { redact: ['data.a[x]'] } });
  assert.match(String(path.json['detail']), /goes wrong at character 7/);
});

test('tenants are listed in pages', async () => {
  const names: unknown[] = [];
  let cursor = '';
  do {
    const page = await call(`GET /v1/tenants?limit=2${cursor && `&cursor=${cursor}`}`);
    assert.equal(page.status, 200, page.text);
    const data = page.json['data'] as Record<string, unknown>[];
    assert.ok(data.length <= 2);
    names.push(...data.map(({ name }) => name));
    cursor = nextCursor(page.json);
  } while (cursor !== '');
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('acme') && names.includes('used'));
});

test('only the admin key gets in, whatever scopes another one holds', async () => {
  const tenantAdmin = await world.withScopes('acme', SCOPES);
  const routes = [
    'GET /v1/tenants',
    'POST /v1/tenants',
    'GET /v1/tenants/acme',
    'PATCH /v1/tenants/acme',
    'DELETE /v1/tenants/acme',
    'GET /v1/tenants/acme/export',
    'POST /v1/events/broadcast',
  ];
  for (const route of routes) {
    const json = route.startsWith('GET') || route.startsWith('DELETE') ? undefined : {};
    const refused = await tenantAdmin(route, { json });
    assert.deepEqual([refused.status, refused.json['code']], [403, 'admin_key_required'], route);
    assert.equal((await world.anonymous(route, { json })).status, 401, route);
  }
});

test('a tenant that is not there is not found', async () => {
  for (const route of ['GET', 'DELETE'].map((method) => `${method} /v1/tenants/nobody`)) {
    const reply = await call(route);
    assert.deepEqual([reply.status, reply.json['code']], [404, 'not_found'], route);
  }
  assert.equal((await call('PATCH /v1/tenants/nobody', { json: {} })).status, 404);
  assert.equal((await call('GET /v1/tenants/nobody/export')).status, 404);
});

test('usage counts what is stored', async () => {
  const mine = world.as('counted');
  const target = 'https://example.com/';
  const subscription = { event_type: 'b', target_url: target };
  await mine('POST /v1/webhooks/subscriptions', { json: subscription });
  await mine('POST /v1/events', { json: { event_type: 'a', id: 'x', metadata: { n: 'ö' } } });
  await mine('POST /v1/events', { json: { event_type: 'a', id: 'x', metadata: { n: 'ö' } } });
  await mine('POST /v1/events', { json: { event_type: 'a' } });
  const { usage } = (await call('GET /v1/tenants/counted')).json as {
    usage: { subscriptions: number; events: number; bytes: number; days: unknown[] };
  };
  assert.deepEqual([usage.subscriptions, usage.events, usage.days.length], [1, 2, 1]);
  const number = world.deps.tenants.find('counted')?.number ?? 0;
  const query = { after: undefined, upTo: 1e9, limit: 9 };
  const { items } = await world.storage.tenantData.events(number, query);
  const bodies = items.reduce((sum, { body }) => sum + body.length, 0);
  assert.equal(usage.bytes, bodies + Buffer.byteLength('{"n":"ö"}'));
});
