import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deliveryId } from '../../domain/ids.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

const START_AT = Date.UTC(2026, 0, 1);
const ROOM = { messages: 100, bytes: 10_000 };

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

/** A tenant's number, once it has been here. */
async function tenantNumber(name: string): Promise<number> {
  await world.as(name)('GET /v1/inboxes');
  const tenant = world.deps.tenants.find(name);
  assert.ok(tenant !== undefined);
  return tenant.number;
}

async function put(name: string, inbox: string, sequences: readonly number[]): Promise<void> {
  const tenant = await tenantNumber(name);
  const messages = sequences.map((sequence) => ({
    sequence,
    createdAt: START_AT,
    subscription: 3,
    attempt: 1,
    orderingKey: null,
    contentType: 'application/json',
    bytes: 4,
    body: Buffer.from('"감"'),
  }));
  const into = { tenant, inbox, limits: ROOM, now: START_AT + 5 };
  await world.storage.inboxes.append({ ...into, messages });
}

test('inboxes are listed by name with what waits in them, page by page', async () => {
  await put('lister', 'triage', [1, 2]);
  await put('lister', 'audit', [1]);
  await put('stranger', 'theirs', [1]);
  const first = await world.as('lister')('GET /v1/inboxes?limit=1');
  assert.equal(first.status, 200, first.text);
  const at = new Date(START_AT + 5).toISOString();
  const instants = { created_at: at, updated_at: at };
  assert.deepEqual(first.json['data'], [
    { name: 'audit', messages: 1, bytes: 4, last_position: 1, ...instants },
  ]);
  const cursor = String(first.json['next_cursor']);
  const second = await world.as('lister')(`GET /v1/inboxes?cursor=${cursor}`);
  assert.deepEqual(second.json['data'], [
    { name: 'triage', messages: 2, bytes: 8, last_position: 2, ...instants },
  ]);
  assert.equal(second.json['next_cursor'], null);
});

test('a key needs the scope to read deliveries', async () => {
  const call = await world.withScopes('scoped', ['events:read']);
  assert.equal((await call('GET /v1/inboxes')).status, 403);
  const reader = await world.withScopes('scoped', ['deliveries:read']);
  assert.deepEqual((await reader('GET /v1/inboxes')).json['data'], []);
});

test('usage counts what waits, and an export holds it', async () => {
  const many = Array.from({ length: 40 }, (_, index) => index + 1);
  await put('keeper', 'triage', many);
  const operator = world.as('default');
  const { json } = await operator('GET /v1/tenants/keeper');
  const { inboxes } = json['usage'] as { inboxes: object };
  assert.deepEqual(inboxes, { messages: 40, bytes: 160 });
  const { text } = await operator('GET /v1/tenants/keeper/export');
  const lines = text.trimEnd().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const messages = parsed.filter(({ type }) => type === 'inbox_message');
  assert.deepEqual(
    messages.map(({ position }) => position),
    many,
  );
  assert.deepEqual(messages[0], {
    type: 'inbox_message',
    inbox: 'triage',
    position: 1,
    delivery_id: deliveryId(START_AT, 1, 3),
    attempt: 1,
    ordering_key: null,
    content_type: 'application/json',
    body: '"감"',
    enqueued_at: new Date(START_AT + 5).toISOString(),
    pulls: 0,
  });
  const summary = parsed.at(-1);
  assert.deepEqual([summary?.['inboxes'], summary?.['inbox_messages']], [1, 40]);
});
