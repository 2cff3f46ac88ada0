/** What a crash, a store that refuses, and a pipe that is full do to a change: nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readState } from '../domain/poll/state.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import type { Poller } from './poller.ts';
import { PollWorld, pollSource } from './testing/poll-world.ts';

const MINUTE = 60_000;
const FAST = { interval_seconds: 60, budget: { requests: 600, per_seconds: 60 } };
const BUSY = { kind: 'unavailable', reason: 'the disk is full', retryAfterSeconds: 5 } as const;

/** What a process still tried to write when it was killed never arrived. */
async function kill(world: PollWorld, poller: Poller): Promise<void> {
  world.savesFail = true;
  void poller.stop();
  await world.clock.advance(1);
  world.savesFail = false;
}

test('a change that the pipe refuses is published when it takes events again', async () => {
  const world = new PollWorld();
  let value = 1;
  world.answer = () => ({ json: value });
  const source = pollSource(FAST);
  const poller = world.start([source]);
  await world.clock.advance(MINUTE / 2);
  value = 2;
  world.refusal = () => BUSY;
  await world.clock.advance(2 * MINUTE);
  assert.equal((await poller.status(source))?.lastReason, 'the disk is full');
  value = 3;
  await world.clock.advance(2 * MINUTE);
  world.refusal = undefined;
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(
    world.events.map(({ data }) => [data['previous'], data['value']]),
    [
      [1, 2],
      [2, 3],
    ],
  );
});

test('nothing is published before the store knows of it', async () => {
  const world = new PollWorld();
  let value = 1;
  world.answer = () => ({ json: value });
  world.start([pollSource(FAST)]);
  await world.clock.advance(MINUTE / 2);
  value = 2;
  world.savesFail = true;
  await world.clock.advance(3 * MINUTE);
  assert.equal(world.events.length, 0);
  world.savesFail = false;
  await world.clock.advance(MINUTE);
  assert.equal(world.events.length, 1);
});

test('an event that can never be taken is dropped with its reason; polling goes on', async () => {
  const world = new PollWorld();
  let value = 1;
  world.answer = () => ({ json: value });
  const source = pollSource(FAST);
  const poller = world.start([source]);
  await world.clock.advance(MINUTE / 2);
  value = 2;
  const refusal = { code: 'payload_too_large', reason: 'too large for this tenant' } as const;
  world.refusal = () => ({ kind: 'refused', refusal });
  await world.clock.advance(70_000);
  assert.match((await poller.status(source))?.lastReason ?? '', /dropped: too large/);
  world.refusal = undefined;
  value = 3;
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(
    world.events.map(({ data }) => data['value']),
    [3],
  );
});

test('killed between publishing and forgetting: the event is not repeated', async () => {
  const world = new PollWorld();
  let value = 1;
  world.answer = () => ({ json: value });
  const first = world.start([pollSource(FAST)]);
  await world.clock.advance(MINUTE / 2);
  value = 2;
  const told = world.telemetry.length;
  while (world.events.length === 0) await world.clock.advance(10);
  assert.ok(world.telemetry.length > told);
  await kill(world, first);
  assert.match(world.rows[0]?.state ?? '', /"outbox":\[\{/, 'the event is still in the store');
  world.start([pollSource(FAST)]);
  await world.clock.advance(5 * MINUTE);
  assert.equal(world.events.length, 1);
});

test('killed at random moments, with values that return: each change once, in order', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new SeededRandom(seed);
    const world = new PollWorld();
    const given: number[] = [];
    world.answer = () => {
      // Small, so that values return, also across a kill.
      const value = Math.floor(random.unit() * 3);
      given.push(value);
      return { json: value };
    };
    let poller = world.start([pollSource(FAST)]);
    for (let life = 0; life < 12; life += 1) {
      world.refusal = random.unit() < 0.3 ? () => BUSY : undefined;
      world.savesFail = random.unit() < 0.3;
      await world.clock.advance(random.unit() * 4 * MINUTE);
      await kill(world, poller);
      poller = world.start([pollSource(FAST)]);
    }
    world.refusal = undefined;
    await world.clock.advance(10 * MINUTE);
    await poller.stop();
    const chain = world.events.map(({ data }) => [data['previous'], data['value']]);
    for (const [at, [previous, value]] of chain.entries()) {
      assert.notEqual(previous, value, `seed ${seed}`);
      if (at > 0) assert.equal(previous, chain[at - 1]?.[1], `seed ${seed}: the chain is broken`);
    }
    assert.ok(chain.length > 2, `seed ${seed}`);
    const stored = readState(world.rows[0]?.state ?? '');
    assert.equal(String(chain.at(-1)?.[1]), stored?.items.get('')?.value, `seed ${seed}: the end`);
  }
});

test('a restart goes on with the schedule: nothing is asked before its time', async () => {
  const world = new PollWorld();
  world.answer = () => ({ json: 1 });
  const config = { ...FAST, interval_seconds: 3_600, resources: ['a', 'b', 'c'] };
  const first = world.start([pollSource(config)]);
  await world.clock.advance(5 * MINUTE);
  assert.equal(world.asked.length, 3);
  await first.stop();
  world.start([pollSource(config)]);
  await world.clock.advance(40 * MINUTE);
  assert.equal(world.asked.length, 3);
  await world.clock.advance(25 * MINUTE);
  assert.equal(world.asked.length, 6);
});

test('after a long time off all is overdue, and comes at the pace of the budget', async () => {
  const world = new PollWorld();
  world.answer = () => ({ json: 1 });
  const resources = Array.from({ length: 200 }, (_, at) => `r${at}`);
  const config = { interval_seconds: 600, budget: { requests: 60, per_seconds: 60 }, resources };
  const first = world.start([pollSource(config)]);
  await world.clock.advance(10 * MINUTE);
  await first.stop();
  await world.clock.advance(60 * MINUTE);
  const before = world.asked.length;
  world.start([pollSource(config)]);
  for (let minute = 1; minute <= 3; minute += 1) {
    await world.clock.advance(MINUTE);
    assert.ok(world.asked.length - before <= 60 * minute);
  }
});
