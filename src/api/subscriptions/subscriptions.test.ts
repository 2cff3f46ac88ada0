import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseRecordId } from '../../domain/ids.ts';
import { ed25519PublicKey } from '../../protocol/secrets.ts';
import { nextCursor } from '../testing/caller.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld({ limits: { maxSubscriptionsPerTenant: 12 } });
});
after(() => world.close());

const PATH = '/v1/webhooks/subscriptions';
const TARGET = 'https://example.com/hook';
const LEAST = { event_type: 'task.completed', target_url: TARGET };

test('an event type and a target are enough', async () => {
  const call = world.as('least');
  const created = await call(`POST ${PATH}`, { json: LEAST });
  assert.equal(created.status, 201, created.text);
  const { secret, ...shown } = created.json;
  assert.match(String(secret), /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.deepEqual(shown, {
    id: shown['id'],
    name: null,
    event_types: ['task.completed'],
    target_url: TARGET,
    destination: { kind: 'webhook', url: TARGET },
    filter: null,
    source_id: null,
    status: 'active',
    disabled_reason: null,
    failing_since: null,
    retry_schedule: [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
    timeout_ms: 15_000,
    rate_limit: null,
    max_in_flight: shown['max_in_flight'],
    ordered: false,
    expires_at: null,
    headers: {},
    signatures: ['standard', 'agent'],
    signing: 'hmac',
    public_key: null,
    previous_public_keys: [],
    previous_secrets_expire_at: null,
    auth: null,
    client_certificate: null,
    challenge: null,
    transform: null,
    payload_format: 'bellwire',
    metadata: {},
    created_at: shown['created_at'],
    updated_at: shown['created_at'],
  });
  const read = await call(`GET ${PATH}/${String(shown['id'])}`);
  assert.deepEqual(read.json, shown);
  assert.ok(!read.text.includes(String(secret)));
});

test('everything can be chosen, and comes back as it was chosen', async () => {
  const chosen = {
    name: 'Billing',
    event_types: ['task.*', 'run.**'],
    destination: { kind: 'webhook', url: 'https://EXAMPLE.com' },
    secret: 'a secret of sixteen bytes or more',
    retry_schedule: [1, 2.5],
    timeout_ms: 5_000,
    rate_limit: 2,
    max_in_flight: 3,
    ordered: true,
    expires_at: '2030-01-01T00:00:00.000Z',
    headers: { 'X-Team': 'blue', 'X-Api-Key': 'k-123' },
    signatures: ['agent'],
    metadata: { owner: 'ops' },
  };
  const { status, json } = await world.as('chosen')(`POST ${PATH}`, { json: chosen });
  assert.equal(status, 201);
  assert.deepEqual(
    { ...json, id: '', created_at: '', updated_at: '' },
    {
      ...chosen,
      id: '',
      created_at: '',
      updated_at: '',
      target_url: 'https://example.com/',
      destination: { kind: 'webhook', url: 'https://example.com/' },
      headers: { 'X-Team': 'blue', 'X-Api-Key': '[hidden]' },
      filter: null,
      source_id: null,
      status: 'active',
      disabled_reason: null,
      failing_since: null,
      signing: 'hmac',
      public_key: null,
      previous_public_keys: [],
      previous_secrets_expire_at: null,
      auth: null,
      client_certificate: null,
      challenge: null,
      transform: null,
      payload_format: 'bellwire',
    },
  );
});

test('with ed25519 the public key stays readable and the private one never shows', async () => {
  const call = world.as('ed25519');
  const created = await call(`POST ${PATH}`, { json: { ...LEAST, signing: 'ed25519' } });
  const { id, secret, public_key: publicKey } = created.json;
  assert.match(String(secret), /^whsec_/);
  assert.equal(ed25519PublicKey(String(publicKey)).asymmetricKeyType, 'ed25519');
  const read = await call(`GET ${PATH}/${String(id)}`);
  assert.equal(read.json['public_key'], publicKey);
  assert.ok(!created.text.includes('whsk_') && !read.text.includes('whsk_'));
  const stored = world.registry.byNumber(parseRecordId('sub', String(id))?.number ?? 0);
  assert.match(stored?.secrets[0]?.text ?? '', /^whsk_/);
  assert.equal(stored?.secrets[1]?.text, secret);
});

interface Refused {
  readonly json: object;
  readonly pointer: string;
  readonly part: string;
  readonly code?: string;
}

const unfit = (change: object, pointer: string, part: string): Refused => ({
  json: { ...LEAST, ...change },
  pointer,
  part,
});

const refused: Readonly<Record<string, Refused>> = {
  'no event type': { json: { target_url: TARGET }, pointer: '/event_type', part: 'required' },
  'no target': { json: { event_type: 'a' }, pointer: '/target_url', part: 'required' },
  'both forms of event types': unfit({ event_types: ['b'] }, '/event_types', 'conflicting_field'),
  'both forms of target': unfit(
    { destination: { kind: 'webhook', url: TARGET } },
    '/destination',
    'conflicting_field',
  ),
  'a target that is not allowed': {
    json: { event_type: 'a', target_url: 'http://db.internal' },
    pointer: '/target_url',
    part: 'host_not_allowed',
    code: 'target_not_allowed',
  },
  'a destination that is not allowed': {
    json: { event_type: 'a', destination: { kind: 'webhook', url: 'nonsense' } },
    pointer: '/destination/url',
    part: 'invalid_url',
    code: 'target_not_allowed',
  },
  'a destination of an unknown kind': {
    json: { event_type: 'a', destination: { kind: 'fax', url: TARGET } },
    pointer: '/destination/kind',
    part: 'invalid_value',
  },
  'a broken pattern': unfit({ event_type: '**.a' }, '/event_type', 'invalid_event_type'),
  'a source that is not there': unfit({ source_id: 'src_a' }, '/source_id', 'unknown_source'),
  'a field that there is not': unfit({ colour: 'red' }, '/colour', 'unknown_field'),
  'a short secret': unfit({ secret: 'short' }, '/secret', 'invalid_secret'),
  'a private key as secret': unfit(
    { secret: 'whsk_abcdefghijklmnop' },
    '/secret',
    'invalid_secret',
  ),
  'a schedule with a negative step': unfit({ retry_schedule: [-1] }, '/retry_schedule', 'invalid'),
  'a timeout that is too long': unfit({ timeout_ms: 60_001 }, '/timeout_ms', 'too_big'),
  'a rate of nothing': unfit({ rate_limit: 0 }, '/rate_limit', 'too_small'),
  'a reserved header': unfit({ headers: { Host: 'x' } }, '/headers', 'invalid_header'),
  'a header whose value was hidden': unfit(
    { headers: { Authorization: '[hidden]' } },
    '/headers/Authorization',
    'hidden_value',
  ),
  'no signature at all': unfit({ signatures: [] }, '/signatures', 'too_small'),
  'a signature twice': unfit({ signatures: ['agent', 'agent'] }, '/signatures', 'invalid'),
  'metadata that is too large': unfit(
    { metadata: { note: 'x'.repeat(16 * 1024) } },
    '/metadata',
    'too_big',
  ),
  'a tenant in the body': unfit({ tenant: 'other' }, '/tenant', 'unknown_field'),
};

for (const [name, { json, pointer, part, code }] of Object.entries(refused)) {
  test(`${name} is refused by naming ${pointer}`, async () => {
    const reply = await world.as('refused')(`POST ${PATH}`, { json });
    assert.equal(reply.status, 422, reply.text);
    assert.equal(reply.json['code'], code ?? 'validation_failed');
    const parts = reply.json['errors'] as Record<string, string>[];
    assert.deepEqual(
      parts.map((error) => [error['pointer'], error['code']]),
      [[pointer, part]],
    );
  });
}

test('a body that is missing is told so', async () => {
  const reply = await world.as('refused')(`POST ${PATH}`);
  assert.equal(reply.status, 422);
  assert.equal(reply.json['detail'], 'the body is required');
});

test('a change leaves what it does not name', async () => {
  const call = world.as('change');
  const created = await call(`POST ${PATH}`, {
    json: { ...LEAST, name: 'before', rate_limit: 5, metadata: { a: '1', b: '2' } },
  });
  const { secret, ...former } = created.json;
  world.passTime(1_000);
  const changed = await call(`PATCH ${PATH}/${String(former['id'])}`, {
    json: { event_types: ['x', 'y'], rate_limit: null, name: null, metadata: { b: '3' } },
  });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.json, {
    ...former,
    event_types: ['x', 'y'],
    rate_limit: null,
    name: null,
    metadata: { b: '3' },
    updated_at: changed.json['updated_at'],
  });
  assert.ok(String(changed.json['updated_at']) > String(former['updated_at']));
  assert.ok(!changed.text.includes(String(secret)));
  const matched = await call('POST /v1/events', { json: { event_type: 'y' } });
  assert.equal(matched.json['deliveries'], 1);
});

test('secret and signing can not be changed here', async () => {
  const call = world.as('change-secret');
  const { json } = await call(`POST ${PATH}`, { json: LEAST });
  for (const change of [{ secret: 'x'.repeat(20) }, { signing: 'ed25519' }, { status: 'active' }]) {
    const reply = await call(`PATCH ${PATH}/${String(json['id'])}`, { json: change });
    assert.equal(reply.status, 422);
  }
});

test('a change to a target that is not allowed changes nothing', async () => {
  const call = world.as('change-target');
  const { json } = await call(`POST ${PATH}`, { json: LEAST });
  const path = `${PATH}/${String(json['id'])}`;
  const reply = await call(`PATCH ${path}`, {
    json: { name: 'new', target_url: 'https://x.internal' },
  });
  assert.equal(reply.json['code'], 'target_not_allowed');
  assert.equal((await call(`GET ${path}`)).json['name'], null);
});

test('a deleted subscription is gone, and hears nothing more', async () => {
  const call = world.as('delete');
  const { json } = await call(`POST ${PATH}`, { json: LEAST });
  const path = `${PATH}/${String(json['id'])}`;
  const deleted = await call(`DELETE ${path}`);
  assert.deepEqual([deleted.status, deleted.text], [204, '']);
  assert.equal((await call(`GET ${path}`)).status, 404);
  assert.equal((await call(`DELETE ${path}`)).status, 404);
  const { json: published } = await call('POST /v1/events', {
    json: { event_type: 'task.completed' },
  });
  assert.equal(published['deliveries'], 0);
});

test('the list goes page by page, oldest first', async () => {
  const call = world.as('list');
  const ids: unknown[] = [];
  for (let count = 0; count < 5; count += 1) {
    ids.push((await call(`POST ${PATH}`, { json: LEAST })).json['id']);
  }
  const seen: unknown[] = [];
  let path = `${PATH}?limit=2`;
  for (let pages = 1; ; pages += 1) {
    const { json } = await call(`GET ${path}`);
    const data = json['data'] as Record<string, unknown>[];
    seen.push(...data.map(({ id }) => id));
    if (json['next_cursor'] === null) {
      assert.equal(pages, 3);
      break;
    }
    path = `${PATH}?limit=2&cursor=${nextCursor(json)}`;
  }
  assert.deepEqual(seen, ids);
});

for (const query of ['limit=0', 'limit=251', 'limit=x', 'cursor=x', 'page=2']) {
  test(`a list refuses ?${query} by naming the parameter`, async () => {
    const reply = await world.as('list')(`GET ${PATH}?${query}`);
    assert.equal(reply.status, 422);
    const [error] = reply.json['errors'] as Record<string, string>[];
    assert.equal(error?.['parameter'], query.split('=')[0]);
  });
}

test('a tenant has a limit of subscriptions', async () => {
  const call = world.as('limit');
  for (let count = 0; count < 12; count += 1) await call(`POST ${PATH}`, { json: LEAST });
  const reply = await call(`POST ${PATH}`, { json: LEAST });
  assert.equal(reply.status, 409);
  assert.equal(reply.json['code'], 'too_many_subscriptions');
});
