import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedWorld, TENANT } from '../testing/simulated-world.ts';
import type { InboundOrigin, Publication } from './publication.ts';

const ORIGIN: InboundOrigin = {
  source: 4,
  sourceId: 'src_4',
  providerEventId: 'evt_of_stripe',
  dedupe: 'evt_of_stripe',
};

function from(overrides: Partial<InboundOrigin> = {}): Partial<Publication> {
  return { inbound: { ...ORIGIN, ...overrides } };
}

async function stored(world: SimulatedWorld, sequence: number) {
  const event = world.data.journal.event(sequence);
  assert.ok(event !== undefined);
  const envelope: object = JSON.parse(Buffer.from(event.body).toString());
  return { ...event, envelope };
}

test('what came in through a source names it, and is not to be trusted', async () => {
  const world = await SimulatedWorld.create();
  await world.publish(from());
  const { source, providerEventId, envelope } = await stored(world, 1);
  assert.deepEqual([source, providerEventId], [4, 'evt_of_stripe']);
  assert.deepEqual(
    { ...envelope, webhook_id: '', timestamp: '' },
    {
      webhook_id: '',
      event_type: 'task.completed',
      timestamp: '',
      source_id: 'src_4',
      provider_event_id: 'evt_of_stripe',
      trust: 'untrusted',
      data: { n: 1 },
    },
  );
  await world.publish(from({ providerEventId: null, dedupe: 'hash of the body' }));
  const second = await stored(world, 2);
  assert.equal(second.providerEventId, null);
  assert.equal('provider_event_id' in second.envelope, false);
});

test('a publisher’s event is trusted, and names no source', async () => {
  const world = await SimulatedWorld.create();
  await world.publish();
  const { source, providerEventId, envelope } = await stored(world, 1);
  assert.deepEqual([source, providerEventId], [null, null]);
  assert.equal('trust' in envelope || 'source_id' in envelope, false);
});

test('a repeat is a duplicate, whatever else is in it, and never a conflict', async () => {
  const world = await SimulatedWorld.create();
  const first = await world.publish(from());
  assert.equal(first.kind, 'accepted');
  const again = await world.publish({ ...from(), dataText: '{"attempt":2}', eventType: 'other' });
  assert.deepEqual(
    { ...again },
    {
      kind: 'duplicate',
      id: 'id' in first && first.id,
      eventType: 'task.completed',
      deliveries: 0,
    },
  );
  assert.equal(world.data.journal.state.lastSequence, 1);
});

test('the same key means something else at another source, and to publishers', async () => {
  const world = await SimulatedWorld.create();
  const results = [
    await world.publish(from()),
    await world.publish(from({ source: 5 })),
    await world.publish({ ...from(), tenant: TENANT + 1 }),
    await world.publish({ idempotencyKey: 'evt_of_stripe' }),
    await world.publish({ id: 'evt_of_stripe' }),
  ];
  assert.deepEqual(
    results.map(({ kind }) => kind),
    Array.from({ length: 5 }, () => 'accepted'),
  );
});

test('of many at once one is stored', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe();
  const results = await Promise.all(Array.from({ length: 50 }, () => world.publish(from())));
  const accepted = results.filter(({ kind }) => kind === 'accepted');
  const duplicates = results.filter(({ kind }) => kind === 'duplicate');
  assert.deepEqual([accepted.length, duplicates.length], [1, 49]);
  assert.equal(new Set(results.map((result) => 'id' in result && result.id)).size, 1);
  await world.advance(1_000);
  assert.equal(world.records(1, subscription.number).length, 1);
});

test('a commit that failed has claimed nothing: the provider’s retry is stored', async () => {
  const world = await SimulatedWorld.create();
  world.fates = (operation) => (operation === 'commit' ? { fault: 'before' } : {});
  assert.equal((await world.publish(from())).kind, 'unavailable');
  world.fates = () => ({});
  assert.equal((await world.publish(from())).kind, 'accepted');
  assert.equal((await world.publish(from())).kind, 'duplicate');
});

test('one that was stored although its answer got lost is a duplicate, and delivered', async () => {
  const world = await SimulatedWorld.create();
  const subscription = await world.subscribe();
  world.fates = (operation) => (operation === 'commit' ? { fault: 'after' } : {});
  assert.equal((await world.publish(from())).kind, 'unavailable');
  world.fates = () => ({});
  await world.crash();
  assert.equal((await world.publish(from())).kind, 'duplicate');
  await world.advance(1_000);
  assert.equal(world.records(1, subscription.number).length, 1);
});

test('a subscription to a source gets the events of that source alone', async () => {
  const world = await SimulatedWorld.create();
  const all = await world.subscribe();
  const mine = await world.subscribe({ sourceId: 'src_4' });
  const picky = await world.subscribe({
    sourceId: 'src_4',
    filter: { provider_event_id: 'b', source_id: 'src_4', data: { n: 1 } },
  });
  await world.publish();
  await world.publish(from());
  await world.publish(from({ source: 5, sourceId: 'src_5' }));
  await world.publish(from({ providerEventId: 'b', dedupe: 'b' }));
  const matched = await Promise.all(
    [1, 2, 3, 4].map(async (sequence) => (await stored(world, sequence)).matched),
  );
  assert.deepEqual(matched, [
    [all.number],
    [all.number, mine.number],
    [all.number],
    [all.number, mine.number, picky.number],
  ]);
});
