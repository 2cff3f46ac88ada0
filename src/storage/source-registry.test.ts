import assert from 'node:assert/strict';
import { test } from 'node:test';
import { START_AT } from '../testing/simulated-world.ts';
import { restartedSources, sourceSettings, sourceWorld } from '../testing/source-world.ts';
import { StorageError } from './storage.ts';

const SECRET = 'a secret that nobody may read';

test('a new source is active, and found by its token, number, id and tenant', async () => {
  const { registry, create, heard } = sourceWorld();
  const source = await create();
  assert.match(source.id, /^src_/);
  assert.match(source.token, /^[\w-]{32}$/);
  assert.deepEqual([source.status, source.lockedReason], ['active', null]);
  assert.equal(registry.byToken(source.token), source);
  assert.equal(registry.byNumber(source.number), source);
  assert.equal(registry.find(1, source.id), source);
  assert.equal(registry.find(2, source.id), undefined);
  assert.equal(registry.numberOf(source.id), source.number);
  assert.equal(registry.numberOf(`${source.id.slice(0, -1)}z`), undefined);
  assert.deepEqual(registry.list(1), [source]);
  assert.deepEqual([registry.count(1), registry.count(2)], [1, 0]);
  assert.equal(registry.byToken(''), undefined);
  assert.equal(registry.byToken(source.token.toUpperCase()), undefined);
  assert.deepEqual(heard, ['created 1']);
});

test('no two sources have a token in common', async () => {
  const { create } = sourceWorld();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => create()));
  assert.equal(new Set(tokens.map(({ token }) => token)).size, 50);
});

test('a restart finds everything as it was, and the store holds no secret text', async () => {
  const { data, registry, create } = sourceWorld();
  const { number } = await create([SECRET, 'another']);
  const settings = sourceSettings({
    provider: 'custom',
    name: 'ours',
    config: { scheme: { kind: 'hmac' } },
    ipAllowlist: ['192.0.2.0/24'],
    dedupe: { from: 'header', name: 'x-id' },
    reply: { status: 200, contentType: 'text/plain', body: 'ok' },
    rateLimit: 5,
    fields: ['/a'],
    maxBodyBytes: 100,
    secretEnds: [null, START_AT + 1],
  });
  const source = await registry.change(number, { settings, status: 'paused' });
  const row = data.control.sources.get(number) ?? assert.fail();
  const rest = JSON.stringify({ ...row, sealedSecrets: Buffer.from(row.sealedSecrets).toString() });
  assert.equal(rest.includes(SECRET) || rest.includes(source?.token ?? ''), false);
  const later = await restartedSources(data);
  assert.deepEqual(later.registry.byNumber(number), source);
  assert.deepEqual(later.registry.byToken(source?.token ?? ''), source);
  assert.deepEqual(later.locked, []);
});

test('a change is a new object, and replaces what the store holds', async () => {
  const { data, clock, registry, create, heard } = sourceWorld();
  const before = await create();
  await clock.advance(60);
  const settings = sourceSettings({ name: 'renamed' });
  const after = await registry.change(before.number, { settings, status: 'paused' });
  assert.notEqual(after, before);
  assert.equal(registry.byToken(before.token), after);
  assert.deepEqual(
    [after?.name, after?.status, after?.updatedAt, after?.createdAt, after?.secrets],
    ['renamed', 'paused', START_AT + 60, START_AT, ['first']],
  );
  const { registry: later } = await restartedSources(data);
  assert.deepEqual(later.byNumber(before.number), after);
  assert.deepEqual(heard, ['created 1', 'paused']);
});

test('two changes in a row build on each other', async () => {
  const { registry, create } = sourceWorld();
  const { number } = await create(['first']);
  await Promise.all([
    registry.change(number, ({ secrets }) => ({ secrets: ['second', ...secrets] })),
    registry.change(number, ({ secrets }) => ({ secrets: ['third', ...secrets] })),
  ]);
  assert.deepEqual(registry.byNumber(number)?.secrets, ['third', 'second', 'first']);
});

test('a renewed token opens the door, and the one before it does not', async () => {
  const { data, registry, create } = sourceWorld();
  const { number, token } = await create();
  const renewed = await registry.change(number, { renewToken: true });
  assert.ok(renewed !== undefined && renewed.token !== token);
  for (const known of [registry, (await restartedSources(data)).registry]) {
    assert.equal(known.byToken(token), undefined);
    assert.deepEqual(known.byToken(renewed.token), renewed);
  }
});

test('a removed source is gone, its id is still known, and no secret stays behind', async () => {
  const { data, registry, create, heard } = sourceWorld();
  const kept = await create();
  const { number, id, token } = await create();
  const before = data.control.sources.get(number)?.sealedSecrets.length ?? 0;
  await registry.remove(number);
  await registry.remove(99);
  const row = data.control.sources.get(number) ?? assert.fail();
  assert.ok(row.sealedSecrets.length < before);
  assert.equal(row.tokenHash, '');
  for (const known of [registry, (await restartedSources(data)).registry]) {
    assert.equal(known.byToken(token), undefined);
    assert.equal(known.byNumber(number), undefined);
    assert.equal(known.find(1, id), undefined);
    assert.deepEqual(known.list(1), [kept]);
    assert.deepEqual([known.idOf(number), known.numberOf(id)], [id, number]);
  }
  assert.deepEqual(heard.slice(2), [`deleted ${number}`]);
  assert.notEqual((await create()).number, number);
  assert.equal(await registry.change(number, { status: 'paused' }), undefined);
});

test('what could not be stored is as it was before, and the store agrees in the end', async () => {
  const { data, clock, registry, create, fates } = sourceWorld();
  const source = await create();
  for (const fault of ['before', 'after'] as const) {
    fates.push({ fault });
    await assert.rejects(registry.change(source.number, { status: 'paused' }), StorageError);
    assert.equal(registry.byNumber(source.number), source);
    await clock.advance(2_000);
    assert.equal(data.control.sources.get(source.number)?.status, 'active');
  }
  fates.push({ fault: 'after' });
  await assert.rejects(create(), StorageError);
  await clock.advance(2_000);
  assert.equal(registry.count(1), 1);
  assert.equal((await restartedSources(data)).registry.count(1), 1);
  fates.push({ fault: 'after' });
  await assert.rejects(registry.remove(source.number), StorageError);
  assert.equal(registry.byToken(source.token), source);
});
