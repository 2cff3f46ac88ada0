import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Publication, PublishResult } from '../accept/publication.ts';
import type { Subscription } from '../domain/subscription.ts';
import { SimulatedWorld } from '../testing/simulated-world.ts';
import { operationalEvents } from './operational-events.ts';

/** A world whose process tells of disabled subscriptions, as a server does. */
async function tellingWorld() {
  const world = await SimulatedWorld.create();
  const failing = await world.subscribe({ url: 'https://failing.test/' });
  const results: PublishResult['kind'][] = [];
  const errors: unknown[] = [];
  const publish = (publication: Publication, done: (result: PublishResult) => void) =>
    world.engine.publisher.publish(publication, (result) => {
      results.push(result.kind);
      done(result);
    });
  const operational = operationalEvents({
    publisher: { publish },
    clock: world.clock,
    onError: (error) => errors.push(error),
  });
  const disable = async (subscription: Subscription) => {
    const change = { status: 'disabled', disabledReason: 'it answered 410' } as const;
    const disabled = await world.engine.registry.change(subscription.number, change);
    assert.ok(disabled !== undefined);
    operational.disabled(disabled, 'it answered 410');
    await world.quiet();
    return disabled;
  };
  return { world, failing, results, errors, operational, disable };
}

test('a disabled subscription is told of to another one, by name', async () => {
  const { world, failing, disable } = await tellingWorld();
  const eventTypes = ['bellwire.subscription.disabled'];
  const alerts = await world.subscribe({ url: 'https://alerts.test/', eventTypes });
  await disable(failing);
  const [seen] = world.network.attempts;
  assert.equal(world.network.attempts.length, 1);
  assert.equal(seen?.job.subscription.number, alerts.number);
  const told: unknown = JSON.parse(Buffer.from(seen.job.body).toString());
  assert.deepEqual((told as { data: unknown }).data, {
    subscription_id: failing.id,
    reason: 'it answered 410',
    target_url: 'https://failing.test/',
  });
});

test('the disabled one does not hear of itself by a pattern for everything', async () => {
  const { world, failing, disable } = await tellingWorld();
  await disable(failing);
  await world.answer(world.resume(failing));
  await world.advance(100);
  assert.equal(world.network.attempts.length, 0);
});

test('while the store takes nothing the news waits, and comes once', async () => {
  const { world, failing, results, errors, disable } = await tellingWorld();
  const eventTypes = ['bellwire.subscription.disabled'];
  await world.subscribe({ url: 'https://alerts.test/', eventTypes });
  world.fates = (operation) => (operation === 'commit' ? { fault: 'after' } : {});
  await disable(failing);
  assert.deepEqual([results, errors.length], [['unavailable'], 1]);
  await world.advance(6_000);
  world.fates = () => ({});
  await world.advance(10_000);
  assert.equal(results.at(-1), 'duplicate');
  assert.equal(world.network.attempts.length, 1);
});

test('each time it is disabled is told', async () => {
  const { world, failing, disable } = await tellingWorld();
  const eventTypes = ['bellwire.subscription.disabled'];
  await world.subscribe({ url: 'https://alerts.test/', eventTypes });
  await disable(failing);
  await world.answer(world.resume(failing));
  await disable(failing);
  assert.equal(world.network.attempts.length, 2);
});
