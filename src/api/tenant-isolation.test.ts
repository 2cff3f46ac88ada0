/**
 * Every route against everybody who must not get through it. Generated from the OpenAPI document,
 * so that a new route can't be forgotten: it is either refused to a stranger like all others, or
 * one of these tests says what it lacks.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SCOPES, type Scope } from '../domain/api-key.ts';
import { openApiWorld, type ApiWorld } from './testing/api-world.ts';
import { caller, nextCursor, type Call, type CallOptions, type Reply } from './testing/caller.ts';
import { knownOperations, type KnownOperation, type RequestValues } from './testing/operations.ts';

/** In every text that belongs to the victim; must never reach the stranger. */
const CANARY = 'canary-5f1c9d27';

/** Of its own, for one of its events. Whoever knows it may say it. */
const OWN_ID = 'the-victims-own-id';

/** What the schema of a body can't tell: rules over several fields, or over the key that asks. */
const BODIES: Readonly<Record<string, object>> = {
  createApiKey: { scopes: ['api_keys:write'] },
  createSource: { provider: 'none', allow_unsigned: true },
  createSubscription: { event_type: 'a', target_url: 'https://example.com/' },
  recoverSubscription: {},
};

/**
 * The event catalogue and the catalogue of providers are one for all tenants; their own tests say
 * who may read and write them.
 */
const SHARED = /^\w+ \/v1\/(event-types|providers)/;

type Json = Record<string, unknown>;

let world: ApiWorld;
/** With every scope there is, of another tenant. */
let stranger: Call;
/** The victim's ids, by the path under which the thing is found. */
let foreign: Readonly<Record<string, string>>;
let operations: readonly KnownOperation[];
/** All that the stranger was ever told. */
const told: string[] = [];

before(async () => {
  world = await openApiWorld();
  // Attempts never end, so that nothing of the victim changes by itself.
  world.receiver.answer = null;
  foreign = await victimsThings(world.as('victim'));
  stranger = overheard(await world.withScopes('stranger', SCOPES));
  operations = await knownOperations(world, BODIES);
});
after(() => world.close());

/** A new kind of thing with a route of its own needs a line here. */
async function victimsThings(call: Call): Promise<Record<string, string>> {
  const subscription = await call('POST /v1/webhooks/subscriptions', {
    json: {
      event_type: '**',
      target_url: `https://${CANARY}.example.com/`,
      name: CANARY,
      metadata: { note: CANARY },
    },
  });
  await call('POST /v1/events', {
    json: { event_type: 'a', id: OWN_ID, task_id: CANARY, data: CANARY },
  });
  const plain = await call('POST /v1/events', { json: { event_type: 'a', data: CANARY } });
  const event = String(plain.json['id']);
  const listed = await call(`GET /v1/events/${event}/deliveries`);
  const [delivery] = listed.json['data'] as Json[];
  const key = await call('POST /v1/api-keys', { json: { name: CANARY, scopes: ['admin'] } });
  await fillInbox();
  const replay = await call('POST /v1/replays', { json: { task_id: CANARY, dry_run: true } });
  const source = await victimsSource(call);
  return {
    ...source,
    '/v1/replays': String(replay.json['id']),
    '/v1/webhooks/subscriptions': String(subscription.json['id']),
    '/v1/events': event,
    '/v1/deliveries': String(delivery?.['id']),
    '/v1/api-keys': String(key.json['id']),
    '/v1/tenants': 'victim',
  };
}

/** And one request that it refused. */
async function victimsSource(call: Call): Promise<Record<string, string>> {
  const { json: source } = await call('POST /v1/sources', {
    json: { provider: 'none', allow_unsigned: true, name: CANARY, config: { event_type: CANARY } },
  });
  const headers = { 'content-type': 'application/json' };
  await fetch(String(source['url']), { method: 'POST', headers, body: `{"${CANARY}` });
  const { json: listed } = await call('GET /v1/inbound-requests');
  const [refused] = listed['data'] as Json[];
  return {
    '/v1/sources': String(source['id']),
    '/v1/inbound-requests': String(refused?.['id']),
  };
}

/** What attempts would do, if they ended. */
async function fillInbox(): Promise<void> {
  const tenant = world.deps.tenants.find('victim');
  assert.ok(tenant !== undefined);
  const about = { sequence: 1, createdAt: 1, subscription: 1, attempt: 1, orderingKey: CANARY };
  await world.storage.inboxes.append({
    tenant: tenant.number,
    inbox: CANARY,
    limits: { messages: 1, bytes: 1 },
    now: 1,
    messages: [{ ...about, contentType: null, bytes: 1, body: null }],
  });
}

function overheard(call: Call): Call {
  return async (route, options) => {
    const reply = await call(route, options);
    told.push(`${route}: ${reply.text} ${JSON.stringify([...reply.headers])}`);
    return reply;
  };
}

function send(call: Call, operation: KnownOperation, values?: RequestValues): Promise<Reply> {
  const [route, options] = operation.request(values);
  return call(route, options);
}

/** Of the same form as an id, and nobody's. */
function nobodys(id: string): string {
  return id.startsWith('victim') ? 'nobody' : `${id.slice(0, -4)}zzzz`;
}

const INSTANT = /\d{4}-\d{2}-\d{2}T[0-9:.]+Z/g;
const ID = /\b[a-z]{3}_[0-9a-z]{21,}/g;

/** What a reply says, whichever ids and instants it happens to name. */
function meaning({ status, text }: Reply, asked = ''): string {
  const same = asked === '' ? text : text.replaceAll(asked, 'ID');
  return `${status} ${same.replaceAll(ID, 'ID').replaceAll(INSTANT, 'INSTANT')}`;
}

function pathOf(operation: KnownOperation, id: string): Record<string, string> {
  return Object.fromEntries(operation.pathParameters.map((name) => [name, id]));
}

const ofTenants = () =>
  operations.filter(
    ({ isPublic, isOperators, route }) => !isPublic && !isOperators && !SHARED.test(route),
  );

test('the document names all there is to try', () => {
  assert.ok(operations.length >= 30 && ofTenants().length >= 20);
  assert.ok(operations.some(({ isOperators }) => isOperators));
  for (const { route, isPublic, isOperators, scope } of operations) {
    assert.ok(isPublic || isOperators || scope !== undefined, `${route} has no access`);
  }
});

test('without a live key no route is open but the public ones', async () => {
  const dead = { revoked: await revokedKey(), expired: await expiredKey(), unknown: 'bw_nobodys' };
  for (const operation of operations) {
    assert.equal((await send(world.anonymous, operation)).status === 401, !operation.isPublic);
    if (operation.isPublic) continue;
    for (const [why, key] of Object.entries(dead)) {
      const reply = await send(caller(world.url, { key }), operation);
      assert.equal(reply.status, 401, `${operation.route} with a key that is ${why}`);
    }
  }
});

async function newKey(options: CallOptions): Promise<Json> {
  return (await world.as('stranger')('POST /v1/api-keys', options)).json;
}

async function revokedKey(): Promise<string> {
  const { id, key } = await newKey({ json: { name: 'revoked', scopes: SCOPES } });
  await world.as('stranger')(`DELETE /v1/api-keys/${String(id)}`);
  return String(key);
}

async function expiredKey(): Promise<string> {
  const expires = new Date(Date.now() + 60_000).toISOString();
  const { key } = await newKey({ json: { name: 'old', scopes: SCOPES, expires_at: expires } });
  world.passTime(120_000);
  return String(key);
}

test('a key acts in its own tenant alone, whatever the header says', async () => {
  const headers = { 'bellwire-tenant': 'victim' };
  for (const operation of ofTenants()) {
    const [route, options] = operation.request(foreignPath(operation));
    const reply = await stranger(route, { ...options, headers });
    assert.deepEqual([reply.status, reply.json['code']], [403, 'wrong_tenant'], route);
  }
});

test('a route wants exactly the scope that the document names', async () => {
  const others = SCOPES.filter((scope) => scope !== 'admin');
  const keyOf = new Map<string, Call>();
  for (const scope of others) keyOf.set(scope, await world.withScopes('stranger', [scope]));
  for (const operation of ofTenants()) {
    const { scope = '', route } = operation;
    const without = others.filter((other) => other !== scope) as Scope[];
    const refused = await send(await world.withScopes('stranger', without), operation);
    assert.deepEqual([refused.status, refused.json['code']], [403, 'missing_scope'], route);
    const allowed = await send(keyOf.get(scope) ?? stranger, operation);
    assert.ok(allowed.status !== 401 && allowed.status !== 403, `${route}: ${allowed.text}`);
  }
});

test('what is the operator’s wants the admin key, whether the thing is there or not', async () => {
  for (const operation of operations.filter(({ isOperators }) => isOperators)) {
    const answers = new Set<string>();
    for (const name of ['victim', 'stranger', 'nobody']) {
      const reply = await send(stranger, operation, { path: pathOf(operation, name) });
      assert.equal(reply.json['code'], 'admin_key_required', operation.route);
      answers.add(meaning(reply));
    }
    assert.equal(answers.size, 1, operation.route);
    const admin = await send(world.as('stranger'), operation, {
      path: pathOf(operation, 'nobody'),
    });
    assert.ok(admin.status !== 401 && admin.status !== 403, `${operation.route}: ${admin.text}`);
  }
});

function foreignPath(operation: KnownOperation): RequestValues {
  if (operation.pathParameters.length === 0) return {};
  const id = foreign[operation.base];
  assert.ok(id !== undefined, `${operation.route}: give the victim one in victimsThings`);
  return { path: pathOf(operation, id) };
}

test('a foreign id in the path is answered like one that nobody has', async () => {
  const untouched = await snapshot();
  const withId = ofTenants().filter(({ pathParameters }) => pathParameters.length > 0);
  assert.ok(withId.length >= 15);
  for (const operation of withId) {
    const reply = await send(stranger, operation, foreignPath(operation));
    const hint = reply.status === 422 ? 'name a body that it takes in BODIES' : reply.text;
    assert.deepEqual(
      [reply.status, reply.json['code']],
      [404, 'not_found'],
      operation.route + hint,
    );
    const path = pathOf(operation, nobodys(foreign[operation.base] ?? ''));
    assert.equal(meaning(await send(stranger, operation, { path })), meaning(reply));
  }
  assert.equal(await snapshot(), untouched);
});

test('a foreign id in a query or body is answered like one that nobody has', async () => {
  const untouched = await snapshot();
  const ids = [OWN_ID, ...Object.values(foreign)];
  let tried = 0;
  for (const operation of ofTenants().filter(({ pathParameters }) => pathParameters.length === 0)) {
    for (const [place, names] of [
      ['query', operation.queryParameters],
      ['body', operation.bodyFields],
    ] as const) {
      for (const name of names.filter((field) => /_ids?$/.test(field))) {
        const value = (id: string) => ({ [place]: { [name]: name.endsWith('s') ? [id] : id } });
        for (const id of ids) {
          const reply = await send(stranger, operation, value(id));
          const other = await send(stranger, operation, value(nobodys(id)));
          const about = `${operation.route} ${name}=${id}`;
          assert.equal(meaning(reply, id), meaning(other, nobodys(id)), about);
          tried += 1;
        }
      }
    }
  }
  assert.ok(tried >= 4 * ids.length, String(tried));
  assert.equal(await snapshot(), untouched);
});

test('no tenant can be named in a query or body', async () => {
  const untouched = await snapshot();
  for (const operation of ofTenants().filter(({ pathParameters }) => pathParameters.length === 0)) {
    for (const name of ['tenant', 'tenant_id', 'tenants']) {
      const inQuery = await send(stranger, operation, { query: { [name]: 'victim' } });
      assert.ok(!inQuery.text.includes(CANARY));
      if (operation.bodyFields.length === 0) continue;
      const reply = await send(stranger, operation, { body: { [name]: 'victim' } });
      assert.ok(reply.text.includes('unknown_field'), `${operation.route}: ${reply.text}`);
    }
  }
  assert.equal(await snapshot(), untouched);
});

test('no list shows a stranger anything, whatever is asked for', async () => {
  const lists = ofTenants().filter(
    ({ method, pathParameters }) => method === 'GET' && pathParameters.length === 0,
  );
  assert.ok(lists.length >= 4);
  const owner = world.as('victim');
  for (const operation of lists) {
    const theirs = await send(owner, operation, { query: { limit: '1' } });
    const { data } = theirs.json as { data: Json[] };
    assert.ok(data.length > 0, `${operation.route} shows nothing to its owner: see victimsThings`);
    for (const query of [{}, { cursor: nextCursor(theirs.json) }]) {
      const reply = await send(stranger, operation, { query });
      for (const id of Object.values(foreign)) {
        assert.ok(!reply.text.includes(`"id":"${id}"`), `${operation.route} shows ${id}`);
      }
    }
  }
});

test('an own id of another tenant is free, and finds nothing', async () => {
  const other = await world.withScopes('other', SCOPES);
  assert.equal((await other(`GET /v1/events/${OWN_ID}`)).status, 404);
  const mine = await other('POST /v1/events', { json: { event_type: 'b', id: OWN_ID } });
  assert.deepEqual([mine.json['duplicate'], mine.json['deliveries']], [false, 0]);
  const theirs = await world.as('victim')(`GET /v1/events/${OWN_ID}`);
  assert.equal(theirs.json['event_type'], 'a');
});

test('nothing that the stranger was told holds anything of the victim', () => {
  assert.ok(told.length > 200, String(told.length));
  const leaks = told.filter((text) => text.includes(CANARY));
  assert.deepEqual(
    leaks.map((text) => text.slice(0, 200)),
    [],
  );
});

/** All that the victim has, as the operator can export it. */
async function snapshot(): Promise<string> {
  const reply = await world.as('victim')('GET /v1/tenants/victim/export');
  assert.match(reply.text, /"type":"summary"/);
  assert.ok(reply.text.includes(CANARY));
  return reply.text;
}
