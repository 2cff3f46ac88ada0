import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveSecret } from '../domain/subscription.ts';
import { parseMasterKeys } from '../domain/secret-box.ts';
import { faultyControl, type ControlFate } from '../testing/faulty-control.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import { START_AT } from './contract/factories.ts';
import { createMemoryStorage, MemoryData } from './memory/store.ts';
import { SubscriptionRegistry } from './subscription-registry.ts';

/** Two nodes over one store; each hears of the other's writes when the test says so. */
async function twoNodes() {
  const data = new MemoryData();
  const clock = new SimulatedClock(START_AT);
  const node = (seed: number) => {
    const { control } = createMemoryStorage(data);
    const fates: ControlFate[] = [];
    const registry = new SubscriptionRegistry({
      control: faultyControl(control, () => fates.shift() ?? {}),
      masterKeys: parseMasterKeys(Buffer.alloc(32, 1).toString('base64')),
      clock,
      random: new SeededRandom(seed),
    });
    const heard: string[] = [];
    registry.listen({
      created: ({ number }) => heard.push(`created ${number}`),
      changed: ({ status }) => heard.push(status),
      deleted: ({ number }) => heard.push(`deleted ${number}`),
    });
    return { registry, heard, fates };
  };
  const [a, b] = [node(1), node(2)];
  const secrets = [liveSecret('a secret of sixteen bytes')];
  const { number } = await a.registry.create({ tenant: 1, settings: webhookSettings(), secrets });
  await b.registry.refresh([number]);
  a.heard.length = 0;
  b.heard.length = 0;
  return { data, clock, a, b, number };
}

test('what another node created, changed and deleted is taken over once', async () => {
  const { a, b, number } = await twoNodes();
  assert.deepEqual(b.registry.byNumber(number), a.registry.byNumber(number));
  await a.registry.change(number, { status: 'paused' });
  assert.deepEqual(await b.registry.refresh([number]), []);
  assert.deepEqual(await b.registry.refresh([number]), []);
  await a.registry.change(number, { status: 'active' });
  assert.deepEqual(await b.registry.refresh([number]), [number], 'it has woken');
  assert.deepEqual(await a.registry.refresh([number]), [], 'what we wrote is no news');
  await a.registry.delete(number);
  await b.registry.refresh([number]);
  await b.registry.refresh([number]);
  assert.deepEqual(b.heard, ['paused', 'active', `deleted ${number}`]);
  assert.equal(b.registry.byNumber(number), undefined);
  assert.equal(b.registry.idOf(number), a.registry.idOf(number));
});

test('a change that meets a newer row is made again, of that row', async () => {
  const { a, b, number } = await twoNodes();
  await a.registry.change(number, { failingSince: START_AT });
  const changed = await b.registry.change(number, { status: 'paused' });
  assert.deepEqual([changed?.status, changed?.failingSince], ['paused', START_AT]);
  await a.registry.refresh([number]);
  assert.deepEqual(a.registry.byNumber(number), changed);
});

test('a change of what another node has deleted finds nothing', async () => {
  const { a, b, number } = await twoNodes();
  await a.registry.delete(number);
  assert.equal(await b.registry.change(number, { status: 'paused' }), undefined);
  assert.deepEqual(b.heard, [`deleted ${number}`]);
});

test('a row that is gone for good is forgotten', async () => {
  const { data, b, number } = await twoNodes();
  data.control.subscriptions.delete(number);
  assert.equal(await b.registry.change(number, { status: 'paused' }), undefined);
  assert.equal(b.registry.byNumber(number), undefined);
});

test('a write in doubt does not undo what another node has made of it', async () => {
  const { clock, a, b, number } = await twoNodes();
  a.fates.push({ fault: 'after' });
  await assert.rejects(a.registry.change(number, { status: 'paused' }));
  // Stored all the same, and seen by the other one, who goes on from there.
  await b.registry.refresh([number]);
  await b.registry.change(number, { failingSince: START_AT });
  await clock.advance(2_000);
  const now = b.registry.byNumber(number);
  assert.deepEqual([now?.status, now?.failingSince], ['paused', START_AT]);
  assert.deepEqual(a.registry.byNumber(number), now);
});

test('a write in doubt that nobody has seen is undone, and the other node follows', async () => {
  const { clock, a, b, number } = await twoNodes();
  a.fates.push({ fault: 'after' });
  await assert.rejects(a.registry.change(number, { status: 'paused' }));
  await clock.advance(2_000);
  await b.registry.refresh([number]);
  assert.equal(a.registry.byNumber(number)?.status, 'active');
  assert.deepEqual(b.registry.byNumber(number), a.registry.byNumber(number));
});

test('one row that does not open is disabled here, and the others are taken over', async () => {
  const { data, a, b, number } = await twoNodes();
  const secrets = [liveSecret('a secret of sixteen bytes')];
  const other = await a.registry.create({ tenant: 1, settings: webhookSettings(), secrets });
  const row = data.control.subscriptions.get(number) ?? assert.fail();
  const broken = { ...row, sealedSecrets: new Uint8Array(60), updatedAt: row.updatedAt + 1 };
  data.control.subscriptions.set(number, broken);
  await b.registry.refresh([number, other.number]);
  assert.deepEqual(b.registry.byNumber(other.number), other);
  assert.match(b.registry.byNumber(number)?.disabledReason ?? '', /^secret_unavailable/);
  // Whoever has the key goes on with it.
  assert.equal(data.control.subscriptions.get(number)?.status, 'active');
});
