import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

const SECRET = 'whsec_a-secret-of-github-that-is-long';

type Json = Record<string, unknown>;

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

async function made(call: Call, fields: Json = {}): Promise<Json> {
  const json = { provider: 'github', secret: SECRET, ...fields };
  const reply = await call('POST /v1/sources', { json });
  assert.equal(reply.status, 201, reply.text);
  return reply.json;
}

/** As GitHub does it. */
function post(source: Json, body: string, fields: Json = {}): Promise<Response> {
  const { secret = SECRET, id = 'delivery-1', sign, headers } = fields;
  const mac = createHmac('sha256', String(secret)).update(body).digest('hex');
  return fetch(String(source['url']), {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': String(id),
      ...(sign === null ? {} : { 'x-hub-signature-256': `sha256=${mac}` }),
      ...(headers as Record<string, string> | undefined),
    },
  });
}

async function inbound(call: Call, query = ''): Promise<Json[]> {
  const { json } = await call(`GET /v1/inbound-requests${query}`);
  return json['data'] as Json[];
}

test('a provider and its secret are enough, and the secret is never shown', async () => {
  const call = world.as('enough');
  const source = await made(call, { name: 'Our repository' });
  const { id, provider, status, live_secrets: live, allow_unsigned: unsigned } = source;
  assert.deepEqual([provider, status, live, unsigned], ['github', 'active', 1, false]);
  assert.match(String(source['url']), /^http:\/\/127\.0\.0\.1:\d+\/in\/[\w-]{32}$/);
  const shown = await call(`GET /v1/sources/${String(id)}`);
  assert.deepEqual(shown.json, source);
  const listed = await call('GET /v1/sources');
  assert.deepEqual(listed.json['data'], [source]);
  const changed = await call(`PATCH /v1/sources/${String(id)}`, { json: { name: null } });
  assert.equal(changed.json['name'], null);
  for (const { text } of [shown, listed, changed]) assert.ok(!text.includes(SECRET));
});

test('what can not work is refused by the field that is to blame', async () => {
  const call = world.as('wrong');
  const wrong: readonly [Json, string, RegExp][] = [
    [{ provider: 'nobody' }, '/provider', /no provider is called "nobody"/],
    [{ provider: 'github', secret: undefined }, '/secret', /needs a secret/],
    [{ secret: '' }, '/secret', /.*/],
    [{ secret: ' ' }, '/secret', /must not be empty/],
    [{ secrets: ['a', 'b'] }, '/secret', /not both/],
    [{ provider: 'langgraph', secret: undefined }, '/secret', /.*/],
    [{ provider: 'none', secret: undefined }, '/allow_unsigned', /set it to true/],
    [{ allow_unsigned: true }, '/allow_unsigned', /must be false where there is a secret/],
    [{ ip_allowlist: ['10.0.0.1/8'] }, '/ip_allowlist', /starts at 10\.0\.0\.0/],
    [{ fields: ['data'] }, '/fields', /no JSON Pointer/],
    [{ dedupe: {} }, '/dedupe', /exactly one of/],
    [{ dedupe: { path: '$..x' } }, '/dedupe/path', /neither a JSON Pointer/],
    [{ reply: { status: 302 } }, '/reply/status', /.*/],
    [{ reply: { status: 204, body: 'x' } }, '/reply', /no body/],
    [{ max_body_bytes: 26 * 1024 * 1024 }, '/max_body_bytes', /.*/],
    [{ config: { nonsense: 1 } }, '/config/nonsense', /known are/],
    [{ config: { event_type: 'a b' } }, '/config/event_type', /part "a b"/],
    [{ config: { event_type: 'bellwire.x' } }, '/config/event_type', /our own/],
    [{ config: { event_type_from: 'type' } }, '/config/event_type_from', /no place/],
    [{ config: { client_certificate: {} } }, '/config/client_certificate', /fingerprint/],
    [{ config: { tolerance_seconds: 0 } }, '/config/tolerance_seconds', /seconds from 1/],
    [{ provider: 'custom', config: {} }, '/config/scheme', /is required/],
    [{ provider: 'meta', config: {} }, '/config/verify_token', /is required/],
  ];
  for (const [fields, pointer, detail] of wrong) {
    const json = { provider: 'github', secret: SECRET, ...fields };
    const reply = await call('POST /v1/sources', { json });
    assert.equal(reply.status, 422, JSON.stringify(fields));
    const [part] = reply.json['errors'] as Json[];
    assert.equal(part?.['pointer'], pointer, reply.text);
    assert.match(String(part['detail']), detail);
    assert.ok(!reply.text.includes(SECRET));
  }
  assert.deepEqual((await call('GET /v1/sources')).json['data'], []);
});

test('a change is checked like a creation, and replaces what it names', async () => {
  const call = world.as('changes');
  const { id } = await made(call, { rate_limit: 5 });
  const path = `PATCH /v1/sources/${String(id)}`;
  const json = { reply: { body: 'ok' }, dedupe: { path: 'data.id' }, rate_limit: null };
  const changed = await call(path, { json });
  assert.deepEqual(changed.json['reply'], { status: 200, content_type: null, body: 'ok' });
  assert.deepEqual(changed.json['dedupe'], { path: '/data/id' });
  assert.equal(changed.json['rate_limit'], null);
  assert.equal((await call(path, { json: { ip_allowlist: ['x'] } })).status, 422);
  assert.equal((await call(path, { json: { provider: 'stripe' } })).status, 422);
});

test('a signed request becomes an event; its repeat does not', async () => {
  const call = world.as('signed');
  const source = await made(call);
  const body = '{"action":"opened",  "issue":{"number":1.0}}';
  const first = await post(source, body);
  assert.deepEqual([first.status, await first.text()], [200, '']);
  assert.equal((await post(source, body)).status, 200);
  const events = (await call('GET /v1/events')).json['data'] as Json[];
  assert.equal(events.length, 1);
  assert.equal(events[0]?.['event_type'], 'github.issues.opened');
  assert.equal(events[0]['source_id'], source['id']);
  assert.equal(events[0]['provider_event_id'], 'delivery-1');
  const rows = await inbound(call);
  assert.deepEqual(
    rows.map((row) => [row['status'], row['event_id']]),
    [
      ['duplicate', events[0]['id']],
      ['accepted', events[0]['id']],
    ],
  );
  const [row] = rows;
  const one = await call(`GET /v1/inbound-requests/${String(row?.['id'])}`);
  assert.deepEqual(one.json, row);
});

test('1,000 replays at once make one event', async () => {
  const call = world.as('replays');
  const source = await made(call);
  const replies = await Promise.all(Array.from({ length: 1_000 }, () => post(source, '{"n":1}')));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  assert.equal(((await call('GET /v1/events')).json['data'] as Json[]).length, 1);
  const rows = await inbound(call, '?status=duplicate&limit=250');
  assert.ok(rows.length >= 100 && rows.length < 250, String(rows.length));
});

test('what does not prove itself gets one answer, and its owner the reason', async () => {
  const call = world.as('forged');
  const source = await made(call);
  const cases: readonly [Json, number, string][] = [
    [{ sign: null }, 400, 'missing_signature'],
    [{ secret: 'another' }, 401, 'wrong_signature'],
    [{ headers: { 'x-hub-signature-256': '' } }, 400, 'missing_signature'],
    [{ headers: { 'x-hub-signature-256': 'sha256=00' } }, 401, 'wrong_signature'],
    [{ headers: { 'x-hub-signature-256': 'sha1=00' } }, 401, 'malformed_signature'],
  ];
  const bodies = new Set<string>();
  for (const [fields, status, reason] of cases) {
    const reply = await post(source, '{}', fields);
    const [row] = await inbound(call, '?status=rejected&limit=1');
    assert.deepEqual([reply.status, row?.['reason']], [status, reason], JSON.stringify(fields));
    bodies.add(await reply.text());
  }
  assert.equal(bodies.size, 1);
  assert.deepEqual((await call('GET /v1/events')).json['data'], []);
});

test('the secret of one source does not open another', async () => {
  const call = world.as('two');
  const [one, other] = [await made(call), await made(call, { secret: 'of-the-other-one' })];
  assert.equal((await post(other, '{}')).status, 401);
  assert.equal((await post(one, '{}')).status, 200);
});

test('during a rotation both secrets verify; when it is over, the new one alone', async () => {
  const call = world.as('rotation');
  const source = await made(call);
  const path = `POST /v1/sources/${String(source['id'])}/rotate-secret`;
  const rotated = await call(path, { json: { secret: 'the-next-one', overlap_seconds: 3_600 } });
  assert.equal(rotated.json['live_secrets'], 2, rotated.text);
  const by = (secret: string, id: string) => post(source, `{"id":"${id}"}`, { secret });
  assert.equal((await by(SECRET, 'a')).status, 200);
  assert.equal((await by('the-next-one', 'b')).status, 200);
  assert.equal((await call(path, { json: { secret: 'the-next-one' } })).status, 422);
  world.passTime(3_600_000);
  assert.equal((await by(SECRET, 'c')).status, 401);
  assert.equal((await by('the-next-one', 'd')).status, 200);
  const now = await call(path, { json: { secret: 'the-last-one', overlap_seconds: 0 } });
  assert.equal(now.json['live_secrets'], 1);
  assert.equal((await by('the-next-one', 'e')).status, 401);
  for (let count = 0; count < 9; count += 1) {
    assert.equal((await call(path, { json: { secret: `more-${count}` } })).status, 200);
  }
  const full = await call(path, { json: { secret: 'one-too-many' } });
  assert.deepEqual([full.status, full.json['code']], [409, 'too_many_source_secrets']);
});

test('a paused source sends its provider away for later; a deleted one is nobody’s', async () => {
  const call = world.as('pausing');
  const source = await made(call);
  const act = (action: string) => call(`POST /v1/sources/${String(source['id'])}/${action}`);
  assert.equal((await act('pause')).json['status'], 'paused');
  const refused = await post(source, '{}');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '60']);
  assert.equal((await act('resume')).json['status'], 'active');
  assert.equal((await post(source, '{}')).status, 200);
  const renewed = await act('renew-url');
  assert.equal((await post(source, '{"n":2}')).status, 404);
  assert.equal((await post(renewed.json, '{"n":2}')).status, 200);
  assert.equal((await call(`DELETE /v1/sources/${String(source['id'])}`)).status, 204);
  assert.equal((await post(renewed.json, '{"n":3}')).status, 404);
  assert.equal((await inbound(call, `?source_id=${String(source['id'])}`)).length, 3);
});

test('only addresses of the allowlist get in', async () => {
  const call = world.as('addresses');
  const away = await made(call, { ip_allowlist: ['203.0.113.0/24'] });
  const forwarded = { headers: { 'x-forwarded-for': '203.0.113.7' } };
  assert.equal((await post(away, '{}', forwarded)).status, 403);
  const here = await made(call, { ip_allowlist: ['127.0.0.0/8', '::1'] });
  assert.equal((await post(here, '{}')).status, 200);
});

test('the owner’s reply is what the provider gets', async () => {
  const call = world.as('reply');
  const reply = { status: 202, content_type: 'application/json', body: '{"ok":true}' };
  const source = await made(call, { reply });
  const got = await post(source, '{}');
  assert.deepEqual([got.status, await got.json()], [202, { ok: true }]);
  assert.equal(got.headers.get('content-type'), 'application/json');
  const silent = await made(call, { reply: { status: 204 } });
  const nothing = await post(silent, '{}');
  assert.deepEqual([nothing.status, nothing.headers.get('content-length')], [204, null]);
});

test('a subscription to the source gets its events alone', async () => {
  const call = world.as('routing');
  const [one, other] = [await made(call), await made(call)];
  const json = {
    event_type: 'github.**',
    target_url: 'https://example.com/',
    source_id: one['id'],
  };
  const subscribed = await call('POST /v1/webhooks/subscriptions', { json });
  assert.equal(subscribed.status, 201, subscribed.text);
  for (const source of [one, other]) await post(source, '{}');
  const events = (await call('GET /v1/events')).json['data'] as Json[];
  const matched = events.map((event) => [
    event['source_id'],
    (event['deliveries'] as Json)['matched'],
  ]);
  assert.deepEqual(matched, [
    [other['id'], 0],
    [one['id'], 1],
  ]);
});

test('all are listed with what a person needs to know', async () => {
  const call = world.as('providers');
  const first = await call('GET /v1/providers?limit=100');
  const more = await call(
    `GET /v1/providers?limit=100&cursor=${String(first.json['next_cursor'])}`,
  );
  const all = [...(first.json['data'] as Json[]), ...(more.json['data'] as Json[])];
  assert.equal(more.json['next_cursor'], null);
  const ids = all.map((provider) => provider['id']);
  assert.ok(ids.length >= 121 && new Set(ids).size === ids.length, String(ids.length));
  for (const id of ['github', 'stripe', 'custom', 'none']) assert.ok(ids.includes(id), id);
  const github = await call('GET /v1/providers/github');
  assert.equal(github.json['scheme'], 'hmac');
  assert.equal((await call('GET /v1/providers/nobody')).status, 404);
});

test('each is usable by itself, or says what it lacks', async () => {
  const call = world.as('every-provider');
  for (const { id, settings, scheme } of world.deps.providers) {
    const config = Object.fromEntries(
      settings.filter(({ required }) => required).map(({ name }) => [name, 'https://example.com']),
    );
    if (id === 'custom' || scheme.kind === 'none') continue;
    const json = { provider: id, config, secret: 'a-secret-of-some-length' };
    const reply = await call('POST /v1/sources', { json });
    if (reply.status === 201) continue;
    const [part] = reply.json['errors'] as Json[];
    assert.match(String(part?.['pointer']), /^\/(secret|config)/, `${id}: ${reply.text}`);
  }
});
