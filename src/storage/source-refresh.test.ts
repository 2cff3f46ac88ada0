import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT } from '../testing/simulated-world.ts';
import { sourceWorld } from '../testing/source-world.ts';
import { MemoryData } from './memory/store.ts';

/** Two nodes over one store; each hears of the other's writes when the test says so. */
async function twoNodes() {
  const shared = { data: new MemoryData(), clock: new SimulatedClock(START_AT) };
  const [a, b] = [sourceWorld({ ...shared, seed: 1 }), sourceWorld({ ...shared, seed: 2 })];
  const { number, token } = await a.create();
  await b.registry.refresh([number]);
  a.heard.length = 0;
  b.heard.length = 0;
  return { ...shared, a, b, number, token };
}

test('what another node created, changed and removed is taken over once', async () => {
  const { a, b, number, token } = await twoNodes();
  assert.deepEqual(b.registry.byToken(token), a.registry.byToken(token));
  await a.registry.change(number, { status: 'paused' });
  for (let n = 0; n < 2; n += 1) await b.registry.refresh([number]);
  await a.registry.refresh([number]);
  assert.deepEqual(a.heard, ['paused'], 'what we wrote is no news');
  await a.registry.remove(number);
  for (let n = 0; n < 2; n += 1) await b.registry.refresh([number]);
  assert.deepEqual(b.heard, ['paused', `deleted ${number}`]);
  assert.equal(b.registry.byToken(token), undefined);
  assert.equal(b.registry.idOf(number), a.registry.idOf(number));
});

test('a change that meets a newer row is made again, of that row', async () => {
  const { a, b, number, token } = await twoNodes();
  await a.registry.change(number, { renewToken: true, secrets: ['second'] });
  const changed = await b.registry.change(number, { status: 'paused' });
  assert.deepEqual([changed?.status, changed?.secrets], ['paused', ['second']]);
  assert.equal(b.registry.byToken(token), undefined);
  await a.registry.refresh([number]);
  assert.deepEqual(a.registry.byNumber(number), changed);
});

test('a change of what another node has removed finds nothing', async () => {
  const { a, b, number } = await twoNodes();
  await a.registry.remove(number);
  assert.equal(await b.registry.change(number, { status: 'paused' }), undefined);
  assert.deepEqual(b.heard, [`deleted ${number}`]);
});

test('a row that is gone for good is forgotten', async () => {
  const { data, b, number, token } = await twoNodes();
  data.control.sources.delete(number);
  await b.registry.refresh([number]);
  assert.equal(b.registry.byToken(token), undefined);
  assert.deepEqual(b.heard, [`deleted ${number}`]);
});

test('a write in doubt does not undo what another node has made of it', async () => {
  const { clock, a, b, number } = await twoNodes();
  a.fates.push({ fault: 'after' });
  await assert.rejects(a.registry.change(number, { status: 'paused' }));
  await b.registry.refresh([number]);
  await b.registry.change(number, { secrets: ['second'] });
  await clock.advance(2_000);
  const now = b.registry.byNumber(number);
  assert.deepEqual([now?.status, now?.secrets], ['paused', ['second']]);
  assert.deepEqual(a.registry.byNumber(number), now);
});

test('one row that does not open is locked here, and the others are taken over', async () => {
  const { data, a, b, number, token } = await twoNodes();
  const other = await a.create();
  const row = data.control.sources.get(number) ?? assert.fail();
  const broken = { ...row, sealedSecrets: new Uint8Array(60), updatedAt: row.updatedAt + 1 };
  data.control.sources.set(number, broken);
  await b.registry.refresh([number, other.number]);
  assert.deepEqual(b.registry.byNumber(other.number), other);
  assert.match(b.registry.byToken(token)?.lockedReason ?? '', /^secret_unavailable/);
});
