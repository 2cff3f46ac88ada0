/** Master keys that change or are lost, secrets that end: what memory and store hold by then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMasterKeys, SecretBoxError, sealedWith } from '../domain/secret-box.ts';
import { liveSecrets } from '../domain/source.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT } from '../testing/simulated-world.ts';
import {
  NEW_KEY,
  OLD_KEY,
  restartedSources,
  sourceSettings,
  sourceWorld,
} from '../testing/source-world.ts';
import { SecretUpkeep } from './secret-upkeep.ts';

const NONE = { outdated: [], withEndedSecrets: () => [], reseal: () => Promise.reject() } as const;

function upkeepOf({ registry, clock }: Pick<ReturnType<typeof sourceWorld>, 'registry' | 'clock'>) {
  const resealed: number[] = [];
  const upkeep = new SecretUpkeep({
    registry: NONE,
    sources: registry,
    clock,
    onResealed: (count) => resealed.push(count),
    onError: (error) => assert.fail(String(error)),
  });
  return { upkeep, resealed };
}

test('rows sealed with an older key are sealed anew, and the old key can go', async () => {
  const first = sourceWorld();
  const sources = [await first.create(), await first.create(['a', 'b'])];
  const second = await restartedSources(first.data, { masterKeys: `${NEW_KEY},${OLD_KEY}` });
  assert.deepEqual(second.registry.outdated, [1, 2]);
  const { upkeep, resealed } = upkeepOf(second);
  await upkeep.renew();
  assert.deepEqual([resealed, second.registry.outdated], [[2], []]);
  await upkeep.renew();
  assert.deepEqual(resealed, [2]);
  const [{ id }] = parseMasterKeys(NEW_KEY);
  for (const row of first.data.control.sources.values()) {
    assert.equal(sealedWith(row.sealedSecrets), id);
  }
  const third = await restartedSources(first.data, { masterKeys: NEW_KEY });
  assert.deepEqual(third.registry.list(1), sources);
});

test('with a key that opens none of them the start is refused', async () => {
  const { data, create } = sourceWorld();
  await create();
  await assert.rejects(restartedSources(data, { masterKeys: NEW_KEY }), (error) => {
    return error instanceof SecretBoxError && error.reason === 'unknown_key';
  });
});

test('a locked source is found by its token, and works again with its key', async () => {
  const { data, create, registry } = sourceWorld();
  const { number, token } = await create();
  const options = { masterKeys: NEW_KEY, whenAllAreLost: 'disable' } as const;
  const locked = await restartedSources(data, options);
  const found = locked.registry.byToken(token);
  assert.deepEqual([found?.number, found?.token, found?.secrets], [number, '', []]);
  assert.match(found?.lockedReason ?? '', /master key/);
  assert.equal(locked.locked.length, 1);
  assert.deepEqual(locked.registry.outdated, [], 'nothing can be sealed anew');
  assert.equal(locked.registry.byToken('another'), undefined);
  // What it is called may change; what is sealed stays.
  await locked.registry.change(number, { settings: sourceSettings({ name: 'x' }), secrets: ['y'] });
  assert.deepEqual(locked.registry.byToken(token)?.secrets, []);
  assert.deepEqual(locked.registry.outdated, []);
  const { registry: later } = await restartedSources(data);
  assert.deepEqual(
    [later.byToken(token)?.secrets, later.byToken(token)?.name],
    [registry.byToken(token)?.secrets, 'x'],
  );
});

test('a locked source works again after another URL and another secret', async () => {
  const { data, create } = sourceWorld();
  const { number, token } = await create();
  const options = { masterKeys: NEW_KEY, whenAllAreLost: 'disable', seed: 2 } as const;
  const { registry } = await restartedSources(data, options);
  const renewed = await registry.change(number, { renewToken: true, secrets: ['new'] });
  assert.deepEqual([renewed?.lockedReason, renewed?.secrets], [null, ['new']]);
  assert.equal(registry.byToken(token), undefined);
  const { registry: later, locked } = await restartedSources(data, { masterKeys: NEW_KEY });
  assert.deepEqual(later.byToken(renewed?.token ?? ''), renewed);
  assert.deepEqual(locked, []);
});

test('a secret copied into the row of another tenant does not open', async () => {
  const { data, create } = sourceWorld();
  const mine = await create();
  const theirs = await create(['theirs'], 2);
  const stolen = data.control.sources.get(mine.number)?.sealedSecrets ?? assert.fail();
  const row = data.control.sources.get(theirs.number) ?? assert.fail();
  data.control.sources.set(theirs.number, { ...row, sealedSecrets: stolen });
  const { registry } = await restartedSources(data);
  assert.deepEqual(registry.byNumber(mine.number), mine);
  assert.notEqual(registry.byNumber(theirs.number)?.lockedReason, null);
});

test('a secret that has ended verifies no more, and leaves memory and store', async () => {
  const clock = new SimulatedClock(START_AT);
  const world = sourceWorld({ clock });
  const { number } = await world.create(['new', 'old', 'older']);
  const secretEnds = [null, START_AT + 100, START_AT + 500];
  await world.registry.change(number, { settings: sourceSettings({ secretEnds }) });
  const { upkeep } = upkeepOf(world);
  const texts = () => {
    const source = world.registry.byNumber(number) ?? assert.fail();
    return liveSecrets(source, clock.now()).map(({ text }) => text);
  };
  assert.deepEqual(texts(), ['new', 'old', 'older']);
  await upkeep.renew();
  await clock.advance(100);
  assert.deepEqual(texts(), ['new', 'older']);
  assert.deepEqual(world.registry.byNumber(number)?.secrets, ['new', 'old', 'older']);
  await upkeep.renew();
  for (const { registry } of [world, await restartedSources(world.data)]) {
    const source = registry.byNumber(number);
    assert.deepEqual(source?.secrets, ['new', 'older']);
    assert.deepEqual(source.secretEnds, [null, START_AT + 500]);
  }
  assert.deepEqual(world.registry.withEndedSecrets(clock.now()), []);
});
