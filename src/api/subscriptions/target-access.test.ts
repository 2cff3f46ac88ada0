import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseRecordId } from '../../domain/ids.ts';
import { createAuthority } from '../../egress/testing/certificates.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const PATH = '/v1/webhooks/subscriptions';
const LEAST = { event_type: 'task.completed', target_url: 'https://example.com/hook' };
const authority = createAuthority();
const { key, cert } = authority.issue(['billing.acme.test']);
const CERTIFICATE = { certificate: cert, private_key: key, ca: authority.cert };
const OAUTH2 = {
  kind: 'oauth2',
  token_url: 'https://ID.example.com/token',
  client_id: 'bellwire',
  client_secret: 'the client secret',
  scope: 'hooks:write',
};

async function created(call: Call, wish: object = {}) {
  const reply = await call(`POST ${PATH}`, { json: { ...LEAST, ...wish } });
  assert.equal(reply.status, 201, reply.text);
  return { ...reply, path: `${PATH}/${String(reply.json['id'])}` };
}

function stored(path: string) {
  const { number = 0 } = parseRecordId('sub', path.slice(PATH.length + 1)) ?? {};
  return world.registry.byNumber(number);
}

const kinds: readonly (readonly [object, shown: object, secret: string])[] = [
  [
    { kind: 'basic', username: 'aladdin', password: 'open sesame' },
    { kind: 'basic', username: 'aladdin' },
    'open sesame',
  ],
  [{ kind: 'bearer', token: 'mF_9.B5f-4.1JqM' }, { kind: 'bearer' }, 'mF_9.B5f-4.1JqM'],
  [
    OAUTH2,
    {
      kind: 'oauth2',
      token_url: 'https://id.example.com/token',
      client_id: 'bellwire',
      scope: 'hooks:write',
      audience: null,
      client_auth: 'basic',
    },
    'the client secret',
  ],
];

for (const [auth, shown, secret] of kinds) {
  const { kind } = shown as { kind: string };
  test(`of ${kind} credentials only the public part is read`, async () => {
    const call = world.as(`auth-${kind}`);
    const reply = await created(call, { auth });
    const read = await call(`GET ${reply.path}`);
    const listed = await call(`GET ${PATH}`);
    assert.deepEqual(reply.json['auth'], shown);
    assert.deepEqual(read.json['auth'], shown);
    for (const { text } of [reply, read, listed]) assert.ok(!text.includes(secret));
    assert.ok(JSON.stringify(stored(reply.path)?.auth).includes(secret), 'it is there to be used');
  });
}

test('of a certificate fingerprint, subject and end are read', async () => {
  const call = world.as('certificate');
  const { path, text } = await created(call, { client_certificate: CERTIFICATE });
  const read = await call(`GET ${path}`);
  const shown = read.json['client_certificate'] as Record<string, string>;
  assert.match(shown['fingerprint'] ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal(shown['subject'], 'CN=billing.acme.test');
  assert.ok(Date.parse(shown['expires_at'] ?? '') > Date.now());
  for (const reply of [text, read.text]) assert.doesNotMatch(reply, /PRIVATE KEY|BEGIN/);
});

test('each is replaced as a whole, taken away by null, and kept when not named', async () => {
  const call = world.as('change');
  const { path } = await created(call, { auth: OAUTH2, client_certificate: CERTIFICATE });
  const change = async (json: object) => {
    const reply = await call(`PATCH ${path}`, { json });
    assert.equal(reply.status, 200, reply.text);
    return [reply.json['auth'], reply.json['client_certificate']] as const;
  };
  const [auth, certificate] = await change({ name: 'renamed' });
  assert.equal((auth as { kind: string }).kind, 'oauth2');
  assert.notEqual(certificate, null);
  const bearer = { kind: 'bearer', token: 'abc' };
  assert.deepEqual(await change({ auth: bearer }), [{ kind: 'bearer' }, certificate]);
  assert.deepEqual(await change({ client_certificate: null }), [{ kind: 'bearer' }, null]);
  assert.deepEqual(await change({ auth: null }), [null, null]);
});

test('credentials, certificates and headers are sealed in the store', async () => {
  const call = world.as('sealed');
  const headers = { 'X-Api-Key': 'a key of theirs' };
  const wish = { auth: OAUTH2, client_certificate: CERTIFICATE, headers };
  const { path } = await created(call, wish);
  const { number } = stored(path) ?? {};
  const rows = await world.storage.control.subscriptions();
  const row = rows.find((record) => record.number === number);
  assert.ok(row !== undefined);
  for (const secret of ['the client secret', 'PRIVATE KEY', 'a key of theirs']) {
    assert.ok(!row.settings.includes(secret));
    assert.ok(!Buffer.from(row.sealedSecrets).includes(secret));
  }
  assert.deepEqual(stored(path)?.headers, headers);
});

const refused: readonly (readonly [string, object, pointer: string, code: string])[] = [
  ['an unknown kind', { auth: { kind: 'digest' } }, '/auth/kind', 'invalid'],
  ['no password', { auth: { kind: 'basic', username: 'a' } }, '/auth/password', 'required'],
  [
    'a colon in the user name',
    { auth: { kind: 'basic', username: 'a:b', password: '' } },
    '/auth/username',
    'invalid_format',
  ],
  [
    'a line break in the password',
    { auth: { kind: 'basic', username: 'a', password: 'b\r\nx: y' } },
    '/auth/password',
    'invalid_format',
  ],
  [
    'a space in the token',
    { auth: { kind: 'bearer', token: 'a b' } },
    '/auth/token',
    'invalid_format',
  ],
  ['no token', { auth: { kind: 'bearer', token: '' } }, '/auth/token', 'invalid_format'],
  [
    'a token that is too long',
    { auth: { kind: 'bearer', token: 'a'.repeat(4_097) } },
    '/auth/token',
    'too_big',
  ],
  ['a quote in the scope', { auth: { ...OAUTH2, scope: 'a"b' } }, '/auth/scope', 'invalid_format'],
  [
    'a custom Authorization beside auth',
    { auth: OAUTH2, headers: { authorization: 'Bearer x' } },
    '/auth',
    'conflicting_field',
  ],
  [
    'a signature in Authorization beside auth',
    { auth: OAUTH2, signatures: [{ scheme: 'github', header: 'Authorization' }] },
    '/auth',
    'conflicting_field',
  ],
  [
    'a key of another certificate',
    { client_certificate: { ...CERTIFICATE, private_key: authority.issue(['b']).key } },
    '/client_certificate/private_key',
    'invalid_certificate',
  ],
  [
    'an authority that is none',
    { client_certificate: { ...CERTIFICATE, ca: 'x' } },
    '/client_certificate/ca',
    'invalid_certificate',
  ],
  [
    'a certificate for http',
    { client_certificate: CERTIFICATE, target_url: 'http://example.com/' },
    '/client_certificate',
    'https_required',
  ],
];

for (const [name, json, pointer, code] of refused) {
  test(`${name} is refused by naming ${pointer}`, async () => {
    const reply = await world.as('refused')(`POST ${PATH}`, { json: { ...LEAST, ...json } });
    assert.equal(reply.status, 422, reply.text);
    const errors = reply.json['errors'] as Record<string, string>[];
    assert.deepEqual(
      errors.map((error) => [error['pointer'], error['code']]),
      [[pointer, code]],
    );
    assert.ok(!reply.text.includes('the client secret') && !reply.text.includes(key));
  });
}

test('a token_url is held to the rules of targets', async () => {
  const auth = { ...OAUTH2, token_url: 'http://id.internal/token' };
  const call = world.as('token-url');
  const { path } = await created(call);
  for (const [route, json] of [
    [`POST ${PATH}`, { ...LEAST, auth }],
    [`PATCH ${path}`, { auth }],
  ] as const) {
    const reply = await call(route, { json });
    assert.deepEqual([reply.status, reply.json['code']], [422, 'target_not_allowed']);
    assert.equal((reply.json['errors'] as { pointer: string }[])[0]?.pointer, '/auth/token_url');
  }
});

test('what was there before is held against what comes', async () => {
  const call = world.as('before');
  const withAuth = await created(call, { auth: OAUTH2, client_certificate: CERTIFICATE });
  const withHeader = await created(call, { headers: { Authorization: 'Bearer x' } });
  for (const [path, json, pointer] of [
    [withAuth.path, { headers: { authorization: 'x' } }, '/headers'],
    [withAuth.path, { target_url: 'http://example.com/' }, '/client_certificate'],
    [withHeader.path, { auth: OAUTH2 }, '/auth'],
  ] as const) {
    const reply = await call(`PATCH ${path}`, { json });
    assert.equal(reply.status, 422, reply.text);
    assert.equal((reply.json['errors'] as { pointer: string }[])[0]?.pointer, pointer);
  }
  const both = { auth: OAUTH2, headers: {} };
  assert.equal((await call(`PATCH ${withHeader.path}`, { json: both })).status, 200);
});
