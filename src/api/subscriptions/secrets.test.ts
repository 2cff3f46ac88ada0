import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MAX_LIVE_SECRETS } from '../../domain/limits.ts';
import { parseRecordId } from '../../domain/ids.ts';
import { MAX_SIGNATURES_PER_HEADER } from '../../protocol/schemes/standard.ts';
import { STANDARD_VECTORS } from '../../protocol/schemes/standard.vectors.ts';
import { generateSigningKeyPair } from '../../protocol/secrets.ts';
import { StorageError } from '../../storage/storage.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const PATH = '/v1/webhooks/subscriptions';
const LEAST = { event_type: 'task.completed', target_url: 'https://example.com/hook' };
const PAIR = generateSigningKeyPair(Buffer.alloc(32, 4));

async function created(call: Call, wish: object = {}) {
  const reply = await call(`POST ${PATH}`, { json: { ...LEAST, ...wish } });
  assert.equal(reply.status, 201, reply.text);
  const path = `${PATH}/${String(reply.json['id'])}`;
  const rotate = (json: object = {}) => call(`POST ${path}/rotate-secret`, { json });
  return { ...reply.json, path, rotate, json: reply.json, secret: String(reply.json['secret']) };
}

/** What signs, as `text@seconds from now`; newest first. */
function live(path: string, now: number): string[] {
  const { number = 0 } = parseRecordId('sub', path.slice(PATH.length + 1)) ?? {};
  const { secrets = [] } = world.registry.byNumber(number) ?? {};
  return secrets.map(({ text, expiresAt }) => {
    const name = text.startsWith('whsk_') ? 'pair' : text;
    return expiresAt === null ? name : `${name}@${Math.round((expiresAt - now) / 1000)}`;
  });
}

test('a rotation shows the new secret once, and the old one has a day left', async () => {
  const call = world.as('rotate');
  const { path, secret } = await created(call);
  const reply = await call(`POST ${path}/rotate-secret`);
  assert.equal(reply.status, 200, reply.text);
  const { secret: next, ...shown } = reply.json;
  assert.match(String(next), /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(next, secret);
  assert.deepEqual(live(path, world.deps.clock.now()), [next, `${secret}@86400`]);
  const read = await call(`GET ${path}`);
  assert.deepEqual(read.json, shown);
  assert.ok(![secret, String(next)].some((text) => read.text.includes(text)));
  const end = Date.parse(String(read.json['previous_secrets_expire_at']));
  assert.ok(Math.abs(end - world.deps.clock.now() - 86_400_000) < 5_000);
});

test('the caller may bring the secret and the overlap', async () => {
  const { path, rotate, secret } = await created(world.as('bring'));
  const mine = 'a secret that I have chosen';
  const reply = await rotate({ secret: mine, overlap_seconds: 60 });
  assert.equal(reply.json['secret'], mine);
  assert.deepEqual(live(path, world.deps.clock.now()), [mine, `${secret}@60`]);
  await rotate({ secret: 'and another one of mine', overlap_seconds: 0 });
  assert.deepEqual(live(path, world.deps.clock.now()), ['and another one of mine']);
});

test('what has ended is gone from memory and store with the next change', async () => {
  const call = world.as('ended');
  const { path, rotate, secret } = await created(call);
  const { json } = await rotate({ overlap_seconds: 10 });
  world.passTime(10_000);
  const changed = await call(`PATCH ${path}`, { json: { name: 'renamed' } });
  assert.equal(changed.json['previous_secrets_expire_at'], null);
  assert.deepEqual(live(path, 0), [json['secret']]);
  assert.ok(!live(path, 0).includes(secret));
});

test('more live secrets than fit into a header are refused, until one has ended', async () => {
  assert.equal(MAX_LIVE_SECRETS, MAX_SIGNATURES_PER_HEADER);
  for (const signing of ['hmac', 'ed25519']) {
    const { path, rotate } = await created(world.as(`many-${signing}`), { signing });
    for (let count = 1; count < MAX_LIVE_SECRETS; count += 1) {
      assert.equal((await rotate({ overlap_seconds: 100 + count })).status, 200);
    }
    const former = live(path, world.deps.clock.now());
    const refused = await rotate();
    assert.deepEqual([refused.status, refused.json['code']], [409, 'too_many_secrets']);
    assert.deepEqual(live(path, world.deps.clock.now()), former, 'nothing has changed');
    world.passTime(101_500);
    assert.equal((await rotate()).status, 200);
    assert.equal((await rotate({ overlap_seconds: 0 })).json['previous_secrets_expire_at'], null);
  }
});

test('ed25519: a new pair, the public keys of the former ones stay readable', async () => {
  const call = world.as('pairs');
  const { path, rotate, json } = await created(call, { signing: 'ed25519' });
  const first = json['public_key'];
  const second = (await rotate()).json['public_key'];
  const { json: third } = await rotate({ secret: PAIR.secret });
  assert.equal(third['public_key'], PAIR.publicKey);
  assert.match(String(third['secret']), /^whsec_/, 'the shared one, for x-agent-signature');
  const read = await call(`GET ${path}`);
  assert.deepEqual(read.json['previous_public_keys'], [second, first]);
  assert.ok(!read.text.includes('whsk_'));
  const { json: fourth } = await rotate({ secret: 'a shared secret of mine' });
  assert.equal(fourth['secret'], 'a shared secret of mine');
  assert.equal(fourth['signing'], 'ed25519');
  assert.notEqual(fourth['public_key'], PAIR.publicKey);
});

test('a rotation may change the kind, both ways', async () => {
  const { path, rotate, secret } = await created(world.as('kinds'));
  const { json: toPair } = await rotate({ secret: PAIR.secret });
  assert.deepEqual(
    [toPair['signing'], toPair['public_key'], toPair['previous_public_keys']],
    ['ed25519', PAIR.publicKey, []],
  );
  const now = world.deps.clock.now();
  assert.deepEqual(live(path, now), ['pair', toPair['secret'], `${secret}@86400`]);
  const { json: back } = await rotate({ signing: 'hmac' });
  assert.deepEqual(
    [back['signing'], back['public_key'], back['previous_public_keys']],
    ['hmac', null, [PAIR.publicKey]],
  );
});

test('a key pair of the caller makes an ed25519 subscription', async () => {
  const [vector] = STANDARD_VECTORS.filter(({ privateKey }) => privateKey !== undefined);
  const { json } = await created(world.as('own-pair'), { secret: vector?.privateKey });
  assert.equal(json['signing'], 'ed25519');
  assert.equal(json['public_key'], vector?.secret);
  assert.match(String(json['secret']), /^whsec_/);
});

const HALVES = Buffer.concat([Buffer.alloc(32, 4), Buffer.alloc(32, 5)]);
const mixed = `whsk_${HALVES.toString('base64')}`;

const refused: readonly (readonly [string, object, pointer: string, code: string])[] = [
  ['a negative overlap', { overlap_seconds: -1 }, '/overlap_seconds', 'too_small'],
  ['more than a week', { overlap_seconds: 604_801 }, '/overlap_seconds', 'too_big'],
  ['half a second', { overlap_seconds: 0.5 }, '/overlap_seconds', 'invalid_type'],
  ['a short secret', { secret: 'short' }, '/secret', 'invalid_secret'],
  ['a public key', { secret: PAIR.publicKey }, '/secret', 'invalid_secret'],
  ['halves of two pairs', { secret: mixed }, '/secret', 'invalid_secret'],
  ['a pair for hmac', { secret: PAIR.secret, signing: 'hmac' }, '/signing', 'conflicting_field'],
  ['an unknown field', { grace: 1 }, '/grace', 'unknown_field'],
];

for (const [name, json, pointer, code] of refused) {
  test(`a rotation with ${name} is refused and changes nothing`, async () => {
    const { path, rotate, secret } = await created(world.as('refused'));
    const reply = await rotate(json);
    assert.equal(reply.status, 422, reply.text);
    const [error] = reply.json['errors'] as Record<string, string>[];
    assert.deepEqual([error?.['pointer'], error?.['code']], [pointer, code]);
    assert.ok(!reply.text.includes(mixed) && !reply.text.includes(PAIR.secret));
    assert.deepEqual(live(path, 0), [secret]);
  });
}

test('a secret that signs already is no new one', async () => {
  const { rotate } = await created(world.as('same'), { secret: 'the first secret of mine' });
  await rotate({ secret: 'the second secret of mine' });
  for (const secret of ['the first secret of mine', 'the second secret of mine']) {
    const reply = await rotate({ secret });
    assert.equal(reply.status, 422);
    const [error] = reply.json['errors'] as Record<string, string>[];
    assert.equal(error?.['code'], 'secret_in_use');
    assert.ok(!reply.text.includes(secret));
  }
});

test('a rotation that the store refuses leaves the old secret signing alone', async () => {
  const { path, rotate, secret } = await created(world.as('store'));
  const { control } = world.storage;
  const update = control.updateSubscription.bind(control);
  control.updateSubscription = () => Promise.reject(new StorageError('full', 'no space'));
  try {
    assert.equal((await rotate()).status, 503);
  } finally {
    control.updateSubscription = update;
  }
  assert.deepEqual(live(path, 0), [secret]);
});

test('a change that comes while a rotation is being stored loses nothing of it', async () => {
  const call = world.as('both');
  const { path, rotate, secret } = await created(call);
  const { control } = world.storage;
  const update = control.updateSubscription.bind(control);
  const gate = Promise.withResolvers<void>();
  const storing = Promise.withResolvers<void>();
  control.updateSubscription = async (record, builtOn) => {
    control.updateSubscription = update;
    storing.resolve();
    await gate.promise;
    return update(record, builtOn);
  };
  const rotation = rotate();
  await storing.promise;
  const change = call(`PATCH ${path}`, { json: { name: 'renamed' } });
  // The change has been read and waits for its turn once this later request is answered.
  await call(`GET ${path}`);
  gate.resolve();
  const { json } = await rotation;
  assert.equal((await change).json['name'], 'renamed');
  assert.deepEqual(live(path, world.deps.clock.now()), [json['secret'], `${secret}@86400`]);
});

test('an API may keep the flavour of its signatures', async () => {
  const call = world.as('flavours');
  const signatures = [
    'standard',
    { scheme: 'stripe', header: 'Acme-Signature' },
    { scheme: 'github', header: 'X-Acme-Signature-256' },
  ];
  const { path, json } = await created(call, { signatures });
  assert.deepEqual(json['signatures'], signatures);
  assert.deepEqual((await call(`GET ${path}`)).json['signatures'], signatures);
});

const stripe = (header: unknown) => ({ scheme: 'stripe', header });
const github = (header: unknown) => ({ scheme: 'github', header });

const badLists: readonly (readonly [string, object, pointer: string])[] = [
  ['a reserved header', { signatures: [stripe('Webhook-Signature')] }, '/signatures'],
  ['a header that frames', { signatures: [stripe('content-length')] }, '/signatures'],
  ['the sister of ours', { signatures: [github('X-Agent-Signature-2')] }, '/signatures'],
  ['a header with a line break', { signatures: [stripe('A\r\nB')] }, '/signatures'],
  ['no header', { signatures: [{ scheme: 'stripe' }] }, '/signatures/0'],
  ['an unknown flavour', { signatures: [{ scheme: 'acme', header: 'A' }] }, '/signatures/0'],
  ['one header twice', { signatures: [stripe('X-Sig'), github('x-sig')] }, '/signatures'],
  ['a sister that is taken', { signatures: [github('X-Sig'), stripe('x-sig-2')] }, '/signatures'],
  ['a scheme twice', { signatures: ['agent', 'agent'] }, '/signatures'],
  [
    'a custom header of that name',
    { signatures: [stripe('X-Sig')], headers: { 'x-SIG': 'v' } },
    '/signatures',
  ],
  ['too many', { signatures: ['A', 'B', 'C', 'D', 'E', 'F'].map(stripe) }, '/signatures'],
];

for (const [name, json, pointer] of badLists) {
  test(`signatures with ${name} are refused by naming ${pointer}`, async () => {
    const reply = await world.as('bad-lists')(`POST ${PATH}`, { json: { ...LEAST, ...json } });
    assert.equal(reply.status, 422, reply.text);
    const errors = reply.json['errors'] as Record<string, string>[];
    assert.ok(
      errors.every((error) => error['pointer']?.startsWith(pointer)),
      reply.text,
    );
  });
}

test('a header can not come to clash with a signature later', async () => {
  const call = world.as('later');
  const { path } = await created(call, { signatures: [stripe('X-Sig')] });
  const reply = await call(`PATCH ${path}`, { json: { headers: { 'x-sig': 'v' } } });
  assert.equal(reply.status, 422);
  const [error] = reply.json['errors'] as Record<string, string>[];
  assert.deepEqual([error?.['pointer'], error?.['code']], ['/headers', 'conflicting_field']);
});
