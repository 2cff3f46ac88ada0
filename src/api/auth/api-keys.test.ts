import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateApiKey } from '../../domain/api-key.ts';
import { systemClock, systemRandom } from '../../runtime/system.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import { caller } from '../testing/caller.ts';
import { KeyDirectory } from './key-directory.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

type Json = Record<string, unknown>;
const EVENT = { json: { event_type: 'a' } };

test('a key is shown once and works from then on', async () => {
  const admin = world.as('acme');
  const created = await admin('POST /v1/api-keys', {
    json: { name: 'publisher', scopes: ['events:write', 'events:write'] },
  });
  assert.equal(created.status, 201, created.text);
  const { key, ...shown } = created.json;
  assert.match(String(key), /^bw_/);
  assert.deepEqual(shown, {
    id: shown['id'],
    name: 'publisher',
    hint: String(key).slice(-4),
    scopes: ['events:write'],
    created_at: shown['created_at'],
    expires_at: null,
    revoked_at: null,
  });
  const publish = caller(world.url, { key: String(key) });
  const published = await publish('POST /v1/events', EVENT);
  assert.equal(published.status, 202);
  const read = await admin(`GET /v1/events/${String(published.json['id'])}`);
  assert.equal(read.status, 200);
  const listed = await admin('GET /v1/api-keys');
  assert.deepEqual(listed.json['data'], [shown]);
  assert.ok(!listed.text.includes(String(key)));
  assert.deepEqual((await admin(`GET /v1/api-keys/${String(shown['id'])}`)).json, shown);
});

test('unknown, expired, revoked, broken and missing keys get the very same answer', async () => {
  const admin = world.as('refused');
  const create = async (more: Json) => {
    const { json } = await admin('POST /v1/api-keys', {
      json: { name: 'x', scopes: ['events:write'], ...more },
    });
    return { id: String(json['id']), key: String(json['key']) };
  };
  const expires_at = new Date(Date.now() + 60_000 + 3_600_000).toISOString();
  const expired = await create({ expires_at });
  const revoked = await create({});
  for (const { key } of [expired, revoked]) {
    const reply = await caller(world.url, { key })('POST /v1/events', EVENT);
    assert.equal(reply.status, 202);
  }
  world.passTime(2 * 3_600_000);
  assert.equal((await admin(`DELETE /v1/api-keys/${revoked.id}`)).status, 204);
  assert.equal((await admin(`DELETE /v1/api-keys/${revoked.id}`)).status, 204);
  const { json } = await admin(`GET /v1/api-keys/${revoked.id}`);
  assert.notEqual(json['revoked_at'], null);
  const unknown = generateApiKey(crypto.getRandomValues(new Uint8Array(20)));
  const headers = [
    `Bearer ${unknown}`,
    `Bearer ${expired.key}`,
    `Bearer ${revoked.key}`,
    'Bearer x',
    `Basic ${world.adminKey}`,
    world.adminKey,
    '',
  ].map((authorization) => ({ authorization }));
  const texts = new Set<string>();
  for (const route of ['GET /v1/events', 'POST /v1/events', 'POST /v1/events/batch']) {
    for (const header of [...headers, {}]) {
      const reply = await world.anonymous(route, { headers: header });
      assert.equal(reply.status, 401);
      assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
      texts.add(reply.text);
    }
  }
  assert.equal(texts.size, 1);
});

test('a key is not taken from the query string', async () => {
  const reply = await world.anonymous(`GET /v1/events?authorization=Bearer+${world.adminKey}`);
  assert.equal(reply.status, 401);
});

test('a key acts for its own tenant, and may say so but no other', async () => {
  const call = await world.withScopes('home', ['events:write', 'events:read']);
  await world.as('away')('GET /v1/events');
  for (const route of ['POST /v1/events', 'GET /v1/events']) {
    const options = (tenant: string) => ({
      headers: { 'bellwire-tenant': tenant },
      ...(route.startsWith('POST') && EVENT),
    });
    assert.ok((await call(route, options('home'))).status < 300);
    for (const tenant of ['away', 'never-seen', 'NOT A NAME']) {
      const reply = await call(route, options(tenant));
      assert.equal(reply.status, 403);
      assert.equal(reply.json['code'], 'wrong_tenant');
    }
  }
  const names = (await world.storage.control.tenants()).map(({ name }) => name);
  assert.ok(!names.includes('never-seen'));
});

test('the admin key acts for the default tenant unless it names another one', async () => {
  const admin = caller(world.url, { key: world.adminKey });
  const published = await admin('POST /v1/events', EVENT);
  const found = await world.as('default')(`GET /v1/events/${String(published.json['id'])}`);
  assert.equal(found.status, 200);
  const first = await world.as('brand-new')('POST /v1/events', EVENT);
  assert.equal(first.status, 202);
  for (const tenant of ['Upper', '-dash', '', 'a'.repeat(64), 'a b']) {
    for (const route of ['POST /v1/events', 'GET /v1/events']) {
      const reply = await admin(route, {
        headers: { 'bellwire-tenant': tenant },
        ...(route.startsWith('POST') && EVENT),
      });
      assert.equal(reply.status, 422, tenant);
      const [error] = reply.json['errors'] as Json[];
      assert.equal(error?.['header'], 'bellwire-tenant');
    }
  }
});

test('a key can not give away scopes that it does not hold', async () => {
  const call = await world.withScopes('escalate', ['api_keys:write', 'events:read']);
  const create = (scopes: string[]) => call('POST /v1/api-keys', { json: { name: 'x', scopes } });
  assert.equal((await create(['events:read'])).status, 201);
  for (const scopes of [['events:write'], ['admin'], ['events:read', 'deliveries:read']]) {
    const reply = await create(scopes);
    assert.equal(reply.status, 403);
    assert.equal(reply.json['code'], 'missing_scope');
  }
});

test('a tenant’s admin key rules its tenant and no other', async () => {
  const call = await world.withScopes('ruler', ['admin']);
  assert.equal((await call('POST /v1/events', EVENT)).status, 202);
  const reply = await call('GET /v1/events', { headers: { 'bellwire-tenant': 'default' } });
  assert.equal(reply.status, 403);
});

const refused: Readonly<Record<string, readonly [Json, string]>> = {
  'no name': [{ scopes: ['events:read'] }, '/name'],
  'no scopes': [{ name: 'x', scopes: [] }, '/scopes'],
  'an unknown scope': [{ name: 'x', scopes: ['all'] }, '/scopes/0'],
  'an expiry in the past': [
    { name: 'x', scopes: ['events:read'], expires_at: '2020-01-01T00:00:00Z' },
    '/expires_at',
  ],
};

for (const [name, [json, pointer]] of Object.entries(refused)) {
  test(`a key with ${name} is refused`, async () => {
    const reply = await world.as('default')('POST /v1/api-keys', { json });
    assert.equal(reply.status, 422);
    const [error] = reply.json['errors'] as Json[];
    assert.equal(error?.['pointer'], pointer);
  });
}

test('keys and tenants are still known after a restart', async () => {
  const created = await world.as('restart')('POST /v1/api-keys', {
    json: { name: 'kept', scopes: ['events:read'] },
  });
  const { control } = world.storage;
  const keys = new KeyDirectory({ control, clock: systemClock, random: systemRandom });
  await keys.load();
  const tenants = await control.tenants();
  const tenant = tenants.find(({ name }) => name === 'restart')?.number ?? 0;
  assert.equal(keys.find(tenant, String(created.json['id']))?.name, 'kept');
  assert.equal(keys.find(tenant + 1, String(created.json['id'])), undefined);
});
