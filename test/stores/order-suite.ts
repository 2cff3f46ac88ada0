/** Ordered delivery over whatever store: run for each of them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StorageHarness } from '../../src/storage/contract/harness.ts';
import { expectStatus, SuiteWorld } from './suite-world.ts';

/** @param name how the store is called in the report. */
export function describeOrderSuite(name: string, harness: StorageHarness): void {
  describe(`order over ${name}`, () => {
    let opened: SuiteWorld | undefined;
    before(async () => {
      opened = await SuiteWorld.open(harness);
    });
    after(() => opened?.close());
    const world = (): SuiteWorld => {
      if (opened === undefined) throw new Error('the world is only open inside a test');
      return opened;
    };
    it('a retry holds up its key and no other', () => retryHoldsUp(world()));
    it('a pause and a crash keep the order, before live events', () => pauseAndCrash(world()));
  });
}

async function publish(world: SuiteWorld, event_type: string, keys: readonly string[]) {
  const ids: string[] = [];
  for (const ordering_key of keys) ids.push(await world.publish({ event_type, ordering_key }));
  return ids;
}

/** Ids in the order of their arrival at a path. */
function arrived(world: SuiteWorld, path: string): unknown[] {
  return world.receiver.requests
    .filter((request) => request.path === path)
    .map(({ headers }) => headers['webhook-id']);
}

async function retryHoldsUp(world: SuiteWorld): Promise<void> {
  const [path, event_type] = ['/retry', 'order.retry'];
  world.receiver.script(path, { status: 500 }, { status: 200 });
  await world.subscribe(path, { event_type, ordered: true, retry_schedule: [1] });
  const [first, ...later] = await publish(world, event_type, ['a', 'a', 'b', 'a', 'b']);
  assert.ok(first !== undefined);
  const [second, b1, third, b2] = later;
  const waits = await world.delivery(second ?? '', 'pending');
  assert.equal(waits['reason'], `waits for event ${first} of the same ordering key`);
  await world.delivery(third ?? '', 'delivered');
  const order = arrived(world, path);
  assert.deepEqual(
    order.filter((id) => id !== b1 && id !== b2),
    [first, first, second, third],
  );
  assert.deepEqual(
    order.filter((id) => id === b1 || id === b2),
    [b1, b2],
  );
  assert.ok(order.indexOf(b2) < order.indexOf(second), 'the other key did not wait');
}

async function pauseAndCrash(world: SuiteWorld): Promise<void> {
  const [path, event_type] = ['/pause', 'order.pause'];
  const subscription = await world.subscribe(path, {
    event_type,
    ordered: true,
    retry_schedule: [0.5, 0.5, 0.5, 0.5],
  });
  const act = async (action: string) =>
    expectStatus(
      await world.call(`POST /v1/webhooks/subscriptions/${subscription}/${action}`),
      200,
    );
  world.receiver.script(path, { status: 500 }, { status: 500 }, { status: 200 });
  const ids = await publish(world, event_type, ['a', 'a', 'a']);
  await world.delivery(ids[0] ?? '', 'waiting');
  await act('pause');
  ids.push(...(await publish(world, event_type, ['a', 'a'])));
  for (const id of ids) await world.delivery(id, 'held');
  await act('resume');
  await world.crash();
  ids.push(...(await publish(world, event_type, ['a', 'a'])));
  for (const id of ids) await world.delivery(id, 'delivered');
  // A try that was cut off by the crash comes again; none comes before its turn.
  const order = arrived(world, path).filter((id, index, all) => id !== all[index - 1]);
  assert.deepEqual(order, ids);
}
