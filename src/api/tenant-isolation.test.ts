/** Generated from the OpenAPI document, so that a new route can't be forgotten. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SCOPES } from '../domain/api-key.ts';
import type { Operation } from './openapi/document.ts';
import { openApiWorld, type ApiWorld } from './testing/api-world.ts';
import { nextCursor, type Call } from './testing/caller.ts';

/** In every text that belongs to the victim; must never reach the stranger. */
const CANARY = 'canary-5f1c9d27';

/** A body that a route which wants one would accept. */
const BODIES: Readonly<Record<string, object>> = { changeSubscription: { name: 'taken over' } };

type Json = Record<string, unknown>;

let world: ApiWorld;
let stranger: Call;
/** The victim's ids, by the first part of the path they are used in. */
let foreign: Readonly<Record<string, string>>;
let operations: readonly (readonly [route: string, operation: Operation])[];

before(async () => {
  world = await openApiWorld();
  // Attempts never end, so that nothing of the victim changes by itself.
  world.receiver.answer = null;
  foreign = await victimsThings(world.as('victim'));
  stranger = await world.withScopes('stranger', SCOPES);
  const { json } = await world.anonymous('GET /openapi.json');
  operations = Object.entries(json['paths'] as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
      ),
  );
});
after(() => world.close());

async function victimsThings(call: Call): Promise<Record<string, string>> {
  const subscription = await call('POST /v1/webhooks/subscriptions', {
    json: {
      event_type: '**',
      target_url: `https://${CANARY}.example.com/`,
      name: CANARY,
      metadata: { note: CANARY },
    },
  });
  const event = await call('POST /v1/events', {
    json: { event_type: 'a', id: CANARY, task_id: CANARY, data: CANARY },
  });
  const plain = await call('POST /v1/events', { json: { event_type: 'a', data: CANARY } });
  const listed = await call(`GET /v1/events/${String(event.json['id'])}/deliveries`);
  const [delivery] = listed.json['data'] as Json[];
  const key = await call('POST /v1/api-keys', { json: { name: CANARY, scopes: ['admin'] } });
  return {
    '/v1/webhooks/subscriptions': String(subscription.json['id']),
    '/v1/events': String(plain.json['id']),
    '/v1/deliveries': String(delivery?.['id']),
    '/v1/api-keys': String(key.json['id']),
  };
}

test('every route with an id answers a stranger as if the thing did not exist', async () => {
  const untouched = await snapshot();
  const withId = operations.filter(([route]) => route.includes('{'));
  assert.ok(withId.length >= 15);
  for (const [route, { operationId = '' }] of withId) {
    const base = route.slice(route.indexOf(' ') + 1, route.indexOf('/{'));
    const id = foreign[base];
    assert.ok(id !== undefined, `name a foreign id for ${base}`);
    const json = BODIES[operationId];
    const reply = await stranger(route.replace('{id}', id), json && { json });
    assert.equal(reply.status, 404, `${route}: ${reply.text}`);
    assert.equal(reply.json['code'], 'not_found');
    assert.ok(!reply.text.includes(CANARY));
  }
  assert.equal(await snapshot(), untouched);
});

test('an own id of another tenant is free, and finds nothing', async () => {
  assert.equal((await stranger(`GET /v1/events/${CANARY}`)).status, 404);
  const other = await world.withScopes('other', SCOPES);
  const mine = await other('POST /v1/events', { json: { event_type: 'b', id: CANARY } });
  assert.equal(mine.json['duplicate'], false);
  assert.equal(mine.json['deliveries'], 0);
  const theirs = await world.as('victim')(`GET /v1/events/${CANARY}`);
  assert.equal(theirs.json['event_type'], 'a');
});

test('no list shows a stranger anything, whatever is asked for', async () => {
  const lists = operations.filter(
    ([route]) => route.startsWith('GET /v1/') && !route.includes('{'),
  );
  assert.ok(lists.length >= 4);
  for (const [route, { parameters = [] }] of lists) {
    const theirs = await world.as('victim')(`${route}?limit=1`);
    assert.ok((theirs.json['data'] as Json[]).length > 0, `${route} shows nothing to its owner`);
    const queries = ['', `cursor=${nextCursor(theirs.json)}`];
    for (const name of parameters.map((parameter) => String(parameter['name']))) {
      if (name.endsWith('_id')) {
        queries.push(...[CANARY, ...Object.values(foreign)].map((id) => `${name}=${id}`));
      }
    }
    for (const query of queries) {
      const reply = await stranger(`${route}?${query}`);
      assert.ok(!reply.text.includes(CANARY), `${route}?${query}`);
      for (const id of Object.values(foreign)) {
        assert.ok(!reply.text.includes(`"id":"${id}"`), `${route}?${query}`);
      }
    }
  }
});

test('every route wants a key, and the scope it declares', async () => {
  const scopeless = await world.withScopes('stranger', ['deliveries:read']);
  for (const [route, { security = [], operationId = '' }] of operations) {
    const path = route.replace('{id}', 'x');
    const reply = await world.anonymous(path);
    if (security.length === 0) {
      assert.notEqual(reply.status, 401, route);
      continue;
    }
    assert.equal(reply.status, 401, route);
    const declared = world.api.hasRoute({
      method: route.slice(0, route.indexOf(' ')),
      url: route.slice(route.indexOf(' ') + 1).replace('{id}', ':id'),
    });
    assert.ok(declared, operationId);
    const refused = await scopeless(path);
    const readsDeliveries = /deliver|listAttempts/i.test(operationId) && route.startsWith('GET');
    assert.equal(refused.status === 403, !readsDeliveries, `${route}: ${refused.text}`);
  }
});

async function snapshot(): Promise<string> {
  const victim = world.as('victim');
  const subscription = await victim(
    `GET /v1/webhooks/subscriptions/${foreign['/v1/webhooks/subscriptions'] ?? ''}`,
  );
  const key = await victim(`GET /v1/api-keys/${foreign['/v1/api-keys'] ?? ''}`);
  const attempts = await victim(`GET /v1/deliveries/${foreign['/v1/deliveries'] ?? ''}/attempts`);
  return subscription.text + key.text + attempts.text;
}
