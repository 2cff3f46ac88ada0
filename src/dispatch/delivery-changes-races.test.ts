/** Changes of a delivery at the very moment at which it comes, falls due, ends, or is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryView } from '../storage/journal.ts';
import type { JournalFates } from '../testing/faulty-journal.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';

/** More microtasks than a commit takes from its beginning to its announcement. */
const MICROTASKS = 40;

function viewOf(world: SimulatedWorld, sequence: number): DeliveryView {
  return {
    sequence,
    subscription: 1,
    createdAt: world.clock.now(),
    customId: null,
    status: 'pending',
    attempts: 0,
    orderingKey: null,
    nextAttemptAt: null,
    reason: null,
  };
}

async function microtasks(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await Promise.resolve();
}

/** Does something that many microtasks after the next commit has begun. */
function duringCommit(count: number, act: () => void): JournalFates {
  let isFirst = true;
  return (operation) => {
    if (operation === 'commit' && isFirst) {
      isFirst = false;
      microtasks(count).then(act, () => undefined);
    }
    return {};
  };
}

test('a change that fails while its delivery comes in leaves it on its way', async () => {
  for (let count = 0; count < MICROTASKS; count += 1) {
    const world = await SimulatedWorld.create();
    await world.subscribe();
    const asked: Promise<PromiseSettledResult<unknown>[]>[] = [];
    const during = duringCommit(count, () => {
      asked.push(Promise.allSettled([world.dispatcher.cancel(viewOf(world, 1))]));
    });
    world.fates = (operation, batch) =>
      operation === 'read' ? { fault: 'before' } : during(operation, batch);
    await world.publish();
    await world.advance(1_000);
    const [answer] = (await asked[0]) ?? [];
    const { status } = await world.view(1);
    const isRight = status === (answer?.status === 'fulfilled' ? 'cancelled' : 'delivered');
    assert.ok(isRight, `${count} microtasks: ${answer?.status}, and it is ${status}`);
  }
});

test('a delivery that is cancelled while it comes in is cancelled or delivered', async () => {
  for (let count = 0; count < MICROTASKS; count += 1) {
    const world = await SimulatedWorld.create();
    await world.subscribe();
    world.network.react = () => ({ status: 200, delayMs: 10 });
    const asked: Promise<PromiseSettledResult<unknown>[]>[] = [];
    world.fates = duringCommit(count, () => {
      asked.push(Promise.allSettled([world.dispatcher.cancel(viewOf(world, 1))]));
    });
    await world.publish();
    await world.publish();
    await world.advance(1_000);
    const [answer] = (await asked[0]) ?? [];
    const { status } = await world.view(1);
    assert.equal(status, answer?.status === 'fulfilled' ? 'cancelled' : 'delivered', `${count}`);
    await world.advance(2_000);
    await world.publishMany(2);
    await world.advance(2_000);
    assert.ok(world.data.journal.state.lowWaterMark >= 2, `${count}: the mark does not move`);
  }
});

test('a delivery that is cancelled while recovery reads it is not attempted', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ retryScheduleSeconds: [] });
  world.network.react = () => 'hang';
  await world.publishMany(3);
  world.network.react = () => ({ status: 200 });
  world.network.attempts.length = 0;
  // It has been read, and the answer is on its way.
  world.fates = (operation) => (operation === 'unsettled' ? { afterMs: 100 } : {});
  await world.crash();
  await world.answer(world.dispatcher.cancel(await world.view(2)));
  await world.advance(1_000);
  assert.equal((await world.view(2)).status, 'cancelled');
  assert.deepEqual(
    world.network.attempts.map(({ job }) => job.sequence),
    [1, 3],
  );
});

test('a delivery that is cancelled while a query reads it as due is not attempted', async () => {
  const world = await SimulatedWorld.create({ unit: 0.5 });
  await world.subscribe({ retryScheduleSeconds: [10] });
  world.network.react = () => ({ status: 500 });
  await world.publish();
  await world.advance(9_999);
  world.fates = (operation) => (operation === 'due' ? { afterMs: 100 } : {});
  await world.advance(20);
  await world.answer(world.dispatcher.cancel(await world.view(1)));
  await world.advance(60_000);
  assert.equal((await world.view(1)).status, 'cancelled');
  assert.equal(world.network.attempts.length, 1);
});

test('a retry that is resent while a query reads it as due is tried once', async () => {
  for (const fate of [{ beforeMs: 100 }, { afterMs: 100 }]) {
    const world = await SimulatedWorld.create({ unit: 0.5 });
    await world.subscribe({ retryScheduleSeconds: [10, 10_000] });
    world.network.react = ({ attemptNumber }) => ({ status: attemptNumber === 1 ? 500 : 200 });
    await world.publish();
    await world.advance(9_999);
    world.fates = (operation) => (operation === 'due' ? fate : {});
    await world.advance(20);
    await world.answer(world.dispatcher.resend(await world.view(1)));
    await world.advance(60_000);
    const tries = world.records(1).map(({ number, trigger }) => [number, trigger]);
    assert.deepEqual(tries, [
      [1, 'initial'],
      [2, 'resend'],
    ]);
    assert.equal(world.network.attempts.length, 2);
  }
});

test('the try that a person asked for is theirs also after a crash', async () => {
  const world = await SimulatedWorld.create();
  await world.subscribe({ retryScheduleSeconds: [] });
  world.network.react = () => ({ status: 500 });
  await world.publish();
  await world.answer(world.dispatcher.resend(await world.view(1)));
  await world.crash();
  await world.advance(100);
  assert.deepEqual(
    world.records(1).map(({ trigger }) => trigger),
    ['initial', 'resend'],
  );
});
